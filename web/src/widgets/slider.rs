//! A number chosen roughly with a slider over fixed stops, or exactly in the field beside it.

use leptos::prelude::*;
use ridgepoint_calculator::numbers;
use ridgepoint_calculator::options::Stop;
use web_sys::Event;

use crate::browser::listen::key;
use crate::element::{El, el};
use crate::signals::{derived, memo};

/// What is being typed, until it is taken over.
#[derive(Clone, PartialEq)]
struct Draft {
    typed: String,
    /// What the field would show otherwise. When that changes from elsewhere, the draft is stale.
    instead: String,
    complaint: Option<String>,
}

/// A text field that checks what is typed, keeps the last good value and says what is wrong with a bad one.
#[component]
pub fn CheckedField(
    /// The id of the control, unique in the page.
    id: &'static str,
    /// The value in words.
    text: Memo<String>,
    /// Takes what was typed, or says what is expected.
    accept: Callback<String, Result<(), String>>,
    /// Goes one stop down or up for the arrow keys.
    #[prop(optional)]
    step: Option<Callback<bool>>,
    /// What it is, where no label element says so.
    #[prop(optional)]
    name: Option<&'static str>,
) -> El {
    let draft = RwSignal::new(None::<Draft>);
    let fresh = derived(move || draft.get().filter(|draft| draft.instead == text.get()));
    let complaint = memo(move || fresh.with(|draft| draft.as_ref().and_then(|draft| draft.complaint.clone())));
    let is_bad = move || complaint.with(Option::is_some);

    let take = move |event: Event| {
        let typed = event_target_value(&event);
        let complaint = accept.run(typed.clone()).err();
        draft.set(Some(Draft { typed, instead: text.get_untracked(), complaint }));
    };
    let settle = move |_: Event| {
        if complaint.with_untracked(Option::is_none) {
            draft.set(None);
        }
    };
    let press = move |event: Event| match (key(&event).as_str(), step) {
        ("Escape", _) => draft.set(None),
        ("ArrowUp" | "ArrowDown", Some(step)) => {
            event.prevent_default();
            step.run(key(&event) == "ArrowUp");
        }
        _ => {}
    };
    let complaint_id = format!("{id}-complaint");
    let mut field = el("input")
        .class("exact")
        .with("id", id)
        .with("type", "text")
        .with("inputmode", "text")
        .with("autocomplete", "off")
        .with("spellcheck", "false")
        .with("enterkeyhint", "done")
        .with("aria-describedby", &complaint_id)
        .aria("aria-invalid", is_bad)
        .value(move || fresh.get().map_or_else(|| text.get(), |draft| draft.typed))
        .on("input", take)
        .on("change", settle)
        .on("keydown", press);
    if let Some(name) = name {
        field = field.with("aria-label", name);
    }
    let told = el("p").class("complaint").with("id", &complaint_id).hidden(move || !is_bad());
    el("div").class("pieces").child(field).child(told.words(move || complaint.get().unwrap_or_default()))
}

/// A slider with its exact field.
#[component]
pub fn Slider(
    /// What is chosen.
    label: &'static str,
    /// The id of the exact field, unique in the page.
    id: &'static str,
    /// Values that the slider stops at, rising.
    stops: &'static [Stop],
    /// The largest value that the exact field takes.
    most: u64,
    /// The value; it may lie between two stops.
    value: Memo<u64>,
    /// Takes another value.
    on_change: Callback<u64>,
) -> El {
    let last = stops.len().saturating_sub(1);
    let at = memo(move || nearest(stops, value.get()));
    let text = memo(move || numbers::count(value.get()));
    let slide = move |event: Event| {
        let index = event_target_value(&event).parse().ok();
        if let Some(stop) = index.and_then(|index: usize| stops.get(index)) {
            on_change.run(stop.value);
        }
    };
    let accept = Callback::new(move |typed: String| {
        on_change.run(count_within(&typed, most)?);
        Ok(())
    });
    let step = Callback::new(move |is_up| {
        if let Some(next) = neighbour(stops, value.get_untracked(), is_up) {
            on_change.run(next);
        }
    });
    let range = el("input")
        .class("range")
        .with("type", "range")
        .with("min", "0")
        .with("max", &last.to_string())
        .with("step", "1")
        .with("aria-label", label)
        .live("aria-valuetext", move || text.get())
        .value(move || at.get().to_string())
        .style("--at", move || format!("{}%", at.get() * 100 / last.max(1)))
        .on("input", slide);
    el("div")
        .class("field slider")
        .child(el("label").with("for", id).text(label))
        .child(view! { <CheckedField id text accept step/> })
        .child(range)
}

/// Reads a count from 1 to `most`.
///
/// # Errors
/// What is expected.
pub fn count_within(typed: &str, most: u64) -> Result<u64, String> {
    let value = numbers::parse_count(typed)?;
    if value == 0 {
        Err("enter 1 or more".to_owned())
    } else if value > most {
        Err(format!("enter {} or less", numbers::count(most)))
    } else {
        Ok(value)
    }
}

/// The index of the stop nearest to a value.
fn nearest(stops: &[Stop], value: u64) -> usize {
    (0..stops.len()).min_by_key(|index| stops[*index].value.abs_diff(value)).unwrap_or(0)
}

/// The next stop above or below a value.
fn neighbour(stops: &[Stop], value: u64, is_up: bool) -> Option<u64> {
    let mut values = stops.iter().map(|stop| stop.value);
    if is_up { values.find(|stop| *stop > value) } else { values.rev().find(|stop| *stop < value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOPS: &[Stop] = &[Stop { value: 1 }, Stop { value: 2 }, Stop { value: 4 }, Stop { value: 8 }];

    #[test]
    fn a_value_between_two_stops_shows_at_the_nearer_one() {
        assert_eq!(nearest(STOPS, 5), 2);
        assert_eq!(nearest(STOPS, 7), 3);
        assert_eq!(nearest(STOPS, 1_000_000), 3);
    }

    #[test]
    fn the_arrow_keys_leave_a_value_between_two_stops_for_one_of_them() {
        assert_eq!(neighbour(STOPS, 5, true), Some(8));
        assert_eq!(neighbour(STOPS, 5, false), Some(4));
        assert_eq!(neighbour(STOPS, 8, true), None);
        assert_eq!(neighbour(STOPS, 1, false), None);
    }
}
