//! How far predictions are from measurements: the spreads for intervals, and the table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ridgepoint_catalog::calibration::{Cell, METRICS};
use serde_json::{Value, json};

use crate::cases::Case;
use crate::cells;
use crate::fit::miss;

/// Fewest held-out measurements that say how wide an interval has to be.
const ENOUGH: usize = 8;

/// A case with the logarithm of predicted over measured.
pub(crate) struct Miss<'a> {
    case: &'a Case,
    log: f64,
}

impl Miss<'_> {
    /// Measured over predicted, of times even where the source gives the rate.
    fn ratio(&self) -> f64 {
        if self.case.is_inverse_of_time() { self.log.exp() } else { (-self.log).exp() }
    }
}

/// What `cells` miss.
pub(crate) fn misses<'a>(cases: &'a [Case], cells: &[Cell]) -> Vec<Miss<'a>> {
    cases.iter().map(|case| Miss { case, log: miss(case, cells::efficiency(cells, &case.kind)) }).collect()
}

/// How far 80 % of the held-out measurements lie from their predictions at most, by engine and metric where enough is
/// held out, else by metric, else of everything; single engines first.
pub(crate) fn spreads(misses: &[Miss<'_>]) -> Vec<Value> {
    let held_out = |metric: Option<usize>, engine: Option<u8>| -> Vec<f64> {
        let is_it = |miss: &&Miss<'_>| {
            miss.case.is_validation
                && metric.is_none_or(|metric| miss.case.metric as usize == metric)
                && engine.is_none_or(|engine| miss.case.kind.engine == engine)
        };
        misses.iter().filter(is_it).map(Miss::ratio).collect()
    };
    let entry = |metric: usize, engine: Option<u8>, ratios: &[f64]| {
        let thousandths = |ratio: f64| (ratio * 1e3).round() / 1e3;
        let mut factors: Vec<f64> = ratios.iter().map(|ratio| ratio.max(1.0 / ratio)).collect();
        factors.sort_by(f64::total_cmp);
        // As far below as above: a few dozen measurements say how wide the middle is, not where its ends are.
        let factor = quantile(&factors, 0.8);
        let mut entry = json!({
            "metric": METRICS[metric],
            "low": thousandths(1.0 / factor),
            "high": thousandths(factor),
            "measurements": ratios.len(),
        });
        if let Some(engine) = engine {
            entry["engine"] = json!(cells::engine_name(engine));
        }
        entry
    };
    let all = held_out(None, None);
    let pooled = |metric: usize| Some(held_out(Some(metric), None)).filter(|ratios| ratios.len() >= ENOUGH);
    let mut list = Vec::new();
    for metric in 0..METRICS.len() {
        for engine in 0..6 {
            let is_it = |miss: &&Miss<'_>| miss.case.metric as usize == metric && miss.case.kind.engine == engine;
            if misses.iter().any(|miss| is_it(&miss)) {
                let own = Some(held_out(Some(metric), Some(engine))).filter(|ratios| ratios.len() >= ENOUGH);
                let ratios = own.or_else(|| pooled(metric)).unwrap_or_else(|| all.clone());
                list.push(entry(metric, Some(engine), &ratios));
            }
        }
    }
    for metric in 0..METRICS.len() {
        // An engine of which nobody has measured this may be twice as far off.
        let ratios = pooled(metric).unwrap_or_else(|| all.clone());
        let doubled: Vec<f64> = ratios.iter().map(|ratio| ratio * ratio).collect();
        list.push(entry(metric, None, &doubled));
    }
    list
}

/// A quantile of sorted values, between neighbours where it falls between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    match (sorted.get(below), sorted.get(below + 1)) {
        (Some(low), Some(high)) => low + (high - low) * part,
        (Some(only), None) => *only,
        (None, _) => 1.0,
    }
}

/// Whether a measurement lies in the interval of its prediction.
fn is_covered(miss: &Miss<'_>, spreads: &[Value]) -> bool {
    let engine = cells::engine_name(miss.case.kind.engine);
    let metric = METRICS[miss.case.metric as usize];
    let found = spreads
        .iter()
        .find(|spread| spread["metric"] == metric && spread.get("engine").is_none_or(|of| of.as_str() == Some(engine)));
    let bound = |key: &str| found.and_then(|spread| spread[key].as_f64());
    let ratio = miss.ratio();
    bound("low").is_some_and(|low| ratio >= low) && bound("high").is_some_and(|high| ratio <= high)
}

