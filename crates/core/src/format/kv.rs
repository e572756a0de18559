//! How the KV cache is stored.

use super::ggml::GgmlType;
use super::packing::{Number, Packing};
use crate::units::Bytes;

/// How the KV cache is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit IEEE floating point.
    Fp16,
    /// 16-bit brain floating point.
    Bf16,
    /// 8-bit floating point.
    Fp8,
    /// 8-bit integers.
    Int8,
    /// ggml Q8_0 blocks.
    Q8_0,
    /// ggml Q5_1 blocks.
    Q5_1,
    /// ggml Q5_0 blocks.
    Q5_0,
    /// ggml Q4_1 blocks.
    Q4_1,
    /// ggml Q4_0 blocks.
    Q4_0,
}

/// How keys and values are stored: alike, but where llama.cpp is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheFormat {
    /// Keys, and vectors that are both.
    pub keys: KvFormat,
    /// Values.
    pub values: KvFormat,
}

impl CacheFormat {
    /// Bytes of so many numbers in keys and so many in values.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, CacheFormat, KvFormat};
    /// let format = CacheFormat { keys: KvFormat::Q8_0, values: KvFormat::Q4_0 };
    /// assert_eq!(format.bytes([1024, 1024]), Bytes::new(1024 / 32 * (34 + 18)));
    /// assert_eq!(CacheFormat::from(KvFormat::Bf16).bytes([1024, 1024]), Bytes::new(4096));
    /// ```
    pub fn bytes(self, [keys, values]: [u64; 2]) -> Bytes {
        if self.keys == self.values {
            return self.keys.bytes(keys.saturating_add(values));
        }
        self.keys.bytes(keys) + self.values.bytes(values)
    }
}

impl From<KvFormat> for CacheFormat {
    fn from(format: KvFormat) -> Self {
        Self { keys: format, values: format }
    }
}

impl KvFormat {
    /// Bytes of `values` numbers, scales included.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, KvFormat};
    /// assert_eq!(KvFormat::Bf16.bytes(1024), Bytes::new(2048));
    /// assert_eq!(KvFormat::Q8_0.bytes(1024), Bytes::new(1024 / 32 * 34));
    /// ```
    pub fn bytes(self, values: u64) -> Bytes {
        let packing = match self {
            Self::Fp32 => Packing::Plain { number: Number::Fp32 },
            Self::Fp16 | Self::Bf16 => Packing::BF16,
            Self::Fp8 | Self::Int8 => Packing::Plain { number: Number::Fp8 },
            Self::Q8_0 => Packing::Ggml(GgmlType::Q8_0),
            Self::Q5_1 => Packing::Ggml(GgmlType::Q5_1),
            Self::Q5_0 => Packing::Ggml(GgmlType::Q5_0),
            Self::Q4_1 => Packing::Ggml(GgmlType::Q4_1),
            Self::Q4_0 => Packing::Ggml(GgmlType::Q4_0),
        };
        packing.bytes(1, values)
    }
}
