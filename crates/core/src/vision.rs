//! Encoders of pictures: how wide they are, and how many patches they read at once.

use crate::units::Tokens;

/// The widths of a vision encoder, as far as an engine's memory depends on them. What it weighs is a tensor of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VisionEncoder {
    /// Width of its residual stream.
    pub hidden: u64,
    /// Numbers that its MLP keeps for a patch: before and behind the activation, or gate, up-projection and product.
    pub inner: u64,
    /// Whether positions are rotated into queries and keys.
    pub rotary: bool,
    /// Numbers of the pixels of a patch.
    pub pixels: u64,
    /// Patches that become one token.
    pub patches: u64,
    /// Most tokens of a picture.
    pub most: Tokens,
    /// Most pictures of that size that the frames of a video amount to; 1 where a video is never larger than a picture.
    pub frames: u64,
    /// Vectors as wide as the language model's that a token becomes: one, and one for each layer that DeepStack feeds
    /// (arXiv:2406.04334).
    pub vectors: u64,
}

impl VisionEncoder {
    /// Tokens of the largest picture or video in a context of so many tokens.
    ///
    /// ```
    /// # use ridgepoint_core::VisionEncoder;
    /// // Qwen2.5-VL: pictures of 16,384 tokens, and up to 14 frames of that size, two of which count as one.
    /// let qwen = VisionEncoder {
    ///     hidden: 1280, inner: 3 * 3420, rotary: true, pixels: 3 * 2 * 14 * 14, patches: 4, most: 16_384, frames: 7, vectors: 1,
    /// };
    /// assert_eq!([qwen.largest(2048), qwen.largest(128_000)], [16_384, 114_688]);
    /// ```
    pub fn largest(&self, context: Tokens) -> Tokens {
        let frames = context / self.most.max(1);
        self.most.saturating_mul(frames.clamp(1, self.frames.max(1)))
    }
}
