//! Light and dark: what the reader chose here, else what the link asks for, else what the system prefers.

use leptos::prelude::*;
use ridgepoint_calculator::scenario::Theme;
use web_sys::MediaQueryList;

use super::listen::listen;
use super::storage;
use crate::signals::{effect, memo};

/// Where the choice is remembered.
const KEY: &str = "ridgepoint-theme";

/// Whether the page is dark now. Charts follow it.
#[derive(Clone, Copy)]
pub struct IsDark(pub Memo<bool>);

/// The theme that the reader chose on an earlier visit.
pub fn remembered() -> Theme {
    let id = storage::read(KEY);
    Theme::ALL.into_iter().find(|theme| id.as_deref() == Some(theme.id())).unwrap_or(Theme::Auto)
}

/// Remembers the reader's choice.
pub fn remember(theme: Theme) {
    storage::write(KEY, (theme != Theme::Auto).then(|| theme.id()));
}

/// Dresses the page in a theme from now on, and in light colours on paper.
pub fn follow(theme: Memo<Theme>) -> IsDark {
    let system = media("(prefers-color-scheme: dark)");
    let system_is_dark = RwSignal::new(system.as_ref().is_some_and(MediaQueryList::matches));
    if let Some(system) = system {
        let now = system.clone();
        listen(&system, "change", Box::new(move |_| system_is_dark.set(now.matches())));
    }
    let is_dark = memo(move || match theme.get() {
        Theme::Auto => system_is_dark.get(),
        Theme::Light => false,
        Theme::Dark => true,
    });
    effect(move || dress(is_dark.get()));
    if let Some(window) = web_sys::window() {
        listen(&window, "beforeprint", Box::new(|_| dress(false)));
        listen(&window, "afterprint", Box::new(move |_| dress(is_dark.get_untracked())));
    }
    IsDark(is_dark)
}

fn dress(is_dark: bool) {
    if let Some(root) = document().document_element() {
        // Setting an attribute of this name cannot fail.
        let _ = root.set_attribute("data-theme", if is_dark { "dark" } else { "light" });
    }
}

fn media(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok()?
}
