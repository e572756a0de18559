//! How far predictions are from measurements: the spreads for intervals, and the table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ridgepoint_catalog::calibration::{Cell, METRICS};
use serde_json::{Value, json};

use crate::cases::{Case, sweep};
use crate::cells;
use crate::fit::miss;
use crate::kernels::Kernel;

/// Fewest measurements that say how wide an interval has to be.
const ENOUGH: usize = 8;

/// A case with the logarithm of predicted over measured.
pub(crate) struct Miss<'a> {
    pub(crate) case: &'a Case,
    pub(crate) log: f64,
    /// Whether the constants come from the case's own engine and family of devices.
    pub(crate) is_near: bool,
}

impl Miss<'_> {
    /// Measured over predicted, of times even where the source gives the rate. Its root where the constants come from
    /// other devices, because intervals are twice as wide there: see [`interval`].
    fn ratio(&self) -> f64 {
        let log = if self.is_near { self.log } else { self.log / 2.0 };
        if self.case.is_inverse_of_time() { log.exp() } else { (-log).exp() }
    }
}

/// What `cells` miss.
pub(crate) fn misses<'a>(cases: &'a [Case], cells: &[Cell]) -> Vec<Miss<'a>> {
    cases.iter().map(|case| miss_of(case, cells)).collect()
}

/// What `cells` miss of one case.
pub(crate) fn miss_of<'a>(case: &'a Case, cells: &[Cell]) -> Miss<'a> {
    let is_near = cells::of_kind(cells, &case.kind).is_some_and(|cell| cell.family.is_some());
    Miss { case, log: miss(case, cells::efficiency(cells, &case.kind)), is_near }
}

