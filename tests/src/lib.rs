//! What the tests share: the built page on a web server of its own, and a browser to visit it with.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod screen;
#[cfg(feature = "browser")]
pub mod site;

/// Why a test could not go on.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;
