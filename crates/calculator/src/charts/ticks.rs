//! Where grid lines go on logarithmic axes.

use crate::chart::Tick;

/// Ticks at powers of ten between `min` and `max`, at most about six labelled.
pub(super) fn decades(min: f64, max: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let (first, last) = (min.log10().ceil() as i32, max.log10().floor() as i32);
    let every = ((last - first) / 6 + 1).max(1);
    (first..=last)
        .map(|exponent| {
            let value = 10_f64.powi(exponent);
            let labelled = (exponent - first).rem_euclid(every) == 0;
            Tick { value, label: if labelled { label(value) } else { String::new() } }
        })
        .collect()
}

/// Ticks at powers of two between `min` and `max`, every other one labelled where there are many.
pub(super) fn doublings(min: u64, max: u64, label: impl Fn(u64) -> String) -> Vec<Tick> {
    let values: Vec<u64> =
        (0..u64::BITS).map(|power| 1_u64 << power).filter(|value| (min..=max).contains(value)).collect();
    let every = values.len() / 8 + 1;
    // Counted from the end, so that the round number at the right edge has its label.
    let count = values.len();
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            let labelled = (count - 1 - index).is_multiple_of(every);
            Tick { value: value as f64, label: if labelled { label(value) } else { String::new() } }
        })
        .collect()
}

/// The power of ten at or below `value`.
pub(super) fn decade_below(value: f64) -> f64 {
    10_f64.powi(value.log10().floor() as i32)
}

/// The power of ten at or above `value`.
pub(super) fn decade_above(value: f64) -> f64 {
    10_f64.powi(value.log10().ceil() as i32)
}
