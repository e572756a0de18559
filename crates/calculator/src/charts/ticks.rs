//! Where grid lines go on logarithmic axes.

use crate::chart::Tick;

/// Ticks at powers of ten between `min` and `max`, at most about six labelled.
pub(crate) fn decades(min: f64, max: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
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

/// Ticks at one, two and five times the powers of ten between `min` and `max`; only at the powers where those are many.
pub(crate) fn rounds(min: f64, max: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    if max / min > 1000.0 {
        return decades(min, max, label);
    }
    let (first, last) = (min.log10().floor() as i32, max.log10().ceil() as i32);
    let values = (first..=last).flat_map(|exponent| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(exponent)));
    let within = values.filter(|value| (min..=max).contains(value));
    within.map(|value| Tick { value, label: label(value) }).collect()
}

/// The ends of an axis with a little room around values from `min` to `max`, at one, two or five times powers of ten.
pub(crate) fn around(min: f64, max: f64) -> (f64, f64) {
    let (low, high) = (min / 1.1, max * 1.1);
    let start = decade_below(low);
    let first = [5.0, 2.0].into_iter().map(|step| step * start).find(|&value| value <= low).unwrap_or(start);
    let end = decade_below(high);
    let last = [1.0, 2.0, 5.0].into_iter().map(|step| step * end).find(|&value| value >= high).unwrap_or(10.0 * end);
    (first, last)
}

/// Ticks at powers of two between `min` and `max`, every other one labelled where there are many.
pub(crate) fn doublings(min: u64, max: u64, label: impl Fn(u64) -> String) -> Vec<Tick> {
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
pub(crate) fn decade_below(value: f64) -> f64 {
    10_f64.powi(value.log10().floor() as i32)
}

/// The power of ten at or above `value`.
pub(crate) fn decade_above(value: f64) -> f64 {
    10_f64.powi(value.log10().ceil() as i32)
}
