//! What an image generator works on, and how fast a speech generator speaks.

use crate::units::Tokens;

/// What stands between a generator and the picture or the sound that it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Latent {
    /// A picture with fewer pixels and more channels (Stable Diffusion, FLUX, their autoencoders).
    Image {
        /// Numbers for each of its pixels.
        channels: u64,
        /// Pixels of the picture along a side of one of its pixels.
        scale: u64,
        /// Its pixels along a side of a token where attention sees most of them.
        finest: u64,
        /// The same where attention sees fewest: elsewhere only in a U-Net.
        coarsest: u64,
    },
    /// Tokens of three models in a row for ten seconds of sound (Bark).
    Sound {
        /// What is said.
        semantic: Tokens,
        /// The first codes of each frame.
        coarse: Tokens,
        /// All codes of each frame.
        fine: Tokens,
    },
}

impl Latent {
    /// Numbers of the latent of a picture of `width` x `height` pixels. `None` where those are not whole tokens, which
    /// pipelines refuse or round, and for sound.
    ///
    /// ```
    /// # use ridgepoint_core::Latent;
    /// // FLUX.1 packs 2 x 2 of 16 channels into a token: 1024 x 1024 pixels are 64 x 64 tokens of 64 numbers.
    /// let flux = Latent::Image { channels: 16, scale: 8, finest: 2, coarsest: 2 };
    /// assert_eq!(flux.values(1024, 1024), Some(16 * 128 * 128));
    /// assert_eq!(flux.tokens(1024, 1024), Some((64 * 64, 64 * 64)));
    /// assert_eq!(flux.values(1000, 1024), None);
    /// ```
    pub fn values(self, width: u64, height: u64) -> Option<u64> {
        match self {
            Self::Image { channels, scale, finest, .. } => {
                whole(width, height, scale, finest).map(|(across, down)| channels * across * down)
            }
            Self::Sound { .. } => None,
        }
    }

    /// Tokens of the same picture where attention sees most and where it sees fewest of them, text aside.
    pub fn tokens(self, width: u64, height: u64) -> Option<(Tokens, Tokens)> {
        match self {
            // A U-Net rounds up where it halves an odd side.
            Self::Image { scale, finest, coarsest, .. } => whole(width, height, scale, finest).map(|(across, down)| {
                let tokens = |along: u64| across.div_ceil(along.max(1)) * down.div_ceil(along.max(1));
                (tokens(finest), tokens(coarsest))
            }),
            Self::Sound { .. } => None,
        }
    }
}

/// Sides of the latent, if they are whole tokens.
fn whole(width: u64, height: u64, scale: u64, finest: u64) -> Option<(u64, u64)> {
    let token = scale.saturating_mul(finest);
    let is_whole = |side: u64| side > 0 && side <= LARGEST && side.is_multiple_of(token);
    (is_whole(width) && is_whole(height)).then(|| (width / scale, height / scale))
}

/// Pixels of a side beyond which nothing is counted, so that products of them fit.
const LARGEST: u64 = 1 << 18;
