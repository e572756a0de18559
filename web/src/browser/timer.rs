//! Doing something when a value has been quiet for a while.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

/// A delay that starts again whenever it is asked to.
#[derive(Clone, Copy)]
pub struct Delay {
    length: Duration,
    handle: StoredValue<Option<TimeoutHandle>>,
}

impl Delay {
    /// A delay that belongs to the present owner and is cancelled with it.
    pub fn of_millis(length: u64) -> Self {
        let delay = Self { length: Duration::from_millis(length), handle: StoredValue::new(None) };
        on_cleanup(move || delay.cancel());
        delay
    }

    /// Forgets what was to be done and does `act` after the delay instead.
    pub fn restart(self, act: Box<dyn FnOnce()>) {
        self.cancel();
        self.handle.try_set_value(set_timeout_with_handle(act, self.length).ok());
    }

    fn cancel(self) {
        if let Some(Some(handle)) = self.handle.try_get_value() {
            handle.clear();
        }
    }
}
