//! Listening to events of things that outlive a component, and letting go of them with the component.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, EventTarget, KeyboardEvent, ResizeObserver};

/// Calls `act` at each event of that name until the present owner is cleaned up.
pub fn listen(target: &EventTarget, name: &'static str, act: Box<dyn FnMut(Event)>) {
    let act = Closure::wrap(act);
    if target.add_event_listener_with_callback(name, act.as_ref().unchecked_ref()).is_err() {
        return;
    }
    let held = StoredValue::new_local((target.clone(), act));
    on_cleanup(move || {
        held.try_with_value(|(target, act)| {
            // A listener that is gone already needs no removing.
            let _ = target.remove_event_listener_with_callback(name, act.as_ref().unchecked_ref());
        });
    });
}

/// Calls `act` when the size of an element changes, and once at the start.
pub fn listen_to_size(element: &Element, act: Box<dyn FnMut()>) {
    let act = Closure::wrap(act);
    let Ok(observer) = ResizeObserver::new(act.as_ref().unchecked_ref()) else { return };
    observer.observe(element);
    let held = StoredValue::new_local((observer, act));
    on_cleanup(move || {
        held.try_with_value(|(observer, _)| observer.disconnect());
    });
}

/// The key of a `keydown` event.
pub fn key(event: &Event) -> String {
    event.unchecked_ref::<KeyboardEvent>().key()
}