/// `docs/ACCURACY.md`.
pub(crate) fn page(misses: &[Miss<'_>], spreads: &[Value]) -> String {
    let mut text = String::from(INTRODUCTION);
    let mut table = |title: &str, name: &dyn Fn(&Case) -> String| {
        let mut groups: BTreeMap<String, Vec<&Miss<'_>>> = BTreeMap::new();
        for miss in misses {
            groups.entry(name(miss.case)).or_default().push(miss);
        }
        let _ = write!(text, "\n## {title}\n\n{HEAD}");
        for (name, misses) in groups {
            text += &row(&name, &misses, spreads);
        }
    };
    table("By what is measured", &|case| case.group.clone());
    table("By engine", &|case| cells::engine_name(case.kind.engine).to_owned());
    table("By what is measured and engine", &|case| {
        format!("{}, {}", case.group, cells::engine_name(case.kind.engine))
    });
    table("Everything", &|_| "all".to_owned());
    text += &worst(misses);
    text += &sources(misses);
    text
}

const INTRODUCTION: &str = "\
# How far predictions are from measurements

`cargo xtask calibrate` writes this page, the constants (`crates/catalog/data/calibration/cells.json`) and the widths of
the intervals (`spreads.json` beside it) from the published measurements in `tests/measured/performance.json`.

One sweep in five (everything that shares model, device, engine, version, formats and layout) is kept from the fit.
**Fit** are errors on what the constants were fitted on: they say how well the formulas can describe, not how well they
predict. **Held out** is the evidence. MAPE is the mean of |predicted - measured| / measured, bias the mean of
(predicted - measured) / measured, covered the share of measurements inside the predicted interval, which is made to
hold 80 % of the held-out ones.

The formulas were chosen with both columns in sight, so expect somewhat larger errors on kinds of benchmark that are not
below. Many sources do not record the format of the KV cache, the size of chunks or the scheduler: what is left of the
errors in serving at high concurrency, in loaded TTFT and in unified-memory machines is mostly that.
";

const HEAD: &str = "\
| | Fit | MAPE % | median % | bias % | covered % | Held out | MAPE % | median % | bias % | covered % |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// Errors of a set of cases, apart for what the fit saw and what it did not.
fn row(name: &str, misses: &[&Miss<'_>], spreads: &[Value]) -> String {
    let half = |is_validation: bool| {
        let half: Vec<&&Miss<'_>> = misses.iter().filter(|miss| miss.case.is_validation == is_validation).collect();
        if half.is_empty() {
            return "0 | | | | ".to_owned();
        }
        let errors = || half.iter().map(|miss| miss.log.exp() - 1.0);
        let mut sizes: Vec<f64> = errors().map(f64::abs).collect();
        sizes.sort_by(f64::total_cmp);
        let count = half.len() as f64;
        let mean = sizes.iter().sum::<f64>() / count * 100.0;
        let median = quantile(&sizes, 0.5) * 100.0;
        let bias = errors().sum::<f64>() / count * 100.0;
        let covered = half.iter().filter(|miss| is_covered(miss, spreads)).count() as f64 / count * 100.0;
        format!("{} | {mean:.1} | {median:.1} | {bias:+.1} | {covered:.0}", half.len())
    };
    format!("| {name} | {} | {} |\n", half(false), half(true))
}

/// The predictions that are furthest off.
fn worst(misses: &[Miss<'_>]) -> String {
    const SHOWN: usize = 25;
    let mut sorted: Vec<&Miss<'_>> = misses.iter().collect();
    sorted.sort_by(|a, b| b.log.abs().total_cmp(&a.log.abs()));
    let mut text =
        String::from("\n## Furthest off\n\n| Predicted / measured | Held out | What | Scenario |\n|---|---|---|---|\n");
    for Miss { case, log } in sorted.into_iter().take(SHOWN) {
        let held_out = if case.is_validation { "yes" } else { "no" };
        let _ = writeln!(text, "| {:.2} | {held_out} | {} | `{}` |", log.exp(), case.group, case.query);
    }
    text
}

/// Where the measurements are from.
fn sources(misses: &[Miss<'_>]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for miss in misses {
        *counts.entry(&miss.case.source).or_default() += 1;
    }
    let mut text = String::from("\n## Sources\n\n");
    for (source, count) in counts {
        let _ = writeln!(text, "- {count} from {source}");
    }
    text
}
