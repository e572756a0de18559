//! What the page loads only when somebody brings a model of their own: the readers of configurations and weights, and
//! the dialog around them. It is a program of its own, `ridgepoint-import`.

mod dialog;
mod fetch;
mod files;

pub use dialog::open;
