//! How the KV cache grows with context and batch, against the memory that is left for it.

use ridgepoint_core::{Bytes, Workload};

use super::ticks;
use crate::capacity;
use crate::chart::{Axis, Chart, Mark, Point, Scale, Series, Stroke};
use crate::compare::LETTERS;
use crate::deployment::{Resolved, Run};
use crate::ink::Ink;
use crate::link::MAX_TOKENS;
use crate::numbers;
use crate::scenario::Scenario;
use crate::table::{Column, Row, Table};

const GIB: f64 = (1_u64 << 30) as f64;

/// KV cache on the fullest device over context, for the scenario's batch and three others.
pub fn kv_cache(scenario: &Scenario) -> Chart {
    let resolved = Resolved::of(scenario);
    let now = resolved.workload;
    let cache = Cache::new(&resolved, now);
    let batches = batches(now.batch);
    let context_now = now.context_tokens().min(MAX_TOKENS);
    let longest = longest_context(&resolved, context_now);
    let shortest = SHORTEST.min(context_now.next_power_of_two() / 2).max(1);
    let free = capacity::room_for_cache(&resolved, now);
    let x = x_axis(shortest, longest);
    let contexts = sampled(shortest, longest);
    let gib_at = |batch, context| cache.bytes(batch, context).as_f64() / GIB;
    let lowest = Some(gib_at(batches[0], shortest)).filter(|&gib| gib > 0.0).unwrap_or(0.01);
    let highest = gib_at(batches[batches.len() - 1], longest).max(lowest * 10.0);
    let ceiling = free.map(|free| free.as_f64() / GIB).filter(|&free| free > 0.0);
    let y = y_axis(lowest, highest.max(ceiling.unwrap_or(0.0) * 1.5));
    let mut series: Vec<Series> = ceiling.map(|free| ceiling_line(free, &x)).into_iter().collect();
    let mut marks = Vec::new();
    let grows = cache.bytes(batches[batches.len() - 1], longest) > Bytes::ZERO;
    for (index, &batch) in batches.iter().enumerate().filter(|_| grows) {
        let sizes: Vec<(u64, Bytes)> = contexts.iter().map(|&context| (context, cache.bytes(batch, context))).collect();
        series.push(line(
            batch,
            if batch == now.batch { Ink::Current } else { Ink::Series(index as u8) },
            &sizes,
            y.min,
        ));
        if let Some((context, free)) = free.and_then(|free| Some((cache.crossing_among(batch, &sizes, free)?, free))) {
            let label = match context {
                0..1024 => numbers::count(context),
                _ => numbers::significant(context as f64 / 1024.0) + "k",
            };
            marks.push(Mark { x: context as f64, y: free.as_f64() / GIB, label, ink: Ink::Limit });
        }
    }
    if let Some(line) = series.iter_mut().find(|line| line.ink == Ink::Current) {
        line.emphasis = true;
        let y_now = gib_at(now.batch, context_now).max(y.min);
        marks.push(Mark { x: context_now as f64, y: y_now, label: "now".into(), ink: Ink::Current });
    }
    let caption = if grows { caption(&cache, now.batch, free) } else { "This model keeps no KV cache.".into() };
    let table = table(&cache, &batches, &x);
    Chart { id: "kv-cache", title: "KV cache over context".into(), caption, x, y, series, marks, table }
}

