//! A choice from a long grouped list, found by typing a few words. Follows the combobox pattern of ARIA 1.2.

use leptos::prelude::*;
use ridgepoint_calculator::options::Group;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, HtmlInputElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::filter::{Entry, matching, split_at_matches};
use super::piece::{Piece, Tag, pieces, tag};
use crate::browser::animation::Frame;
use crate::browser::listen::key;
use crate::element::{El, el};
use crate::signals::{effect, memo};

/// How many choices Page Up and Page Down skip.
const PAGE: usize = 8;

/// Everything that the parts of one combobox share.
#[derive(Clone, Copy)]
struct State {
    id: &'static str,
    entries: StoredValue<Vec<Entry>>,
    headings: StoredValue<Vec<String>>,
    is_open: RwSignal<bool>,
    /// What was typed since it opened; `None` shows the whole list.
    typed: RwSignal<Option<String>>,
    matches: Memo<Vec<usize>>,
    /// The highlighted choice, by position among the matches.
    active: RwSignal<usize>,
    value: Memo<String>,
    on_change: Callback<String>,
}

impl State {
    fn open(self) {
        if !self.is_open.get_untracked() {
            self.is_open.set(true);
            let chosen = self.value.get_untracked();
            let index = self.entries.with_value(|entries| entries.iter().position(|entry| entry.id == chosen));
            self.active.set(index.unwrap_or(0));
        }
    }

    fn close(self) {
        self.is_open.set(false);
        self.typed.set(None);
    }

    fn choose(self, position: usize) {
        let index = self.matches.with_untracked(|matches| matches.get(position).copied());
        let id = index.and_then(|index| self.entries.with_value(|entries| Some(entries.get(index)?.id.clone())));
        if let Some(id) = id {
            self.close();
            self.on_change.run(id);
        }
    }

    /// The element id of the highlighted choice, or of the words that there is none.
    fn active_id(self) -> Option<String> {
        let position = self.active.get();
        let index = self.matches.with(|matches| matches.get(position).copied());
        let name = index.map_or_else(|| "nothing".to_owned(), |index| index.to_string());
        self.is_open.get().then(|| format!("{}-{name}", self.id))
    }

    fn press(self, event: &Event) {
        let last = self.matches.with_untracked(Vec::len).saturating_sub(1);
        let (now, is_open) = (self.active.get_untracked(), self.is_open.get_untracked());
        let next = match key(event).as_str() {
            "ArrowDown" | "ArrowUp" if !is_open => {
                event.prevent_default();
                return self.open();
            }
            "Escape" if is_open => {
                event.prevent_default();
                return self.close();
            }
            "Enter" if is_open => {
                event.prevent_default();
                return self.choose(now);
            }
            "ArrowDown" => {
                if now >= last {
                    0
                } else {
                    now + 1
                }
            }
            "ArrowUp" => {
                if now == 0 {
                    last
                } else {
                    now - 1
                }
            }
            "PageDown" => (now + PAGE).min(last),
            "PageUp" => now.saturating_sub(PAGE),
            "Home" if is_open => 0,
            "End" if is_open => last,
            _ => return,
        };
        event.prevent_default();
        self.active.set(next);
    }
}

/// A text field with a list below it.
#[component]
pub fn Combobox(
    /// What is chosen.
    label: &'static str,
    /// The id of the field, unique in the page.
    id: &'static str,
    /// The choices.
    groups: Vec<Group>,
    /// The chosen id.
    value: Memo<String>,
    /// Takes the id of another choice.
    on_change: Callback<String>,
) -> El {
    let entries = StoredValue::new(Entry::all(&groups));
    let headings = StoredValue::new(groups.into_iter().map(|group| group.label).collect::<Vec<_>>());
    let typed = RwSignal::new(None::<String>);
    let matches = memo(move || {
        let typed = typed.get().unwrap_or_default();
        entries.with_value(|entries| matching(entries, &typed))
    });
    let (is_open, active) = (RwSignal::new(false), RwSignal::new(0));
    let state = State { id, entries, headings, is_open, typed, matches, active, value, on_change };

    let name = memo(move || {
        let chosen = value.get();
        let find =
            |entries: &Vec<Entry>| entries.iter().find(|entry| entry.id == chosen).map(|entry| entry.name.clone());
        entries.with_value(find).unwrap_or(chosen)
    });
    let field = el("input");
    let node = field.node().clone().unchecked_into::<HtmlInputElement>();
    let focused = node.clone();
    let click = move |_| {
        if !state.is_open.get_untracked() {
            state.open();
            node.select();
        }
    };
    let take = move |event: Event| {
        state.open();
        typed.set(Some(event_target_value(&event)));
        active.set(0);
    };
    let leave = move |event: Event| {
        let inside = event
            .unchecked_ref::<FocusEvent>()
            .related_target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .is_some_and(|target| target.closest(".options").is_ok_and(|found| found.is_some()));
        if !inside {
            state.close();
        }
    };
    let field = field
        .with("id", id)
        .with("type", "text")
        .with("role", "combobox")
        .with("autocomplete", "off")
        .with("autocapitalize", "off")
        .with("spellcheck", "false")
        .with("aria-autocomplete", "list")
        .with("aria-controls", &format!("{id}-options"))
        .aria("aria-expanded", move || is_open.get())
        .live("aria-activedescendant", move || state.active_id().unwrap_or_default())
        .value(move || typed.get().unwrap_or_else(|| name.get()))
        .on("click", click)
        .on("focus", move |_| focused.select())
        .on("input", take)
        .on("keydown", move |event| state.press(&event));
    el("div")
        .class("field combobox")
        .child(el("label").with("for", id).text(label))
        .child(field)
        .child(options(state, label))
        .on("focusout", leave)
}

