//! Tabs: one of several views, moved between with the arrow keys.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::signals::aria;

/// The row of tabs. Each controls the panel `panel-ID`, which names `tab-ID` as its label.
#[component]
pub fn Tabs(
    /// What the tabs choose between.
    label: &'static str,
    /// Id and name of each tab.
    tabs: &'static [(&'static str, &'static str)],
    /// The open one, by index.
    #[prop(into)]
    value: Signal<usize>,
    /// Takes the index of another tab.
    on_change: Callback<usize>,
) -> impl IntoView {
    let tab = move |(index, (id, name)): (usize, &(&'static str, &'static str))| {
        let is_open = aria(move || value.get() == index);
        let tabindex = Signal::derive(move || if value.get() == index { "0" } else { "-1" });
        view! {
            <button
                type="button"
                role="tab"
                id=format!("tab-{id}")
                aria-controls=format!("panel-{id}")
                aria-selected=is_open
                tabindex=tabindex
                on:click=move |_| on_change.run(index)
            >
                {*name}
            </button>
        }
    };
    let press = move |event: KeyboardEvent| {
        let (now, last) = (value.get_untracked(), tabs.len() - 1);
        let next = match event.key().as_str() {
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
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=press>
            {tabs.iter().enumerate().map(tab).collect_view()}
        </div>
    }
}