/// How far 80 % of the measurements lie from their predictions at most, by engine and metric where there are enough, else
/// by metric, else of everything; single engines first. `unseen` is what constants miss that were fitted without a
/// measurement's sweep, and counts twice beside `seen`, what the published ones miss: most scenarios are no sweep that
/// was measured.
pub(crate) fn spreads(seen: &[Miss<'_>], unseen: &[Miss<'_>]) -> Vec<Value> {
    let misses = || [seen, unseen, unseen].into_iter().flatten();
    let ratios_of = |metric: Option<usize>, engine: Option<u8>| -> Vec<f64> {
        let is_it = |miss: &&Miss<'_>| {
            metric.is_none_or(|metric| miss.case.metric as usize == metric)
                && engine.is_none_or(|engine| miss.case.kind.engine == engine)
        };
        misses().filter(is_it).map(Miss::ratio).collect()
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
            "residuals": ratios.len(),
        });
        if let Some(engine) = engine {
            entry["engine"] = json!(cells::engine_name(engine));
        }
        entry
    };
    let all = ratios_of(None, None);
    let pooled = |metric: usize| Some(ratios_of(Some(metric), None)).filter(|ratios| ratios.len() >= ENOUGH);
    let mut list = Vec::new();
    for metric in 0..METRICS.len() {
        for engine in 0..6 {
            let is_it = |miss: &&Miss<'_>| miss.case.metric as usize == metric && miss.case.kind.engine == engine;
            if misses().any(|miss| is_it(&miss)) {
                let own = Some(ratios_of(Some(metric), Some(engine))).filter(|ratios| ratios.len() >= ENOUGH);
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

/// The interval of a prediction, as factors on it: twice as wide where the constants come from other devices, as
/// `ridgepoint_catalog::calibration::spread` has it.
pub(crate) fn interval(miss: &Miss<'_>, spreads: &[Value]) -> Option<(f64, f64)> {
    let Miss { case, is_near, .. } = miss;
    let engine = cells::engine_name(case.kind.engine);
    let metric = METRICS[case.metric as usize];
    let found = spreads.iter().find(|spread| {
        spread["metric"] == metric && spread.get("engine").is_none_or(|of| of.as_str() == Some(engine))
    })?;
    let (low, high) = (found["low"].as_f64()?, found["high"].as_f64()?);
    let (low, high) = if *is_near { (low, high) } else { (low * low, high * high) };
    Some(if case.is_inverse_of_time() { (1.0 / high, 1.0 / low) } else { (low, high) })
}

/// Whether a measurement lies in the interval of its prediction.
fn is_covered(miss: &Miss<'_>, spreads: &[Value]) -> bool {
    let ratio = (-miss.log).exp();
    interval(miss, spreads).is_some_and(|(low, high)| (low..=high).contains(&ratio))
}

/// `docs/ACCURACY.md`.
pub(crate) fn page(
    misses: &[Miss<'_>],
    unseen: &[Miss<'_>],
    spreads: &[Value],
    kernels: &[Kernel],
    cells: &[Cell],
) -> String {
    let mut text = String::from(INTRODUCTION);
    let mut table = |title: &str, name: &dyn Fn(&Case) -> String| {
        let mut groups: BTreeMap<String, Vec<(&Miss<'_>, &Miss<'_>)>> = BTreeMap::new();
        for (miss, unseen) in misses.iter().zip(unseen) {
            groups.entry(name(miss.case)).or_default().push((miss, unseen));
        }
        let _ = write!(text, "\n## {title}\n\n{HEAD}");
        for (name, group) in groups {
            text += &row(&name, &group, spreads);
        }
    };
    table("By what is measured", &|case| case.group.clone());
    table("By engine", &|case| cells::engine_name(case.kind.engine).to_owned());
    table("By what is measured and engine", &|case| {
        format!("{}, {}", case.group, cells::engine_name(case.kind.engine))
    });
    table("Everything", &|_| "all".to_owned());
    text += &by_evidence(unseen, spreads);
    text += &repeated(misses);
    text += &worst_sweeps(unseen);
    text += &worst(misses);
    text += &of_kernels(kernels, cells);
    text += &sources(misses);
    text
}

const INTRODUCTION: &str = "\
# How far predictions are from measurements

`cargo xtask calibrate` writes this page, the constants (`crates/catalog/data/calibration/cells.json`), the widths of the
intervals (`spreads.json` beside it) and the list behind the page's evidence (`crates/catalog/data/evidence.json`) from the
published measurements in `tests/measured/performance.json`, with the times of single kernels in `operations.json` beside
it as a light prior. The last section is on memory, from `memory.json` beside them; nothing is fitted on that here.

One sweep in five (everything that shares model, device, engine, version, formats and layout) is kept from the fit.
**Fit** are errors on what the constants were fitted on: they say how well the formulas can describe, not how well they
predict. **Held out** is what was kept. **Each without its sweep** does the same five times, with another fifth kept each
time, so that every measurement is predicted by constants that never saw its sweep: it is the fairest estimate for
scenarios unlike the measured ones, and the harshest, as some sweeps are all that is known of an engine on a device.

All figures are per cent. MAPE is the mean of |predicted - measured| / measured, bias the mean of (predicted - measured) /
measured, covered the share of measurements inside the predicted interval. Intervals hold 80 % of the measurements when
those without the sweep count twice and those of the published constants once.

The formulas were chosen with all columns in sight, so expect somewhat larger errors on kinds of benchmark that are not
below.

## What holds predictions back

- Sources leave settings out. Many do not record the format of the KV cache, the size of chunks or the scheduler; tables
  for llama.cpp on unified memory mix back ends (ROCm and two Vulkan drivers) that one query cannot tell apart. The table
  of repeated measurements says how much that is.
- A pair of engine and device that one sweep alone speaks of is predicted badly without it: see the sweeps below.
- Mixtures in TensorRT-LLM are measured with attention data-parallel where the most output is wanted, and the highest
  output rate is predicted so; the tables do not say where a run fell back to less memory for the cache.
- Requests of a benchmark run out: with 1500 requests and a thousand in flight, the measured rate has a beginning and an
  end in it, the predicted one has not.
- Prompts that llama.cpp spreads over several devices were measured before January 2026, when the queues of CUDA limited
  how many passes overlap (`crates/core/src/pipeline.rs`). Builds since then ask for longer queues and may be faster.
- Layers and experts in host memory (llama.cpp) follow assumed constants: no measurement of them is here.
";

const HEAD: &str = "\
| | Fit | MAPE | median | bias | Held out | MAPE | median | bias | covered | Each without its sweep | MAPE | median | bias | covered |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Errors of a set of cases in per cent: of what the fit saw, of what it did not, and of all where nothing was seen.
fn row(name: &str, group: &[(&Miss<'_>, &Miss<'_>)], spreads: &[Value]) -> String {
    let of_half = |is_validation| -> Vec<&Miss<'_>> {
        group.iter().map(|(miss, _)| *miss).filter(|miss| miss.case.is_validation() == is_validation).collect()
    };
    let unseen: Vec<&Miss<'_>> = group.iter().map(|(_, unseen)| *unseen).collect();
    let [fit, held_out, unseen] = [(of_half(false), false), (of_half(true), true), (unseen, true)]
        .map(|(misses, with_intervals)| errors(&misses, with_intervals.then_some(spreads)));
    format!("| {name} | {fit} | {held_out} | {unseen} |\n")
}

/// How many, MAPE, median, bias, and where `spreads` are given the share in intervals.
fn errors(misses: &[&Miss<'_>], spreads: Option<&[Value]>) -> String {
    let Errors { count, mean, median, bias, covered } = Errors::of(misses, spreads.unwrap_or_default());
    let figures = match count {
        0 => " | | ".to_owned(),
        _ => format!("{:.1} | {:.1} | {:+.1}", mean * 100.0, median * 100.0, bias * 100.0),
    };
    let covered = match spreads {
        Some(_) if count > 0 => format!(" | {:.0}", covered * 100.0),
        Some(_) => " | ".to_owned(),
        None => String::new(),
    };
    format!("{count} | {figures}{covered}")
}

/// Errors of predictions, as shares.
#[derive(Default)]
pub(crate) struct Errors {
    pub(crate) count: usize,
    pub(crate) mean: f64,
    pub(crate) median: f64,
    pub(crate) bias: f64,
    pub(crate) covered: f64,
}

impl Errors {
    pub(crate) fn of(misses: &[&Miss<'_>], spreads: &[Value]) -> Self {
        let signed = || misses.iter().map(|miss| miss.log.exp() - 1.0);
        let mut sizes: Vec<f64> = signed().map(f64::abs).collect();
        sizes.sort_by(f64::total_cmp);
        let count = misses.len().max(1) as f64;
        let inside = misses.iter().filter(|miss| is_covered(miss, spreads)).count() as f64;
        Self {
            count: misses.len(),
            mean: sizes.iter().sum::<f64>() / count,
            median: quantile(&sizes, 0.5),
            bias: signed().sum::<f64>() / count,
            covered: inside / count,
        }
    }
}

/// Scatter of repeated measurements of the same scenario: how many there are, and how far the figure that suits each
/// scenario best in hindsight is from them on average.
pub(crate) fn floor(misses: &[&Miss<'_>]) -> (usize, f64) {
    let mut repeated: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for miss in misses {
        repeated.entry(&miss.case.query).or_default().push(miss.case.measured);
    }
    repeated.retain(|_, measured| measured.len() > 1);
    let off = |measured: &Vec<f64>| -> f64 {
        let from = |best: f64| measured.iter().map(|measured| (best / measured - 1.0).abs()).sum::<f64>();
        // The sum is linear between measurements, so that one of them is best.
        measured.iter().map(|&best| from(best)).fold(f64::INFINITY, f64::min)
    };
    let count = repeated.values().map(Vec::len).sum::<usize>();
    (count, repeated.values().map(off).fold(0.0, |sum, off| sum + off) / count.max(1) as f64)
}

/// Repeated measurements of the same scenarios: what no prediction can do better than.
fn repeated(misses: &[Miss<'_>]) -> String {
    let mut groups: BTreeMap<&str, Vec<&Miss<'_>>> = BTreeMap::new();
    for miss in misses {
        groups.entry(&miss.case.group).or_default().push(miss);
    }
    let mut text = String::from(
        "\n## The same scenario measured more than once\n\nThe best figure in hindsight for each such scenario is this far from \
        its measurements. With all others predicted exactly,\nthat is the least error of the whole group: no prediction \
        that looks at the scenario alone does better.\n\n\
        | | Measurements | Least MAPE of them | Least MAPE of all |\n|---|---|---|---|\n",
    );
    let mut line = |name: &str, group: &[&Miss<'_>]| {
        let (count, mean) = floor(group);
        if count > 0 {
            let [of_them, of_all] = [mean, mean * count as f64 / group.len() as f64].map(|share| share * 100.0);
            let _ = writeln!(text, "| {name} | {count} of {} | {of_them:.1} | {of_all:.1} |", group.len());
        }
    };
    for (name, group) in groups {
        line(name, &group);
    }
    text
}

/// How errors without a sweep and their intervals depend on what else is known of its devices.
fn by_evidence(unseen: &[Miss<'_>], spreads: &[Value]) -> String {
    let mut text = String::from(
        "\n## By how near the other measurements are\n\nWithout its sweep, what is left of a scenario's engine on its family \
        of devices? Where that is nothing, the page says so and\nits intervals are twice as wide.\n\n\
        | | Measurements | MAPE | median | bias | covered |\n|---|---|---|---|---|---|\n",
    );
    for (name, is_near) in [("the engine on the family", true), ("the engine elsewhere, or other engines", false)] {
        let group: Vec<&Miss<'_>> = unseen.iter().filter(|miss| miss.is_near == is_near).collect();
        if !group.is_empty() {
            let _ = writeln!(text, "| {name} | {} |", errors(&group, Some(spreads)));
        }
    }
    text
}

/// The sweeps that add most to the error of predictions without them.
fn worst_sweeps(unseen: &[Miss<'_>]) -> String {
    const SHOWN: usize = 25;
    let mut sweeps: BTreeMap<(&str, String), Vec<&Miss<'_>>> = BTreeMap::new();
    for miss in unseen {
        sweeps.entry((&miss.case.group, sweep(&miss.case.query))).or_default().push(miss);
    }
    let size = |misses: &[&Miss<'_>]| misses.iter().map(|miss| (miss.log.exp() - 1.0).abs()).sum::<f64>();
    let total: f64 = sweeps.values().map(|misses| size(misses)).sum();
    let mut sorted: Vec<_> = sweeps.into_iter().map(|(key, misses)| (size(&misses) / total, key, misses)).collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut text = String::from(
        "\n## Sweeps that are hardest to predict without them\n\n\
        | Share of all error % | Predicted / measured | Measurements | What | Sweep |\n|---|---|---|---|---|\n",
    );
    for (share, (group, sweep), misses) in sorted.into_iter().take(SHOWN) {
        let mean = misses.iter().map(|miss| miss.log).sum::<f64>() / misses.len() as f64;
        let _ = writeln!(text, "| {:.1} | {:.2} | {} | {group} | `{sweep}` |", share * 100.0, mean.exp(), misses.len());
    }
    text
}

/// How well the constants tell the time of single kernels.
fn of_kernels(kernels: &[Kernel], cells: &[Cell]) -> String {
    let mut groups: BTreeMap<(&str, &str, &str, &str), Vec<f64>> = BTreeMap::new();
    for kernel in kernels {
        let predicted = kernel.predict(cells::efficiency(cells, &kernel.kind)).unwrap_or(f64::NAN);
        let key = (&*kernel.name, &*kernel.format, cells::engine_name(kernel.kind.engine), kernel.device);
        groups.entry(key).or_default().push(predicted / kernel.measured);
    }
    let mut text = String::from(
        "\n## Single kernels\n\nThe same constants against published times of kernels run alone. An engine's constants \
        also hold what happens between kernels, so that\nsmall ones are faster alone; predicted / measured is a geometric \
        mean.\n\n\
        | Operation | Format | Engine | Device | Kernels | Median error % | Predicted / measured |\n|---|---|---|---|---|---|---|\n",
    );
    for ((name, format, engine, device), ratios) in groups {
        let mut sizes: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
        let median = quantile(&sizes, 0.5) * 100.0;
        let count = ratios.len();
        let _ =
            writeln!(text, "| {name} | {format} | {engine} | {device} | {count} | {median:.0} | {:.2} |", mean.exp());
    }
    text
}

/// The predictions that are furthest off.
fn worst(misses: &[Miss<'_>]) -> String {
    const SHOWN: usize = 25;
    let mut sorted: Vec<&Miss<'_>> = misses.iter().collect();
    sorted.sort_by(|a, b| b.log.abs().total_cmp(&a.log.abs()));
    let mut text =
        String::from("\n## Furthest off\n\n| Predicted / measured | Held out | What | Scenario |\n|---|---|---|---|\n");
    for Miss { case, log, .. } in sorted.into_iter().take(SHOWN) {
        let held_out = if case.is_validation() { "yes" } else { "no" };
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
