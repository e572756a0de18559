//! What a chart is made of on its way to any backend: lines, marks, tints and words, in CSS pixels.

use super::label::Area;

/// A position in CSS pixels, rightwards and downwards.
pub type Spot = (f64, f64);

/// Which side of a position words are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// They start there.
    Start,
    /// It is their middle.
    Middle,
    /// They end there.
    End,
}

/// How words look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// Height in CSS pixels.
    pub size: f64,
    /// Whether they are heavy.
    pub bold: bool,
}

/// Something to paint. A colour is the name of a style token.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line through points.
    Line {
        /// The points.
        points: Vec<Spot>,
        /// Its colour.
        colour: &'static str,
        /// Its thickness in CSS pixels.
        width: f64,
        /// Whether it has gaps.
        dashed: bool,
    },
    /// A filled circle.
    Disc {
        /// Its centre.
        at: Spot,
        /// Its radius in CSS pixels.
        radius: f64,
        /// Its colour.
        colour: &'static str,
    },
    /// A ground for words, in the colour of the surface, through which lines shine faintly.
    Ground(
        /// Where.
        Area,
    ),
    /// A tint over what lies beyond a limit.
    Zone(
        /// Where.
        Area,
    ),
    /// One line of words, level with its middle.
    Words {
        /// The words.
        words: String,
        /// The position of their start, middle or end.
        at: Spot,
        /// Which.
        align: Align,
        /// How they look.
        face: Face,
        /// Their colour.
        colour: &'static str,
    },
}
