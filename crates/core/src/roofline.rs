//! How fast a device can go, given how much it must move per unit of work.

use crate::units::{Bytes, BytesPerSecond, Flops, FlopsPerByte, FlopsPerSecond, Seconds};

/// Work of one operation on one device: arithmetic, memory traffic and data sent to other devices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Arithmetic; a multiply-add counts as two operations.
    pub flops: Flops,
    /// Bytes read from and written to the device's own memory.
    pub traffic: Bytes,
    /// Bytes that this device sends over its interconnect.
    pub communication: Bytes,
}

impl Cost {
    /// Arithmetic intensity, `flops / traffic`. `None` where nothing is read or written.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, Cost, Flops};
    /// // One token through a 4096 x 4096 matrix in 16 bit: 2 operations for each 2-byte weight.
    /// let cost = Cost { flops: Flops::new(2.0 * 4096.0 * 4096.0), traffic: Bytes::new(2 * 4096 * 4096), ..Cost::default() };
    /// assert_eq!(cost.intensity().map(|i| i.get()), Some(1.0));
    /// ```
    pub fn intensity(self) -> Option<FlopsPerByte> {
        (self.traffic > Bytes::ZERO).then(|| self.flops / self.traffic)
    }
}

impl core::ops::Add for Cost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            flops: self.flops + other.flops,
            traffic: self.traffic + other.traffic,
            communication: self.communication + other.communication,
        }
    }
}

impl core::ops::Mul<u64> for Cost {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self {
            flops: self.flops * times as f64,
            traffic: self.traffic * times,
            communication: self.communication * times,
        }
    }
}

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The arithmetic units.
    Compute,
    /// The memory of the device.
    Memory,
    /// The links to other devices.
    Interconnect,
}

/// The two ceilings of a device: how fast it computes and how fast it reads memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roofline {
    /// Peak arithmetic rate at the precision in use.
    pub peak: FlopsPerSecond,
    /// Peak memory bandwidth.
    pub bandwidth: BytesPerSecond,
}

impl Roofline {
    /// Intensity at which the two ceilings meet. Below it memory is the limit; at it or above, arithmetic is.
    ///
    /// ```
    /// # use ridgepoint_core::{BytesPerSecond, FlopsPerSecond, Roofline};
    /// // H100 SXM, dense bf16: 989.4 TFLOP/s over 3.35 TB/s.
    /// let h100 = Roofline { peak: FlopsPerSecond::tera(989.4), bandwidth: BytesPerSecond::tera(3.35) };
    /// assert_eq!(h100.ridge_point().get().round(), 295.0);
    /// ```
    pub fn ridge_point(self) -> FlopsPerByte {
        self.peak / self.bandwidth
    }

    /// The best rate of arithmetic at an intensity: `min(peak, intensity x bandwidth)`.
    pub fn attainable(self, intensity: FlopsPerByte) -> FlopsPerSecond {
        self.peak.min(intensity * self.bandwidth)
    }

    /// Shortest time for the arithmetic and the traffic of `cost`, overlapping perfectly.
    ///
    /// Without any overlap it is their sum, at most twice this.
    pub fn time(self, cost: Cost) -> Seconds {
        (cost.flops / self.peak).max(cost.traffic / self.bandwidth)
    }

    /// Which of the two ceilings sets [`Roofline::time`].
    pub fn bound(self, cost: Cost) -> Bound {
        if cost.flops / self.peak >= cost.traffic / self.bandwidth { Bound::Compute } else { Bound::Memory }
    }
}
