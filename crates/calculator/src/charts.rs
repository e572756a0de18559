//! The charts of the page.

mod first_token;
mod kv_cache;
mod layouts;
mod roofline;
mod serving;
pub(crate) mod ticks;

pub use first_token::first_token;
pub use kv_cache::kv_cache;
pub use layouts::layouts;
pub use roofline::roofline;
pub use serving::{serving, serving_of};
