//! A field that reads and writes one part of the scenario.

use leptos::prelude::*;
use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_core::Engine;

use crate::element::{El, el};
use crate::signals::memo;
use crate::widgets::CheckedField;

/// Heeded by every engine.
pub const EVERY: &[Engine] = &Engine::ALL;

/// A field for one part of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// What it sets.
    pub label: &'static str,
    /// The id of the field, unique in the page.
    pub id: &'static str,
    /// What the field shows.
    pub read: fn(&Scenario) -> String,
    /// Takes what was typed, or says what is expected.
    pub write: fn(&mut Scenario, &str) -> Result<(), String>,
    /// The engines that heed it. Others have no field for it, unless the link has a value.
    pub engines: &'static [Engine],
}

impl Setting {
    /// The field with its label.
    pub fn field(self, scenario: RwSignal<Scenario>) -> El {
        let Self { label, id, read, write, engines } = self;
        let text = memo(move || scenario.with(read));
        let is_heeded = memo(move || scenario.with(|scenario| engines.contains(&scenario.engine)));
        let is_default = memo(move || text.with(|text| *text == read(&Scenario::default())));
        let accept = Callback::new(move |typed: String| {
            // Read into a copy first: a bad value must not wake everything that follows the scenario.
            let mut changed = scenario.get_untracked();
            write(&mut changed, typed.trim())?;
            scenario.set(changed);
            Ok(())
        });
        let label = el("label").with("for", id).text(label);
        let field = el("div").class("field").hidden(move || !is_heeded.get() && is_default.get());
        field.child(label).child(view! { <CheckedField id text accept/> })
    }
}

/// A field for a key of links that may be absent. `take` gets the scenario with what was typed.
pub fn key_field(
    scenario: RwSignal<Scenario>,
    label: &'static str,
    key: &'static str,
    take: impl Fn(Scenario) + Send + Sync + 'static,
) -> El {
    let text = memo(move || scenario.with(|scenario| link::value(scenario, key)));
    let accept = Callback::new(move |typed: String| {
        let mut changed = scenario.get_untracked();
        link::set(&mut changed, key, typed.trim())?;
        take(changed);
        Ok(())
    });
    let label = el("label").with("for", key).text(label);
    el("div").class("field").child(label).child(view! { <CheckedField id=key text accept/> })
}
