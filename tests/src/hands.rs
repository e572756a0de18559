//! What a reader does to a page with the keyboard, the mouse and a finger: real events of the browser, no scripts.

use std::time::Duration;

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions,
};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use serde_json::json;

use crate::Trouble;
use crate::page::Page;

impl Page<'_> {
    /// Presses and releases one key.
    pub async fn press(&self, key: impl Into<char>) -> Result<(), Trouble> {
        let key = key.into();
        self.type_keys(&[key]).await
    }

    /// Types words.
    pub async fn write(&self, words: &str) -> Result<(), Trouble> {
        let keys: Vec<char> = words.chars().collect();
        self.type_keys(&keys).await
    }

    /// Presses a key while another one is held.
    pub async fn press_with(&self, held: Key, key: impl Into<char>) -> Result<(), Trouble> {
        let (held, key) = (held.into(), key.into());
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Replaces what stands in a text field by words, with the keyboard.
    pub async fn overwrite(&self, selector: &str, words: &str) -> Result<(), Trouble> {
        self.focus(selector).await?;
        self.press_with(Key::Control, 'a').await?;
        self.write(words).await
    }

    async fn type_keys(&self, keys: &[char]) -> Result<(), Trouble> {
        let actions = keys.iter().fold(KeyActions::new("keyboard".to_owned()), |actions, &value| {
            actions.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        Ok(self.client.perform_actions(actions).await?)
    }

    /// Gives an element the focus, as a jump of a screen reader does.
    pub async fn focus(&self, selector: &str) -> Result<(), Trouble> {
        let script =
            "document.querySelector(arguments[0]).focus(); return document.activeElement.matches(arguments[0])";
        let focused = self.run(script, vec![json!(selector)]).await?;
        if focused == json!(true) { Ok(()) } else { Err(format!("{selector} does not take the focus").into()) }
    }

    /// Scrolls to an element and clicks on it. Fails if something else lies over it.
    pub async fn click(&self, selector: &str) -> Result<(), Trouble> {
        let element = self.in_sight(selector).await?;
        element.click().await.map_err(|error| format!("{selector}: {error}").into())
    }

    /// Taps on the middle of an element with a finger.
    pub async fn tap(&self, selector: &str) -> Result<(), Trouble> {
        let element = self.in_sight(selector).await?;
        let finger = TouchActions::new("finger".to_owned())
            .then(to(element, 0.0, 0.0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        Ok(self.client.perform_actions(finger).await?)
    }

    /// Drags with the mouse from one share of an element's width to another.
    pub async fn drag(&self, selector: &str, from: f64, to_share: f64) -> Result<(), Trouble> {
        let (element, xs) = self.path(selector, from, to_share).await?;
        let pressed = MouseActions::new("mouse".to_owned())
            .then(to(element.clone(), xs[0], 0.0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        let dragged = xs.iter().fold(pressed, |actions, x| actions.then(to(element.clone(), *x, 0.0)));
        Ok(self.client.perform_actions(dragged.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await?)
    }

    /// Drags with a finger from one share of an element's width to another.
    pub async fn swipe(&self, selector: &str, from: f64, to_share: f64) -> Result<(), Trouble> {
        let (element, xs) = self.path(selector, from, to_share).await?;
        let pressed = TouchActions::new("finger".to_owned())
            .then(to(element.clone(), xs[0], 0.0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT });
        let dragged = xs.iter().fold(pressed, |actions, x| actions.then(to(element.clone(), *x, 0.0)));
        Ok(self.client.perform_actions(dragged.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT })).await?)
    }

    /// Moves the mouse to shares of an element's width and height.
    pub async fn hover(&self, selector: &str, across: f64, down: f64) -> Result<(), Trouble> {
        let element = self.in_sight(selector).await?;
        let (_, _, width, height) = element.rectangle().await?;
        let moved =
            MouseActions::new("mouse".to_owned()).then(to(element, width * (across - 0.5), height * (down - 0.5)));
        Ok(self.client.perform_actions(moved).await?)
    }

    /// Positions between two shares of an element's width, counted from its middle.
    async fn path(&self, selector: &str, from: f64, to: f64) -> Result<(Element, Vec<f64>), Trouble> {
        const STEPS: u32 = 8;
        let element = self.in_sight(selector).await?;
        let (_, _, width, _) = element.rectangle().await?;
        let share = |step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
        let xs = (0..=STEPS).map(|step| (width - 1.0) * (share(step) - 0.5)).collect();
        Ok((element, xs))
    }

    /// An element, scrolled to the middle of the window.
    async fn in_sight(&self, selector: &str) -> Result<Element, Trouble> {
        let script = "document.querySelector(arguments[0])?.scrollIntoView({ block: 'center', behavior: 'instant' })";
        self.run(script, vec![json!(selector)]).await?;
        self.element(selector).await
    }
}

fn to(element: Element, x: f64, y: f64) -> PointerAction {
    PointerAction::MoveToElement { element, duration: Some(Duration::ZERO), x, y }
}
