//! Which layers go where when devices differ: consecutive runs of layers, one for each device in order.

use core::ops::Range;

use crate::units::{Bytes, Seconds};

/// What one layer asks of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerLoad {
    /// Its weights.
    pub weights: Bytes,
    /// Its cache and state.
    pub cache: Bytes,
}

/// What a device has for layers and their cache, once everything else that it must hold is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes; negative where the rest alone is too much.
    pub bytes: i64,
    /// Bytes by which the rest grows while the cache of the layers grows by itself once: activations of longer prompts.
    pub growth: i64,
}

impl Room {
    /// So many bytes, whatever the cache.
    pub const fn of(bytes: i64) -> Self {
        Self { bytes, growth: 0 }
    }
}

/// The split of `loads` over devices with these `rooms` that leaves most room for cache: the device that can hold the
/// fewest times its layers' cache can hold as many as possible. Where the weights alone are too much somewhere, the
/// device that lacks most lacks as little as possible.
///
/// ```
/// # use ridgepoint_core::{Bytes, placement::{LayerLoad, Room, roomiest}};
/// // 12 layers of 2 GB on 24 and 12 GB: with 8 and 4 layers both have 8 GB and 4 GB left for 8 and 4 parts of cache.
/// let layer = LayerLoad { weights: Bytes::new(2_000_000_000), cache: Bytes::new(1_000_000) };
/// assert_eq!(roomiest(&[layer; 12], &[24_000_000_000, 12_000_000_000].map(Room::of)), [8, 4]);
/// ```
pub fn roomiest(loads: &[LayerLoad], rooms: &[Room]) -> Vec<usize> {
    let sums = Sums::of(loads);
    split(loads.len(), rooms.len(), &|stage, layers| {
        let (weights, cache) = sums.between(layers);
        let Room { bytes, growth } = rooms.get(stage).copied().unwrap_or(Room::of(0));
        let left = bytes as f64 - weights;
        // Too little counts in bytes, so that more layers always make it worse.
        if left < 0.0 { left } else { left / (cache + growth as f64).max(1.0) }
    })
}

/// The split whose slowest device is as fast as possible among those in which every device holds its layers with their
/// cache. `times` are, for each device, those of each layer, and `ends` what it does beside them.
///
/// Where no split fits, the device that lacks most lacks as little as possible.
///
/// ```
/// # use ridgepoint_core::{Bytes, Seconds, placement::{LayerLoad, Room, fastest}};
/// // The first device is three times as fast: it takes three quarters of the layers, if it has room for them.
/// let layer = LayerLoad { weights: Bytes::new(1_000), cache: Bytes::ZERO };
/// let times = [1.0, 3.0].map(|time| vec![Seconds::new(time); 8]);
/// let nothing = [Seconds::ZERO; 2];
/// assert_eq!(fastest(&[layer; 8], &[8_000, 8_000].map(Room::of), &times, &nothing), [6, 2]);
/// assert_eq!(fastest(&[layer; 8], &[4_000, 8_000].map(Room::of), &times, &nothing), [4, 4]);
/// ```
pub fn fastest(loads: &[LayerLoad], rooms: &[Room], times: &[Vec<Seconds>], ends: &[Seconds]) -> Vec<usize> {
    /// Any lack of memory is worse than any time.
    const WORSE: f64 = -1e15;
    let sums = Sums::of(loads);
    let running: Vec<Vec<f64>> = times.iter().map(|times| running(times.iter().map(|time| time.get()))).collect();
    split(loads.len(), rooms.len(), &|stage, layers| {
        let (weights, cache) = sums.between(layers.clone());
        let left = rooms.get(stage).map_or(0.0, |room| room.bytes as f64) - weights - cache;
        if left < 0.0 {
            return WORSE + left;
        }
        let end = ends.get(stage).map_or(0.0, |time| time.get());
        -end - running.get(stage).map_or(0.0, |sums| between(sums, layers))
    })
}

/// Sums of weights and cache from the first layer.
struct Sums {
    weights: Vec<f64>,
    cache: Vec<f64>,
}

impl Sums {
    fn of(loads: &[LayerLoad]) -> Self {
        Self {
            weights: running(loads.iter().map(|load| load.weights.as_f64())),
            cache: running(loads.iter().map(|load| load.cache.as_f64())),
        }
    }

    fn between(&self, layers: Range<usize>) -> (f64, f64) {
        (between(&self.weights, layers.clone()), between(&self.cache, layers))
    }
}

fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums = vec![sum];
    sums.extend(values.map(|value| {
        sum += value;
        sum
    }));
    sums
}

fn between(sums: &[f64], layers: Range<usize>) -> f64 {
    sums.get(layers.end).zip(sums.get(layers.start)).map_or(0.0, |(end, start)| end - start)
}

/// Cuts `layers` layers into `stages` consecutive runs, none of them empty while there are layers for all, so that the
/// least `score` of a stage and its layers is as high as possible. A score must not grow when the layers become more.
///
/// The best split of the first `end` layers over the first stages is found from those over one stage less. The earlier
/// the last stage begins, the worse it does, so the search ends where it does worse than what is already found.
fn split(layers: usize, stages: usize, score: &dyn Fn(usize, Range<usize>) -> f64) -> Vec<usize> {
    let runs = stages.min(layers);
    if runs == 0 {
        return vec![0; stages];
    }
    // For each number of layers: the score of their best split over the stages so far.
    let mut best: Vec<f64> = (0..=layers).map(|end| score(0, 0..end)).collect();
    // For each stage and each end of it: where it begins.
    let mut begins = vec![vec![0; layers + 1]];
    for stage in 1..runs {
        let mut next = vec![f64::NEG_INFINITY; layers + 1];
        let mut begin: Vec<usize> = (0..=layers).map(|end| end.saturating_sub(1)).collect();
        for end in stage + 1..=layers {
            for start in (stage..end).rev() {
                let here = score(stage, start..end);
                if here <= next[end] {
                    break;
                }
                let value = here.min(best[start]);
                if value > next[end] {
                    (next[end], begin[end]) = (value, start);
                }
            }
        }
        best = next;
        begins.push(begin);
    }
    let mut sizes = Vec::with_capacity(stages);
    let mut end = layers;
    for begin in begins.iter().rev() {
        sizes.push(end - begin[end]);
        end = begin[end];
    }
    sizes.reverse();
    sizes.resize(stages, 0);
    sizes
}