/// The same for several scenarios: the cache of each at its own batch.
pub fn kv_cache_of(scenarios: &[&Scenario]) -> Chart {
    let resolved: Vec<Resolved> = scenarios.iter().map(|scenario| Resolved::of(scenario)).collect();
    let contexts_now = resolved.iter().map(|resolved| resolved.workload.context_tokens().min(MAX_TOKENS));
    let contexts_now: Vec<u64> = contexts_now.collect();
    let limits = resolved.iter().zip(&contexts_now).map(|(resolved, &now)| longest_context(resolved, now));
    let longest = limits.max().unwrap_or(2 * SHORTEST);
    let least = contexts_now.iter().copied().min().unwrap_or(SHORTEST);
    let shortest = SHORTEST.min(least.next_power_of_two() / 2).max(1);
    let x = x_axis(shortest, longest);
    let contexts = sampled(shortest, longest);
    let caches: Vec<Cache> = resolved.iter().map(|resolved| Cache::new(resolved, resolved.workload)).collect();
    let sizes = |cache: &Cache| -> Vec<(u64, Bytes)> {
        contexts.iter().map(|&context| (context, cache.bytes(cache.resolved.workload.batch, context))).collect()
    };
    let sizes: Vec<Vec<(u64, Bytes)>> = caches.iter().map(sizes).collect();
    let amounts = || sizes.iter().flatten().map(|(_, bytes)| bytes.as_f64() / GIB).filter(|&gib| gib > 0.0);
    let highest = amounts().fold(0.1, f64::max);
    let y = y_axis(amounts().fold(highest, f64::min).min(highest / 10.0), highest);
    let (mut series, mut marks) = (Vec::new(), Vec::new());
    for (index, (cache, sizes)) in caches.iter().zip(&sizes).enumerate() {
        let letter = LETTERS.get(index).copied().unwrap_or_default();
        let ink = Ink::Series(index as u8);
        let batch = cache.resolved.workload.batch;
        if sizes.iter().any(|(_, bytes)| *bytes > Bytes::ZERO) {
            series.push(Series { name: letter.into(), ..line(batch, ink, sizes, y.min) });
            let now = contexts_now[index];
            let level = (cache.bytes(batch, now).as_f64() / GIB).max(y.min);
            marks.push(Mark { x: now as f64, y: level, label: letter.into(), ink });
        }
    }
    let row = |context: u64| {
        let cells = caches.iter().map(|cache| numbers::gib(cache.bytes(cache.resolved.workload.batch, context)));
        Row { cells: core::iter::once(numbers::count(context)).chain(cells).collect(), ..Row::default() }
    };
    let letters = LETTERS.into_iter().take(caches.len()).map(|letter| Column::figures(format!("{letter} (GiB)")));
    let table = Table {
        caption: "KV cache per device by context, for each scenario".into(),
        columns: core::iter::once(Column::figures("Context (tokens)")).chain(letters).collect(),
        rows: x.ticks.iter().map(|tick| row(tick.value as u64)).collect(),
    };
    Chart {
        id: "compared-cache",
        title: "KV cache over context".into(),
        caption: "On the fullest device, each scenario with its own number of sequences.".into(),
        x,
        y,
        series,
        marks,
        table,
    }
}

fn x_axis(shortest: u64, longest: u64) -> Axis {
    Axis {
        label: "Context (tokens per sequence)".into(),
        scale: Scale::Logarithmic,
        min: shortest as f64,
        max: longest as f64,
        ticks: ticks::doublings(shortest, longest, numbers::context),
    }
}

/// The cache of `batch` sequences over context.
fn line(batch: u64, ink: Ink, sizes: &[(u64, Bytes)], least: f64) -> Series {
    let point = |&(context, bytes): &(u64, Bytes)| Point {
        x: context as f64,
        y: (bytes.as_f64() / GIB).max(least),
        reading: format!(
            "{} per device at {} tokens, batch {}",
            numbers::bytes(bytes),
            numbers::count(context),
            numbers::count(batch)
        ),
    };
    Series {
        name: format!("batch {}", numbers::count(batch)),
        ink,
        stroke: Stroke::Line,
        emphasis: false,
        points: sizes.iter().map(point).collect(),
        readable: true,
    }
}

/// Where the axis starts, unless the scenario lies further left.
const SHORTEST: u64 = 512;

/// The KV cache of the fullest device.
struct Cache<'a> {
    resolved: &'a Resolved,
    fullest: Option<Run>,
}

impl<'a> Cache<'a> {
    fn new(resolved: &'a Resolved, workload: Workload) -> Self {
        let cache = |run: &Run| resolved.reserve(run, workload).memory.kv_cache;
        Self { resolved, fullest: resolved.distinct_runs().into_iter().max_by_key(cache) }
    }

    fn bytes(&self, batch: u64, context: u64) -> Bytes {
        // The answer keeps its length; what grows is the prompt.
        let output_tokens = self.resolved.workload.output_tokens.min(context);
        let workload = Workload { batch, prompt_tokens: context - output_tokens, output_tokens };
        self.fullest.map_or(Bytes::ZERO, |run| self.resolved.reserve(&run, workload).memory.kv_cache)
    }

