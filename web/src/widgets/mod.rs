//! Controls and displays that know labels and values, and would work in a tax calculator.

pub mod combobox;
pub mod copy_button;
pub mod data_table;
pub mod facts;
pub mod filter;
pub mod fit_grid;
pub mod icon;
pub mod notices;
pub mod piece;
pub mod segmented;
pub mod select;
pub mod slider;
pub mod stacked_bar;
pub mod tabs;

pub use combobox::Combobox;
pub use copy_button::CopyButton;
pub use data_table::DataTable;
pub use facts::FactList;
pub use fit_grid::{fit_grid, query_in};
pub use icon::{Glyph, icon, live_icon};
pub use notices::Notices;
pub use piece::pieces;
pub use segmented::Segmented;
pub use select::Select;
pub use slider::{CheckedField, Slider, count_within};
pub use stacked_bar::StackedBars;
pub use tabs::Tabs;