/// The list. It exists always, so that the field can name it, and has choices only while it is open.
fn options(state: State, label: &'static str) -> El {
    let choose = move |event: Event| {
        if let Some(position) = position_of(&event) {
            state.choose(position);
        }
    };
    // A list must not be empty, and an option that is pointed at is said.
    let nothing = el("p")
        .class("nothing")
        .with("role", "option")
        .with("id", &format!("{}-nothing", state.id))
        .with("aria-disabled", "true")
        .with("aria-selected", "false")
        .text("Nothing has all of these words.")
        .hidden(move || state.matches.with(|matches| !matches.is_empty()));
    let list = el("div")
        .class("options")
        .with("role", "listbox")
        .with("id", &format!("{}-options", state.id))
        .with("aria-label", label)
        .hidden(move || !state.is_open.get())
        // The field keeps the focus.
        .on("mousedown", |event| event.prevent_default())
        .on("click", choose)
        .child(nothing)
        .child(pieces(move || groups(state)));
    let node = list.node().clone();
    let highlight = Frame::new(Box::new(move || _ = point_at_active(state, &node)));
    effect(move || {
        state.is_open.track();
        state.matches.track();
        state.active.track();
        highlight.request();
    });
    list
}

/// The choices that match, under their headings; none while the list is closed.
fn groups(state: State) -> Vec<Piece> {
    if !state.is_open.get() {
        return Vec::new();
    }
    let typed = state.typed.get().unwrap_or_default();
    let chosen = state.value.get_untracked();
    let matches = state.matches.get();
    let mut groups: Vec<(usize, Vec<Tag>)> = Vec::new();
    state.entries.with_value(|entries| {
        for (position, index) in matches.into_iter().enumerate() {
            let Some(entry) = entries.get(index) else { continue };
            if groups.last().is_none_or(|(group, _)| *group != entry.group) {
                groups.push((entry.group, Vec::new()));
            }
            if let Some((_, options)) = groups.last_mut() {
                let option = option(entry, &typed, entry.id == chosen);
                let id = format!("{}-{index}", state.id);
                options.push(option.with("id", id).with("data-position", position.to_string()));
            }
        }
    });
    let group = |(group, options): (usize, Vec<Tag>)| {
        let heading = state.headings.with_value(|headings| headings.get(group).cloned()).unwrap_or_default();
        let shown = tag("div").with("class", "heading").with("aria-hidden", "true").text(&heading);
        Piece::Element(tag("div").with("role", "group").with("aria-label", heading).child(shown).children(options))
    };
    groups.into_iter().map(group).collect()
}

/// A choice, with what was typed marked in its name.
fn option(entry: &Entry, typed: &str, is_chosen: bool) -> Tag {
    let mut name = tag("span");
    for (index, piece) in split_at_matches(&entry.name, typed).into_iter().enumerate() {
        name = if index % 2 == 0 { name.text(piece) } else { name.child(tag("mark").text(piece)) };
    }
    tag("div")
        .with("role", "option")
        .with("aria-selected", if is_chosen { "true" } else { "false" })
        .child(name)
        .child(tag("small").text(&entry.detail))
}

/// The choice under the pointer, by position among the matches.
fn position_of(event: &Event) -> Option<usize> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest("[role=option]").ok()??.get_attribute("data-position")?.parse().ok()
}

/// Highlights the active choice and brings it into sight.
fn point_at_active(state: State, list: &Element) -> Option<()> {
    if let Ok(Some(before)) = list.query_selector(".active") {
        before.class_list().remove_1("active").ok()?;
    }
    let position = state.active.try_get_untracked()?;
    let option = list.query_selector(&format!("[data-position='{position}']")).ok()??;
    option.class_list().add_1("active").ok()?;
    let nearest = ScrollIntoViewOptions::new();
    nearest.set_block(ScrollLogicalPosition::Nearest);
    option.scroll_into_view_with_scroll_into_view_options(&nearest);
    Some(())
}