    /// The longest context at which the cache of `batch` sequences stays within `free`; `None` if it always does.
    fn crossing(&self, batch: u64, free: Bytes) -> Option<u64> {
        (self.bytes(batch, MAX_TOKENS) > free).then(|| self.last_within(batch, free, 0, MAX_TOKENS))
    }

    /// The same, if it lies among contexts of which the sizes are known.
    fn crossing_among(&self, batch: u64, sizes: &[(u64, Bytes)], free: Bytes) -> Option<u64> {
        let pair = sizes.windows(2).find(|pair| pair[0].1 <= free && free < pair[1].1)?;
        Some(self.last_within(batch, free, pair[0].0, pair[1].0))
    }

    /// The longest context from `good`, which stays within `free`, to `bad`, which does not.
    fn last_within(&self, batch: u64, free: Bytes, mut good: u64, mut bad: u64) -> u64 {
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            if self.bytes(batch, middle) <= free { good = middle } else { bad = middle }
        }
        good
    }
}

/// The scenario's batch among three others, each four times the one before.
fn batches(now: u64) -> [u64; 4] {
    let first = if now < 4 { now } else { now / 4 };
    let second = if now < 4 { now * 4 } else { now };
    [first, second, second * 4, second * 16]
}

fn longest_context(resolved: &Resolved, now: u64) -> u64 {
    /// Enough to see growth where a model does not say what it was made for.
    const USUAL: u64 = 32_768;
    resolved.model.context_limit.unwrap_or(USUAL).clamp(8_192, MAX_TOKENS).max(now).next_power_of_two()
}

/// Contexts four to the doubling, the powers of two among them.
fn sampled(shortest: u64, longest: u64) -> Vec<u64> {
    let mut contexts = Vec::new();
    let mut power = shortest.max(1);
    while power < longest {
        contexts.extend([power, power + power / 4, power + power / 2, power + power / 4 * 3]);
        power *= 2;
    }
    contexts.push(longest);
    contexts.dedup();
    contexts
}

fn y_axis(lowest: f64, highest: f64) -> Axis {
    let (min, max) = (ticks::decade_below(lowest), highest * 1.5);
    Axis {
        label: "KV cache per device (GiB)".into(),
        scale: Scale::Logarithmic,
        min,
        max,
        ticks: ticks::decades(min, max, numbers::round),
    }
}

fn ceiling_line(free: f64, x: &Axis) -> Series {
    let reading = || format!("{} GiB are left for the cache", numbers::significant(free));
    let points = [x.min, x.max].map(|x| Point { x, y: free, reading: reading() });
    Series {
        name: format!("free for cache: {} GiB", numbers::significant(free)),
        ink: Ink::Limit,
        stroke: Stroke::Dashed,
        emphasis: false,
        points: points.into(),
        readable: false,
    }
}

fn caption(cache: &Cache, batch: u64, free: Option<Bytes>) -> String {
    let sequences =
        if batch == 1 { "one sequence".to_string() } else { format!("{} sequences", numbers::count(batch)) };
    match free {
        None => format!("KV cache of {sequences}; how much memory is left for it is not known."),
        Some(Bytes::ZERO) => "Nothing is left for the KV cache: the weights and the engine take everything.".into(),
        Some(free) => match cache.crossing(batch, free) {
            Some(context) => format!(
                "With {sequences} the KV cache fills the free {} at {} tokens.",
                numbers::bytes(free),
                numbers::count(context)
            ),
            None => format!("With {sequences} the KV cache never fills the free {}.", numbers::bytes(free)),
        },
    }
}

fn table(cache: &Cache, batches: &[u64], x: &Axis) -> Table {
    let mut columns = vec![Column::figures("Context (tokens)")];
    columns.extend(batches.iter().map(|&batch| Column::figures(format!("Batch {} (GiB)", numbers::count(batch)))));
    let rows = x
        .ticks
        .iter()
        .map(|tick| {
            let context = tick.value as u64;
            let cells = batches.iter().map(|&batch| numbers::gib(cache.bytes(batch, context)));
            Row { cells: core::iter::once(numbers::count(context)).chain(cells).collect(), ..Row::default() }
        })
        .collect();
    Table { caption: "KV cache per device by context and batch".into(), columns, rows }
}
