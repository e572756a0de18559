//! The views that few readers open first. They are a program of their own, so that nobody waits for them who does not
//! ask for them.

pub mod compare;
pub mod evidence;
pub mod matrix;
pub mod plan;
pub mod working;

use js_sys::Function;
use leptos::mount::UnmountHandle;
use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::link::Link;
use ridgepoint_calculator::scenario::{Presentation, View};
use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use crate::browser::theme::IsDark;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::{derived, memo};

/// A view in its place in the page, until it is dropped.
pub struct Drawing {
    shared: Shared,
    is_dark: RwSignal<bool>,
    _mounted: UnmountHandle<Element>,
    /// Of the signals; the view has its own.
    _owner: Owner,
}

impl Drawing {
    /// Draws the view that a link asks for, or the working of a figure if one is named. `visit` hears of the links that
    /// are followed in it.
    pub fn new(place: HtmlElement, visit: Function, link: Link, figure: Option<String>) -> Self {
        let owner = Owner::new();
        let (shared, is_dark) = owner.with(|| {
            let visit = StoredValue::new_local(visit);
            let go = Callback::new(move |(_, query): (Shared, String)| {
                // What the page throws, it has told the reader itself.
                visit.with_value(|visit| drop(visit.call1(&JsValue::NULL, &JsValue::from_str(&query))));
            });
            (Shared::of(link, go), RwSignal::new(false))
        });
        let mounted = mount_to(place, move || {
            provide_context(IsDark(memo(move || is_dark.get())));
            match figure {
                Some(figure) => working::view(shared, figure),
                None => content(shared),
            }
        });
        Self { shared, is_dark, _mounted: mounted, _owner: owner }
    }

    /// Shows what another link says.
    pub fn show(&self, link: Link) {
        self.shared.show(link);
    }

    /// Whether the page is dark now.
    pub fn dress(&self, is_dark: bool) {
        self.is_dark.set(is_dark);
    }
}

fn content(shared: Shared) -> El {
    let Presentation { view, embed, .. } = shared.presentation.get_untracked();
    match view {
        // The page draws these itself.
        View::Memory | View::Speed => el("div"),
        View::Plan if embed => only(move || plan::chart(shared)),
        View::Plan => plan::view(shared),
        View::Compare if embed => only(move || {
            let [serving, ..] = compare::compared(shared).charts;
            serving
        }),
        View::Compare => compare::view(shared),
        View::Evidence => evidence::view(),
    }
}

/// Inside another page, a view is its chart.
fn only(chart: impl Fn() -> Chart + Send + Sync + 'static) -> El {
    let chart = derived(chart);
    view! { <Figure chart without_table=true/> }.into()
}
