//! How many device pixels a CSS pixel has. It changes with zoom, and when a window moves to another display.

use leptos::prelude::*;

use super::listen::listen;
use crate::signals::effect;

/// The ratio, kept up to date for the present owner.
pub fn pixel_ratio() -> RwSignal<f64> {
    let ratio = RwSignal::new(now());
    effect(move || {
        // The query is about one ratio, so each change asks a new one.
        let query = format!("(resolution: {}dppx)", ratio.get());
        let media = web_sys::window().and_then(|window| window.match_media(&query).ok()?);
        if let Some(media) = media {
            listen(&media, "change", Box::new(move |_| ratio.set(now())));
        }
    });
    ratio
}

fn now() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio())
}
