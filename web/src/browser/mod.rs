//! What the page asks of the browser, one file for each power. Whatever can be refused is refused quietly or in words.

pub mod animation;
pub mod clipboard;
pub mod density;
pub mod files;
pub mod further;
pub mod importer;
pub mod listen;
pub mod panic;
pub mod parent;
pub mod storage;
pub mod theme;
pub mod timer;
pub mod url;
