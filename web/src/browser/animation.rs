//! Doing something at most once in each frame that the browser shows.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Work for the next frame, however often it is asked for until then.
#[derive(Clone, Copy)]
pub struct Frame {
    pending: StoredValue<Option<i32>>,
    act: StoredValue<Closure<dyn FnMut()>, LocalStorage>,
}

impl Frame {
    /// Work that belongs to the present owner and is cancelled with it.
    pub fn new(mut act: Box<dyn FnMut()>) -> Self {
        let pending = StoredValue::new(None);
        let act = StoredValue::new_local(Closure::wrap(Box::new(move || {
            // The owner may be gone although the frame still comes.
            if pending.try_set_value(None).is_none() {
                act();
            }
        }) as Box<dyn FnMut()>));
        on_cleanup(move || {
            if let (Some(window), Some(Some(handle))) = (web_sys::window(), pending.try_get_value()) {
                // A frame that came already cannot be cancelled, and need not be.
                let _ = window.cancel_animation_frame(handle);
            }
        });
        Self { pending, act }
    }

    /// Asks for the work to be done.
    pub fn request(self) {
        if self.pending.try_get_value() != Some(None) {
            return;
        }
        let handle = self.act.try_with_value(|act| {
            web_sys::window().and_then(|window| window.request_animation_frame(act.as_ref().unchecked_ref()).ok())
        });
        self.pending.try_set_value(handle.flatten());
    }
}
