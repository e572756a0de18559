//! The charts of the page.

mod first_token;
mod kv_cache;
mod layouts;
mod roofline;
mod serving;
pub(crate) mod ticks;

pub use first_token::{first_token, first_token_of};
pub use kv_cache::{kv_cache, kv_cache_of};
pub use layouts::layouts;
pub use roofline::roofline;
pub use serving::{serving, serving_of};
