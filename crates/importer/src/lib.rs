//! Models that are not in the catalogue: what to fetch for what a person typed, what the files say, and how such a
//! model travels in a link. [`query`] reads what programs ask.
//!
//! Nothing here touches the network. The page does, when it is asked to, and only the host that was named.

mod custom;
mod files;
pub mod query;
mod request;

pub use custom::{read_config, read_fragment};
pub use files::{Files, Found, Outcome, Step, read, read_text, types};
pub use request::{Failure, HUB, MOST_CONFIG_BYTES, Request, progress, request};
pub use ridgepoint_reader::headers::FIRST_BYTES;

use ridgepoint_calculator::link::{self, Link};

/// Reads a query or a link, custom model included.
///
/// # Errors
/// None: what cannot be used gives a notice and the nearest valid value, as in [`link::decode`].
pub fn decode(text: &str) -> Link {
    match link::custom_model(text) {
        Some(value) => link::decode_with(text, read_fragment(value)),
        None => link::decode(text),
    }
}
