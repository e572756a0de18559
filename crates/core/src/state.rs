//! What recurrent and convolutional mixers remember: a state of fixed size for each sequence, however long it grows.

use crate::model::{Layer, Model};
use crate::units::Bytes;

/// The state of one sequence in one layer.
///
/// ```
/// # use ridgepoint_core::{Bytes, State, StateFormat};
/// // Mamba 2.8B: 5120 channels with a kernel of 4, and 16 numbers for each channel, all in 16 bit.
/// let mamba = State { conv_channels: 5120, conv_kernel: 4, recurrent: 5120 * 16, format: StateFormat::Bits16 };
/// assert_eq!(mamba.values(), 102_400);
/// assert_eq!(mamba.bytes(1), Bytes::new(204_800));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Channels of the causal convolution, and vectors kept from the last token; 0 where there are none.
    pub conv_channels: u64,
    /// Inputs that each channel remembers. This is the kernel's width, as transformers allocates it; vLLM and
    /// llama.cpp keep one less, because the newest input is at hand.
    pub conv_kernel: u64,
    /// Numbers of the recurrent state: for linear attention, heads x key width x value width.
    pub recurrent: u64,
    /// How the recurrent state is stored. The convolution's inputs are always stored in 16 bit.
    pub format: StateFormat,
}

/// How a recurrent state is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateFormat {
    /// In the 16-bit format of the activations.
    Bits16,
    /// In 32 bit (`mamba_ssm_dtype: float32`): sums over a long context need the precision.
    Bits32,
}

impl StateFormat {
    /// Bits of a number.
    pub const fn bits(self) -> u64 {
        match self {
            Self::Bits16 => 16,
            Self::Bits32 => 32,
        }
    }
}

impl State {
    /// Numbers of all kinds.
    pub const fn values(self) -> u64 {
        self.conv_channels.saturating_mul(self.conv_kernel).saturating_add(self.recurrent)
    }

    /// Bytes on one of `tensor` ranks: channels and heads are dealt out evenly.
    pub fn bytes(self, tensor: u64) -> Bytes {
        let convolution = Bytes::of_values(self.conv_channels.saturating_mul(self.conv_kernel), 16);
        (convolution + Bytes::of_values(self.recurrent, self.format.bits())).div_ceil(tensor.max(1))
    }

    /// Operations that one token costs beside the projections: a multiply-add for each weight of the convolution, and
    /// for each number of the state one to decay it, a multiply-add to update it and another to read it.
    pub const fn flops_per_token(self) -> f64 {
        2.0 * (self.conv_channels as f64) * (self.conv_kernel as f64) + 5.0 * self.recurrent as f64
    }
}

/// State of one sequence in one layer, on one of `tensor` ranks.
pub fn layer_bytes(layer: &Layer, tensor: u64) -> Bytes {
    layer.mixer.state().map_or(Bytes::ZERO, |state| state.bytes(tensor))
}

/// State of one sequence, over all layers and before sharding.
pub fn bytes_per_sequence(model: &Model) -> Bytes {
    model.layers.all().into_iter().map(|(layer, count)| layer_bytes(layer, 1) * count).sum()
}

/// Numbers that one sequence keeps, over all layers.
pub fn values_per_sequence(model: &Model) -> u64 {
    let values = |layer: &Layer| layer.mixer.state().map_or(0, State::values);
    model
        .layers
        .all()
        .into_iter()
        .map(|(layer, count)| values(layer).saturating_mul(count))
        .fold(0, u64::saturating_add)
}
