//! Tabs: one of several views, moved between with the arrow keys.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};

use crate::browser::listen::key;
use crate::element::{El, el};

/// The row of tabs. Each controls the panel `panel-ID`, which names `tab-ID` as its label.
#[component]
pub fn Tabs(
    /// What the tabs choose between.
    label: &'static str,
    /// Id and name of each tab.
    tabs: &'static [(&'static str, &'static str)],
    /// The open one, by index.
    value: Memo<usize>,
    /// Takes the index of another tab.
    on_change: Callback<usize>,
) -> El {
    let tab = |(index, (id, name)): (usize, &(&'static str, &'static str))| {
        el("button")
            .with("type", "button")
            .with("role", "tab")
            .with("id", &format!("tab-{id}"))
            .with("aria-controls", &format!("panel-{id}"))
            .aria("aria-selected", move || value.get() == index)
            .live("tabindex", move || if value.get() == index { "0" } else { "-1" }.to_owned())
            .on("click", move |_| on_change.run(index))
            .text(name)
    };
    let press = move |event: Event| {
        let (now, last) = (value.get_untracked(), tabs.len() - 1);
        let next = match key(&event).as_str() {
            "ArrowRight" => {
                if now == last {
                    0
                } else {
                    now + 1
                }
            }
            "ArrowLeft" => {
                if now == 0 {
                    last
                } else {
                    now - 1
                }
            }
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        on_change.run(next);
        let tab = document().get_element_by_id(&format!("tab-{}", tabs[next].0));
        if let Some(tab) = tab.and_then(|tab| tab.dyn_into::<HtmlElement>().ok()) {
            // A tab that cannot take the focus is open all the same.
            let _ = tab.focus();
        }
    };
    let list = el("div").class("tabs").with("role", "tablist").with("aria-label", label);
    list.children(tabs.iter().enumerate().map(tab)).on("keydown", press)
}
