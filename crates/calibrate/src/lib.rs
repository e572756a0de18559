//! What is measured of the memory of engines against what the calculator says.
//!
//! The program beside it fits constants of time and writes the tables of errors.

pub mod memory;
