//! The charts of the page.

mod kv_cache;
mod roofline;
mod ticks;

pub use kv_cache::kv_cache;
pub use roofline::roofline;
