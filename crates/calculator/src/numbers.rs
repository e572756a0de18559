//! Numbers for people: three significant digits, the right prefix, one printer for each quantity.

use ridgepoint_core::{Bytes, BytesPerSecond, FlopsPerByte, FlopsPerSecond, Seconds, TokensPerSecond};

/// A number and its unit, apart so that a screen can set them differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The digits.
    pub value: String,
    /// The unit with its prefix.
    pub unit: String,
}

impl Amount {
    fn new(value: String, unit: impl Into<String>) -> Self {
        Self { value, unit: unit.into() }
    }
}

impl core::fmt::Display for Amount {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.unit.is_empty() { f.write_str(&self.value) } else { write!(f, "{} {}", self.value, self.unit) }
    }
}

/// Three significant digits; more only where the integer part has more.
///
/// ```
/// # use ridgepoint_calculator::numbers::significant;
/// assert_eq!(significant(14.9577), "15.0");
/// assert_eq!(significant(0.0123456), "0.0123");
/// assert_eq!(significant(1234.5), "1,235");
/// assert_eq!(significant(9.996), "10.0");
/// assert_eq!(significant(0.0), "0");
/// assert_eq!(significant(1e-10), "0");
/// ```
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".into();
    }
    let places = |value: f64| (2 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let wide = places(value);
    let factor = 10_f64.powi(wide as i32);
    // Rounding may carry into another digit: 9.996 has two places at three digits, 10.0 has one.
    let rounded = (value * factor).round() / factor;
    // Less than nine places can show.
    if rounded == 0.0 {
        return "0".into();
    }
    let digits = format!("{:.*}", places(rounded).min(wide), rounded);
    match digits.split_once('.') {
        Some(_) => digits,
        None => group(&digits),
    }
}

/// A round number without superfluous zeros, for the labels of axes.
///
/// ```
/// # use ridgepoint_calculator::numbers::round;
/// assert_eq!([0.01, 1.0, 100.0].map(round), ["0.01", "1", "100"]);
/// ```
pub fn round(value: f64) -> String {
    let digits = significant(value);
    match digits.split_once('.') {
        Some(_) => digits.trim_end_matches('0').trim_end_matches('.').into(),
        None => digits,
    }
}

/// A round number of a unit that the axis names.
///
/// ```
/// # use ridgepoint_calculator::numbers::round_with_prefix;
/// assert_eq!([1e12, 1e14, 1e15].map(round_with_prefix), ["1 T", "100 T", "1 P"]);
/// ```
pub fn round_with_prefix(value: f64) -> String {
    let (scaled, prefix) = scaled(value, 1000.0, SI);
    format!("{} {prefix}", round(scaled)).trim_end().into()
}

/// A whole number with separators between thousands.
///
/// ```
/// # use ridgepoint_calculator::numbers::count;
/// assert_eq!(count(131_072), "131,072");
/// ```
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

