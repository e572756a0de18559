//! Derived values and effects whose machinery is compiled once for each kind of value, not once for each use.
//!
//! The generic ones of Leptos are copied for every closure, and a page has hundreds.

use leptos::prelude::*;

/// A value computed from others, passed on only when it changes.
pub fn memo<T: PartialEq + Send + Sync + 'static>(compute: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    boxed_memo(Box::new(compute))
}

fn boxed_memo<T: PartialEq + Send + Sync + 'static>(compute: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| compute())
}

/// A value computed from others, passed on whenever they change: for those that are dear to compare and cheap to use
/// twice.
pub fn derived<T: Send + Sync + 'static>(compute: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    boxed_derived(Box::new(compute))
}

fn boxed_derived<T: Send + Sync + 'static>(compute: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new_with_compare(move |_| compute(), |_, _| true)
}

/// Touches the world outside whenever what it reads has changed, and once at the start.
pub fn effect(act: impl FnMut() + 'static) {
    boxed_effect(Box::new(act));
}

fn boxed_effect(mut act: Box<dyn FnMut()>) {
    Effect::new(move |_| act());
}

/// The same without the start: `act` hears of the first change and of all later ones.
pub fn on_change(read: impl Fn() -> String + 'static, act: impl Fn(String) + 'static) {
    let mut before = None;
    effect(move || {
        let now = read();
        if before.as_ref().is_some_and(|before| *before != now) {
            act(now.clone());
        }
        before = Some(now);
    });
}
