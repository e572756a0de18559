//! How many tokens a picture or a recording becomes.

use crate::units::Tokens;

/// What a model makes of a picture. Markers that a chat template sets around it are text and not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Picture {
    /// As many tokens whatever its size (LLaVA 1.5, PaliGemma, Gemma 3).
    Fixed(Tokens),
    /// A token for each square of `unit` x `unit` pixels, after scaling both sides to whole squares, at least `fewest`
    /// and at most `most` of them (Qwen-VL: `smart_resize` of its image processor).
    Scaled {
        /// Pixels along a side of a square: a patch times the patches that are merged.
        unit: u64,
        /// Fewest squares.
        fewest: Tokens,
        /// Most squares.
        most: Tokens,
    },
    /// A token for each square of `unit` x `unit` pixels and one at the end of each row, after shrinking the longer side
    /// to `longest` pixels (Pixtral, Mistral 3).
    Rows {
        /// Pixels along a side of a square.
        unit: u64,
        /// Pixels of the longer side.
        longest: u64,
    },
    /// Up to `most` tiles of `side` x `side` pixels with `each` vectors (Llama 3.2 Vision). Cross-attention reads them;
    /// in the context they are one token.
    Tiles {
        /// Pixels along a side of a tile.
        side: u64,
        /// Most tiles.
        most: u64,
        /// Vectors of a tile.
        each: Tokens,
    },
    /// Up to `most` crops of `side` x `side` pixels and the whole picture as one more, `each` x `each` tokens of each,
    /// one at the end of each of their rows, and one between crops and whole (Phi-3-vision's HD transform).
    Crops {
        /// Pixels along a side of a crop.
        side: u64,
        /// Most crops.
        most: u64,
        /// Tokens along a side of a crop.
        each: Tokens,
    },
}

impl Picture {
    /// Tokens of a picture of `width` x `height` pixels. `None` where there is nothing to see, or where one side is
    /// more than 200 times the other, which the processors refuse.
    ///
    /// ```
    /// # use ridgepoint_core::Picture;
    /// // Qwen2.5-VL: 1920 x 1080 pixels become 69 x 39 squares of 28 pixels.
    /// let qwen = Picture::Scaled { unit: 28, fewest: 4, most: 16_384 };
    /// assert_eq!(qwen.tokens(1920, 1080), Some(69 * 39));
    /// // Mistral Small 3.1: 1540 x 866 after shrinking, 55 x 31 squares of 28 pixels, and 31 ends of rows.
    /// let mistral = Picture::Rows { unit: 28, longest: 1540 };
    /// assert_eq!(mistral.tokens(1920, 1080), Some((55 + 1) * 31));
    /// ```
    pub fn tokens(self, width: u64, height: u64) -> Option<Tokens> {
        let (short, long) = (width.min(height), width.max(height));
        if short == 0 || long > short.saturating_mul(200) || long > LARGEST {
            return None;
        }
        Some(match self {
            Self::Fixed(tokens) => tokens,
            Self::Scaled { unit, fewest, most } => {
                let (across, down) = (rounded(width, unit), rounded(height, unit));
                if across * down > most {
                    (width * most / height).isqrt().max(1) * (height * most / width).isqrt().max(1)
                } else if across * down < fewest {
                    root_above((width * fewest).div_ceil(height)) * root_above((height * fewest).div_ceil(width))
                } else {
                    across * down
                }
            }
            Self::Rows { unit, longest } => {
                let shrunk = |side: u64| if long > longest { side * longest / long } else { side };
                (shrunk(width).div_ceil(unit.max(1)) + 1) * shrunk(height).div_ceil(unit.max(1))
            }
            Self::Tiles { side, most, each } => tiles(width, height, side, most) * each,
            Self::Crops { side, most, each } => {
                // As many crops along the longer side as fit with those along the shorter one.
                let along = (1..=most).take_while(|&n| n * (n * short).div_ceil(long) <= most).last().unwrap_or(1);
                let beside = (along * side * short / long).div_ceil(side.max(1));
                let down = if height > width { along } else { beside };
                (along * beside + 1) * each * each + 1 + (down + 1) * each
            }
        })
    }
}

/// Pixels of a side beyond which nothing is counted, so that products of them fit.
const LARGEST: u64 = 1 << 20;

/// Squares along a side, to the nearest; half a square goes to the even number, as in Python.
const fn rounded(side: u64, unit: u64) -> u64 {
    let unit = if unit == 0 { 1 } else { unit };
    let (whole, rest) = (side / unit, side % unit);
    if rest * 2 > unit || (rest * 2 == unit && whole % 2 == 1) { whole + 1 } else { whole }
}

/// The smallest number whose square is at least `square`.
const fn root_above(square: u64) -> u64 {
    if square == 0 { 0 } else { (square - 1).isqrt() + 1 }
}

/// Tiles of the canvas that a picture is fitted into: the one that enlarges it least, or else shrinks it least; of
/// several, the smallest.
fn tiles(width: u64, height: u64, side: u64, most: u64) -> u64 {
    // What a canvas scales by, as a fraction with the common denominator width x height.
    let scale = |across: u64, down: u64| (across * side * height).min(down * side * width);
    let one = width * height;
    let mut best: Option<(u64, u64)> = None;
    for across in 1..=most {
        for down in 1..=most / across {
            let (new, count) = (scale(across, down), across * down);
            let better = best.is_none_or(|(old, tiles)| match (new >= one, old >= one) {
                (true, false) => true,
                (false, true) => false,
                _ if new == old => count < tiles,
                (true, true) => new < old,
                (false, false) => new > old,
            });
            if better {
                best = Some((new, count));
            }
        }
    }
    best.map_or(1, |(_, tiles)| tiles)
}

/// What a model makes of a recording: windows of equal length, the last one filled up with silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sound {
    /// Seconds of a window.
    pub window: u64,
    /// Tokens of a window.
    pub tokens: Tokens,
}

impl Sound {
    /// Tokens of so many seconds, a part of a second counting as a whole one.
    ///
    /// ```
    /// # use ridgepoint_core::Sound;
    /// // Voxtral: 1500 vectors for 30 s, of which four become one token.
    /// let voxtral = Sound { window: 30, tokens: 375 };
    /// assert_eq!(voxtral.tokens(31), 750);
    /// ```
    pub const fn tokens(self, seconds: u64) -> Tokens {
        seconds.div_ceil(if self.window == 0 { 1 } else { self.window }).saturating_mul(self.tokens)
    }
}
