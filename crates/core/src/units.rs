//! The quantities of inference arithmetic, and the only ways in which they combine.
//!
//! Storage is counted in whole bytes ([`Bytes`], saturating, so that absurd input clamps instead of wrapping);
//! everything that is measured rather than counted is an `f64` behind its own type.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Div, Mul, Sub};

/// A number of tokens: of a prompt, an answer, a context or one forward pass.
pub type Tokens = u64;

/// An amount of memory in whole bytes. Saturates instead of overflowing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

impl Bytes {
    /// Nothing at all.
    pub const ZERO: Self = Self(0);

    /// A number of whole bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Binary gigabytes: 1 GiB is 2^30 bytes.
    pub const fn gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// Binary megabytes: 1 MiB is 2^20 bytes.
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// Bytes that `values` numbers of `bits` each take, rounded up to a whole byte.
    ///
    /// ```
    /// # use ridgepoint_core::Bytes;
    /// assert_eq!(Bytes::of_values(3, 4), Bytes::new(2));
    /// assert_eq!(Bytes::of_values(8_030_261_248, 16), Bytes::new(16_060_522_496));
    /// ```
    pub const fn of_values(values: u64, bits: u64) -> Self {
        let bytes = (values as u128 * bits as u128).div_ceil(8);
        Self(if bytes > u64::MAX as u128 { u64::MAX } else { bytes as u64 })
    }

    /// The count as an integer.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The count as a real number, for ratios and times.
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// This amount times a ratio, rounded to the nearest byte. A negative or undefined ratio gives zero.
    pub fn scaled(self, ratio: f64) -> Self {
        // A float-to-integer cast saturates and maps NaN to zero.
        Self((self.as_f64() * ratio + 0.5) as u64)
    }

    /// The difference, or zero when `other` is larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The difference with its sign, in bytes.
    pub const fn minus(self, other: Self) -> i64 {
        let difference = self.0 as i128 - other.0 as i128;
        if difference > i64::MAX as i128 {
            i64::MAX
        } else if difference < i64::MIN as i128 {
            i64::MIN
        } else {
            difference as i64
        }
    }

    /// The share that each of `parts` equal parts holds at most.
    pub const fn div_ceil(self, parts: u64) -> Self {
        Self(self.0.div_ceil(if parts == 0 { 1 } else { parts }))
    }
}

impl Add for Bytes {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Bytes {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} B", self.0)
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $unit:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// None of it.
            pub const ZERO: Self = Self(0.0);

            #[doc = concat!("A value in ", $unit, ".")]
            pub const fn new(value: f64) -> Self {
                Self(value)
            }

            #[doc = concat!("The value in ", $unit, ".")]
            pub const fn get(self) -> f64 {
                self.0
            }

            /// The smaller of two.
            pub fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }

            /// The larger of two.
            pub fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, times: f64) -> Self {
                Self(self.0 * times)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, by: f64) -> Self {
                Self(self.0 / by)
            }
        }

        impl Div for $name {
            type Output = f64;
            fn div(self, by: Self) -> f64 {
                self.0 / by.0
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
                parts.fold(Self::ZERO, Add::add)
            }
        }
    };
}

quantity!(
    /// A number of floating-point (or integer) operations; a multiply-add counts as two.
    Flops,
    "operations"
);
quantity!(
    /// A rate of arithmetic.
    FlopsPerSecond,
    "operations per second"
);
quantity!(
    /// A rate of moving data. Vendors' GB/s are decimal: 1 GB/s is 10^9 B/s.
    BytesPerSecond,
    "bytes per second"
);
quantity!(
    /// A duration.
    Seconds,
    "seconds"
);
quantity!(
    /// A rate of producing or consuming tokens.
    TokensPerSecond,
    "tokens per second"
);
quantity!(
    /// Arithmetic intensity: operations done for each byte moved.
    FlopsPerByte,
    "operations per byte"
);

impl FlopsPerSecond {
    /// 10^12 operations per second.
    pub const fn tera(tera: f64) -> Self {
        Self(tera * 1e12)
    }
}

impl BytesPerSecond {
    /// 10^9 bytes per second, the unit of data sheets.
    pub const fn giga(giga: f64) -> Self {
        Self(giga * 1e9)
    }

    /// 10^12 bytes per second.
    pub const fn tera(tera: f64) -> Self {
        Self(tera * 1e12)
    }
}

impl Div<FlopsPerSecond> for Flops {
    type Output = Seconds;
    fn div(self, rate: FlopsPerSecond) -> Seconds {
        Seconds(self.0 / rate.0)
    }
}

impl Div<BytesPerSecond> for Bytes {
    type Output = Seconds;
    fn div(self, rate: BytesPerSecond) -> Seconds {
        Seconds(self.as_f64() / rate.0)
    }
}

impl Div<Bytes> for Flops {
    type Output = FlopsPerByte;
    fn div(self, bytes: Bytes) -> FlopsPerByte {
        FlopsPerByte(self.0 / bytes.as_f64())
    }
}

impl Div<BytesPerSecond> for FlopsPerSecond {
    type Output = FlopsPerByte;
    fn div(self, bandwidth: BytesPerSecond) -> FlopsPerByte {
        FlopsPerByte(self.0 / bandwidth.0)
    }
}

impl Div<Seconds> for Flops {
    type Output = FlopsPerSecond;
    fn div(self, time: Seconds) -> FlopsPerSecond {
        FlopsPerSecond(self.0 / time.0)
    }
}

impl Mul<BytesPerSecond> for FlopsPerByte {
    type Output = FlopsPerSecond;
    fn mul(self, bandwidth: BytesPerSecond) -> FlopsPerSecond {
        FlopsPerSecond(self.0 * bandwidth.0)
    }
}

/// `tokens` produced in `time`; zero when no time passes, because nothing was produced.
pub fn tokens_per_second(tokens: f64, time: Seconds) -> TokensPerSecond {
    TokensPerSecond(if time.0 > 0.0 { tokens / time.0 } else { 0.0 })
}
