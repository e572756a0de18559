//! What the tests share: the catalogue's data files, the built page on a web server of its own, and a browser to visit
//! it with.

#[cfg(feature = "browser")]
pub mod axe;
#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "browser")]
pub mod canvas;
pub mod configs;
#[cfg(feature = "browser")]
pub mod driver;
#[cfg(feature = "browser")]
pub mod hands;
#[cfg(feature = "browser")]
pub mod hub;
#[cfg(feature = "browser")]
pub mod page;
#[cfg(feature = "browser")]
pub mod screen;
#[cfg(feature = "browser")]
pub mod site;
#[cfg(feature = "browser")]
pub mod snapshot;

/// Why a test could not go on.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;
