//! Controls and displays that know labels and values, and would work in a tax calculator.

mod combobox;
mod copy_button;
mod data_table;
mod facts;
mod filter;
mod icon;
mod notices;
mod segmented;
mod select;
mod slider;
mod stacked_bar;
mod tabs;

pub use combobox::Combobox;
pub use copy_button::CopyButton;
pub use data_table::DataTable;
pub use facts::FactList;
pub use icon::{Glyph, Icon};
pub use notices::Notices;
pub use segmented::Segmented;
pub use select::Select;
pub use slider::{CheckedField, Slider, count_within};
pub use stacked_bar::StackedBar;
pub use tabs::Tabs;
