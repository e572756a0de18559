//! How many tokens a picture or a recording becomes.

use crate::units::Tokens;

/// What a model makes of a picture. Markers before and behind it are text and not counted, those within it are.
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
    /// As [`Picture::Scaled`], after enlarging a picture whose shorter side is less than a square (GLM-4.1V and later).
    Enlarged {
        /// Pixels along a side of a square.
        unit: u64,
        /// Fewest squares.
        fewest: Tokens,
        /// Most squares.
        most: Tokens,
    },
    /// A token for each square of `unit` x `unit` pixels that the picture touches, after scaling it to at least `fewest`
    /// and at most `most` of them (GLM-5.3).
    Aligned {
        /// Pixels along a side of a square.
        unit: u64,
        /// Fewest squares.
        fewest: Tokens,
        /// Most squares.
        most: Tokens,
    },
    /// As many whole squares as keep the shape, at most so many, however small the picture is (Gemma 4).
    Filled(Tokens),
    /// A token for each square of `merge` x `merge` patches that the picture touches, after shrinking it to at most `most`
    /// patches and `along` of them on a side (Kimi K2.5).
    Padded {
        /// Pixels along a side of a patch.
        patch: u64,
        /// Patches along a side of a token.
        merge: u64,
        /// Most patches, counted in whole ones.
        most: u64,
        /// Most patches along a side.
        along: u64,
    },
    /// Up to `most` tiles of `side` x `side` pixels with `each` tokens and one behind each, if there are several; then the
    /// whole picture, with one token before it (Llama 4).
    Split {
        /// Pixels along a side of a tile.
        side: u64,
        /// Most tiles.
        most: u64,
        /// Tokens of a tile.
        each: Tokens,
    },
    /// The one of several grids of tiles that shows most of the picture, `each` x `each` tokens for a tile without those
    /// of the margins, one at the end of each row, and the whole picture (LLaVA-NeXT).
    Grids {
        /// Pixels along a side of a tile.
        side: u64,
        /// Tokens along a side of a tile.
        each: Tokens,
        /// Up to eight grids, the first in the lowest byte: rows in its upper four bits, columns in its lower four.
        grids: u64,
    },
    /// As [`Picture::Scaled`]. A picture of more than twice as many squares is besides cut into up to `tiles` tiles, each
    /// with a token before it, as has the whole (LFM2-VL).
    Mosaic {
        /// Pixels along a side of a square.
        unit: u64,
        /// Fewest squares of the whole.
        fewest: Tokens,
        /// Most squares of the whole.
        most: Tokens,
        /// Pixels along a side of a tile.
        side: u64,
        /// Most tiles.
        tiles: u64,
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
                scaled([width, height], unit, [rounded(width, unit), rounded(height, unit)], fewest, most)
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
            Self::Enlarged { unit, fewest, most } => {
                let grown = |side: u64| if short < unit { side * unit / short } else { side };
                let (width, height) = (grown(width), grown(height));
                scaled([width, height], unit, [rounded(width, unit), rounded(height, unit)], fewest, most)
            }
            Self::Aligned { unit, fewest, most } => aligned(width, height, unit.max(1), fewest, most),
            Self::Filled(most) => match ((width * most / height).isqrt(), (height * most / width).isqrt()) {
                (0, _) | (_, 0) => (long / short).min(most),
                (across, down) => across * down,
            },
            Self::Padded { patch, merge, most, along } => {
                let patches = (width / patch.max(1)).max(1) * (height / patch.max(1)).max(1);
                let longest = along.saturating_mul(patch);
                let scale = (most as f64 / patches as f64).sqrt().min(longest as f64 / long as f64).min(1.0);
                let squares = |side: u64| {
                    let side = ((side as f64 * scale) as u64).max(1).min(longest);
                    side.div_ceil(patch.saturating_mul(merge).max(1))
                };
                squares(width) * squares(height)
            }
            Self::Split { side, most, each } => match tiles(width, height, side, most) {
                1 => 1 + each,
                tiles => tiles * (each + 1) + 1 + each,
            },
            Self::Grids { side, each, grids } => {
                let (across, down) = best_grid(width, height, side, grids);
                let (wide, high) = (across * each, down * each);
                // Margins are taken off in pairs.
                let without = |all: u64, seen: u64| all - (all - seen) / 2 * 2;
                let (wide, high) = if width * high > wide * height {
                    (wide, without(high, height * wide / width))
                } else {
                    (without(wide, width * high / height), high)
                };
                (wide + 1) * high + each * each
            }
            Self::Mosaic { unit, fewest, most, side, tiles } => {
                let [across, down] = [width, height].map(|side| rounded(side, unit).max(1));
                let whole = scaled([width, height], unit, [across, down], fewest, most);
                if across * down > 2 * most {
                    let along = side / unit.max(1);
                    closest_tiles(width, height, side, tiles) * (along * along + 1) + 1 + whole
                } else {
                    whole
                }
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

/// Squares of a picture that would be `across` x `down` of them. In floating point as the processors do it: where whole
/// squares would fit exactly, that can lose or add one.
fn scaled([width, height]: [u64; 2], unit: u64, [across, down]: [u64; 2], fewest: Tokens, most: Tokens) -> Tokens {
    let (pixels, unit) = ((width * height) as f64, unit as f64);
    if across * down > most {
        let shrink = (pixels / (most as f64 * unit * unit)).sqrt();
        let squares = |side: u64| ((side as f64 / shrink / unit) as u64).max(1);
        squares(width) * squares(height)
    } else if across * down < fewest {
        let enlarge = (fewest as f64 * unit * unit / pixels).sqrt();
        let squares = |side: u64| (side as f64 * enlarge / unit).ceil() as u64;
        squares(width) * squares(height)
    } else {
        across * down
    }
}

/// Squares that a picture touches after scaling it to the fewest or to the most, the latter by whole pixels.
fn aligned(width: u64, height: u64, unit: u64, fewest: Tokens, most: Tokens) -> Tokens {
    let squares = |width: u64, height: u64| width.div_ceil(unit) * height.div_ceil(unit);
    let whole = squares(width, height);
    if whole < fewest {
        let scale = (fewest as f64 * (unit as f64).powi(2) / (width * height) as f64).sqrt();
        let larger = |side: u64| (side as f64 * scale).ceil() as u64;
        return squares(larger(width), larger(height));
    }
    if whole <= most {
        return whole;
    }
    let of_height = |rows: u64| squares((width * rows / height).max(1), rows);
    let (mut fits, mut exceeds) = (1, height);
    while exceeds - fits > 1 {
        let middle = fits.midpoint(exceeds);
        if of_height(middle) > most {
            exceeds = middle;
        } else {
            fits = middle;
        }
    }
    of_height(fits)
}

/// The columns and rows of the grid that shows most pixels of a picture; of several, the smallest, then the first.
fn best_grid(width: u64, height: u64, side: u64, grids: u64) -> (u64, u64) {
    let shown = |(across, down): (u64, u64)| {
        // In floating point as the processor does it, whose sides may so become a pixel shorter.
        let scale = ((across * side) as f64 / width as f64).min((down * side) as f64 / height as f64);
        let shrunk = |side: u64| (side as f64 * scale) as u64;
        (shrunk(width) * shrunk(height)).min(width * height)
    };
    let grids = grids.to_le_bytes().into_iter().rev().filter(|&grid| grid != 0);
    let grids = grids.map(|grid| (u64::from(grid & 15), u64::from(grid >> 4)));
    // The last of equals wins, and the first grid is the last in this order.
    grids.max_by_key(|&grid| (shown(grid), u64::MAX - grid.0 * grid.1)).unwrap_or((1, 1))
}

/// Tiles of the grid of at least two whose shape is closest to that of a picture; of several, the largest that the
/// picture fills to more than half.
fn closest_tiles(width: u64, height: u64, side: u64, most: u64) -> u64 {
    let shape = width as f64 / height as f64;
    let mut best = (f64::INFINITY, 1);
    for tiles in 2..=most {
        for across in (1..=tiles).filter(|across| tiles % across == 0) {
            let off = (shape - across as f64 / (tiles / across) as f64).abs();
            let fills = 2 * width * height > side * side * tiles;
            if off < best.0 || (off <= best.0 && fills) {
                best = (off, tiles);
            }
        }
    }
    best.1
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