fn group(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    grouped.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A value over the power of `base` that leaves it at most three digits before the point, and the prefix for it.
fn scaled(value: f64, base: f64, prefixes: &[&'static str]) -> (f64, &'static str) {
    // 999.5 and more would print as 1,000 with three digits; 1,000 KiB stays below 1,024 and reads well.
    let most = if base > 1000.0 { base - 0.5 } else { 999.5 };
    let mut scaled = value;
    let mut prefix = 0;
    while scaled.abs() >= most && prefix + 1 < prefixes.len() {
        scaled /= base;
        prefix += 1;
    }
    (scaled, prefixes[prefix])
}

fn prefixed(value: f64, base: f64, prefixes: &[&'static str], unit: &str) -> Amount {
    let (scaled, prefix) = scaled(value, base, prefixes);
    Amount::new(significant(scaled), format!("{prefix}{unit}"))
}

/// Memory in binary units.
///
/// ```
/// # use ridgepoint_calculator::numbers::bytes;
/// # use ridgepoint_core::Bytes;
/// assert_eq!(bytes(Bytes::new(16_060_522_496)).to_string(), "15.0 GiB");
/// assert_eq!(bytes(Bytes::new(131_072)).to_string(), "128 KiB");
/// ```
pub fn bytes(bytes: Bytes) -> Amount {
    prefixed(bytes.as_f64(), 1024.0, &["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], "B")
}

/// Memory in GiB whatever its size, for columns that are compared.
///
/// ```
/// # use ridgepoint_calculator::numbers::gib;
/// # use ridgepoint_core::Bytes;
/// assert_eq!(gib(Bytes::mib(512)), "0.50");
/// assert_eq!(gib(Bytes::gib(80)), "80.00");
/// assert_eq!(gib(Bytes::gib(1234)), "1,234.00");
/// ```
pub fn gib(bytes: Bytes) -> String {
    signed_gib(i64::try_from(bytes.get()).unwrap_or(i64::MAX))
}

/// Signed memory in GiB, for headroom.
pub fn signed_gib(bytes: i64) -> String {
    let gib = bytes as f64 / (1_u64 << 30) as f64;
    if gib.abs() >= 9999.5 {
        return significant(gib);
    }
    let digits = format!("{gib:.2}");
    match digits.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", group(whole)),
        None => digits,
    }
}

/// Parameters: "8.03 B".
///
/// ```
/// # use ridgepoint_calculator::numbers::parameters;
/// assert_eq!(parameters(8_030_261_248).to_string(), "8.03 B");
/// ```
pub fn parameters(count: u64) -> Amount {
    prefixed(count as f64, 1000.0, &["", "K", "M", "B", "T"], "")
}

/// Tokens, in thousands as context lengths are named: "128k", "2,176".
///
/// ```
/// # use ridgepoint_calculator::numbers::context;
/// assert_eq!(context(131_072), "128k");
/// assert_eq!(context(2_176), "2,176");
/// assert_eq!(context(1_048_576), "1M");
/// ```
pub fn context(tokens: u64) -> String {
    const MEBI: u64 = 1 << 20;
    match tokens {
        tokens if tokens >= MEBI && tokens.is_multiple_of(MEBI) => format!("{}M", tokens / MEBI),
        tokens if tokens >= 1024 && tokens.is_multiple_of(1024) => format!("{}k", tokens / 1024),
        tokens => count(tokens),
    }
}

/// A duration: "12.3 ms".
pub fn seconds(time: Seconds) -> Amount {
    let seconds = time.get();
    if seconds >= 0.9995 || seconds == 0.0 {
        Amount::new(significant(seconds), "s")
    } else if seconds >= 0.000_999_5 {
        Amount::new(significant(seconds * 1e3), "ms")
    } else if seconds >= 0.000_000_999_5 {
        Amount::new(significant(seconds * 1e6), "µs")
    } else {
        Amount::new(significant(seconds * 1e9), "ns")
    }
}

/// A share of a whole: "13.5 %", "< 0.1 %".
///
/// ```
/// # use ridgepoint_calculator::numbers::percent;
/// assert_eq!(percent(0.1346), "13.5 %");
/// assert_eq!(percent(0.0001), "< 0.1 %");
/// ```
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".into(),
        percent if percent < 0.1 => "< 0.1 %".into(),
        percent => format!("{} %", significant(percent)),
    }
}

/// A rate of tokens.
pub fn tokens_per_second(rate: TokensPerSecond) -> Amount {
    Amount::new(significant(rate.get()), "tokens/s")
}

/// A rate of arithmetic: "989 TFLOP/s".
pub fn flops_per_second(rate: FlopsPerSecond) -> Amount {
    prefixed(rate.get(), 1000.0, SI, "FLOP/s")
}

/// An amount of arithmetic: "16.1 GFLOP".
pub fn flops(flops: f64) -> Amount {
    prefixed(flops, 1000.0, SI, "FLOP")
}

/// US dollars: "3.75 USD", "0.0123 USD".
///
/// ```
/// # use ridgepoint_calculator::numbers::dollars;
/// assert_eq!([3.745, 0.012_34, 30.0].map(dollars), ["3.75 USD", "0.0123 USD", "30.0 USD"]);
/// ```
pub fn dollars(amount: f64) -> String {
    format!("{} USD", significant(amount))
}

/// Power: "700 W", "5.60 kW".
///
/// ```
/// # use ridgepoint_calculator::numbers::watts;
/// assert_eq!([700.0, 5600.0].map(|power| watts(power).to_string()), ["700 W", "5.60 kW"]);
/// ```
pub fn watts(power: f64) -> Amount {
    prefixed(power, 1000.0, SI, "W")
}

/// So many devices.
pub fn devices(devices: u64) -> String {
    format!("{} {}", count(devices), if devices == 1 { "device" } else { "devices" })
}

/// Memory bandwidth: "3.35 TB/s".
pub fn bytes_per_second(rate: BytesPerSecond) -> Amount {
    prefixed(rate.get(), 1000.0, SI, "B/s")
}

/// Arithmetic intensity: "295 FLOP/B".
pub fn intensity(intensity: FlopsPerByte) -> Amount {
    Amount::new(significant(intensity.get()), "FLOP/B")
}

const SI: &[&str] = &["", "k", "M", "G", "T", "P", "E", "Z", "Y"];

/// Reads a count as people type it: digits with separators, or with a suffix `k` (1024) or `M` (1024 x 1024).
///
/// ```
/// # use ridgepoint_calculator::numbers::parse_count;
/// assert_eq!(parse_count("131,072"), Ok(131_072));
/// assert_eq!(parse_count(" 8k "), Ok(8_192));
/// assert_eq!(parse_count("1.5k"), Ok(1_536));
/// assert!(parse_count("lots").is_err());
/// assert!(parse_count("-3").is_err());
/// ```
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let expected = || "enter a whole number such as 4096, 4,096 or 4k".to_string();
    let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    let (digits, scale) = if let Some(digits) = plain.strip_suffix(['k', 'K']) {
        (digits, 1024.0)
    } else if let Some(digits) = plain.strip_suffix(['m', 'M']) {
        (digits, 1024.0 * 1024.0)
    } else {
        (plain.as_str(), 1.0)
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(expected());
    }
    if scale == 1.0 {
        return digits.parse().map_err(|_| expected());
    }
    let value = parse_decimal(digits).ok_or_else(expected)?;
    Ok((value * scale).round() as u64)
}

/// Reads a plain decimal number such as 0.9 or 12: at most fifteen digits, no sign and no exponent.
///
/// The library's reader of every possible number would bring 10 kB of tables into the page. Numerator and power of
/// ten are exact here, so their quotient is the nearest number, as from the library.
///
/// ```
/// # use ridgepoint_calculator::numbers::parse_decimal;
/// assert_eq!(parse_decimal("0.9"), Some(0.9));
/// assert_eq!(parse_decimal("12"), Some(12.0));
/// assert_eq!(parse_decimal("1e3"), None);
/// ```
pub fn parse_decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.len() + fraction.len();
    if digits == 0 || digits > 15 || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let numerator = whole.bytes().chain(fraction.bytes()).fold(0_u64, |sum, byte| sum * 10 + u64::from(byte - b'0'));
    Some(numerator as f64 / 10_u64.pow(fraction.len() as u32) as f64)
}

/// A decimal number with as many digits as it needs, up to six after the point.
///
/// ```
/// # use ridgepoint_calculator::numbers::decimal;
/// assert_eq!([0.9, 1.0, 4.125].map(decimal), ["0.9", "1", "4.125"]);
/// ```
pub fn decimal(value: f64) -> String {
    format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').into()
}
