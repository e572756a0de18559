//! Charts on a canvas: a [`Chart`](ridgepoint_calculator::chart::Chart) becomes a [`scene`] of shapes, the scene is
//! painted with plotters, and a figure around it adds the crosshair, the legend and the table.

pub mod clip;
pub mod crisp;
pub mod crosshair;
pub mod figure;
pub mod label;
pub mod legend;
pub mod paint;
pub mod palette;
pub mod plot;
pub mod scene;
pub mod shape;

pub use figure::Figure;
