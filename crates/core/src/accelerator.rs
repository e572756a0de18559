//! What a device offers: memory, bandwidth, arithmetic at each precision, and links to its neighbours.

use crate::format::{Arithmetic, ComputePrecision};
use crate::interconnect::Interconnect;
use crate::roofline::Roofline;
use crate::units::{Bytes, BytesPerSecond, FlopsPerSecond};

/// A GPU, TPU, NPU or CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accelerator {
    /// Memory as the name on the box says.
    pub nominal_memory: Bytes,
    /// Memory that programs can have: as the driver reports it where known.
    pub usable_memory: Bytes,
    /// Peak bandwidth of that memory.
    pub bandwidth: BytesPerSecond,
    /// Peak dense arithmetic.
    pub peaks: Peaks,
    /// Links to other devices.
    pub interconnect: Interconnect,
}

/// Peak dense arithmetic at each precision. `None` means that the device cannot, and is never replaced by a guess.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peaks {
    /// 32-bit floating point.
    pub fp32: Option<FlopsPerSecond>,
    /// 16-bit IEEE floating point, accumulated in 32 bit where the vendor tells.
    pub fp16: Option<FlopsPerSecond>,
    /// 16-bit brain floating point.
    pub bf16: Option<FlopsPerSecond>,
    /// 8-bit floating point.
    pub fp8: Option<FlopsPerSecond>,
    /// 8-bit integers.
    pub int8: Option<FlopsPerSecond>,
    /// 4-bit floating point with block scales.
    pub fp4: Option<FlopsPerSecond>,
}

impl Peaks {
    /// Peak at one precision.
    pub const fn get(&self, precision: ComputePrecision) -> Option<FlopsPerSecond> {
        match precision {
            ComputePrecision::Fp32 => self.fp32,
            ComputePrecision::Fp16 => self.fp16,
            ComputePrecision::Bf16 => self.bf16,
            ComputePrecision::Fp8 => self.fp8,
            ComputePrecision::Int8 => self.int8,
            ComputePrecision::Fp4 => self.fp4,
        }
    }

    /// The precision at which a device runs matrices that ask for `arithmetic`, and its peak.
    ///
    /// What a chip lacks it does in the next wider precision that it has: 8-bit weights are unpacked to 16 bit,
    /// brain floating point becomes IEEE 16 bit or, failing that, 32 bit. `None` only if no figure is known at all.
    ///
    /// ```
    /// # use ridgepoint_core::{Arithmetic, ComputePrecision, FlopsPerSecond, Peaks};
    /// // A100: no fp8 units, so fp8 weights are multiplied in 16 bit.
    /// let a100 = Peaks { bf16: Some(FlopsPerSecond::tera(312.0)), fp16: Some(FlopsPerSecond::tera(312.0)), ..Peaks::default() };
    /// let (precision, _) = a100.resolve(Arithmetic::Native(ComputePrecision::Fp8)).expect("A100 has bf16");
    /// assert_eq!(precision, ComputePrecision::Bf16);
    /// ```
    pub fn resolve(&self, arithmetic: Arithmetic) -> Option<(ComputePrecision, FlopsPerSecond)> {
        use ComputePrecision::{Bf16, Fp4, Fp8, Fp16, Fp32, Int8};
        let order: &[ComputePrecision] = match arithmetic {
            Arithmetic::WeightOnly | Arithmetic::Native(Bf16) => &[Bf16, Fp16, Fp32],
            Arithmetic::Native(Fp16) => &[Fp16, Bf16, Fp32],
            // Nothing wider stands in for 32 bit, and nothing narrower would be the same computation.
            Arithmetic::Native(Fp32) => &[Fp32],
            Arithmetic::Native(Fp8) => &[Fp8, Bf16, Fp16, Fp32],
            Arithmetic::Native(Int8) => &[Int8, Bf16, Fp16, Fp32],
            Arithmetic::Native(Fp4) => &[Fp4, Bf16, Fp16, Fp32],
        };
        order.iter().find_map(|&precision| self.get(precision).map(|peak| (precision, peak)))
    }
}

impl Accelerator {
    /// The roofline for work that asks for `arithmetic`, with the precision that the device really uses.
    pub fn roofline(&self, arithmetic: Arithmetic) -> Option<(ComputePrecision, Roofline)> {
        self.peaks
            .resolve(arithmetic)
            .map(|(precision, peak)| (precision, Roofline { peak, bandwidth: self.bandwidth }))
    }
}
