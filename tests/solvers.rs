//! The answers backwards against brute force: on random scenarios, what is said to be the largest that fits does, the next
//! does not, and trying one after the other finds the same.

use std::thread;

use ridgepoint_calculator::capacity::{self, Capacity, Formats};
use ridgepoint_calculator::deployment::Resolved;
use ridgepoint_calculator::ladder;
use ridgepoint_calculator::link;
use ridgepoint_calculator::options;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{DeviceCount, Layout, ModelChoice, Scenario, Settings};
use ridgepoint_calculator::verdict::Fit;
use ridgepoint_core::{Engine, KvFormat, WeightFormat, Workload, memory};

const SCENARIOS: u64 = 10_000;

/// Random numbers that are the same in every run (splitmix64, Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }

    /// A number of any size up to a power of two.
    fn size(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits + 1);
        self.below(1 << bits) + 1
    }
}

fn ids(groups: Vec<options::Group>) -> Vec<String> {
    groups.into_iter().flat_map(|group| group.choices).map(|choice| choice.id).collect()
}

/// Everything that a scenario is drawn from.
struct Choices {
    models: Vec<String>,
    devices: Vec<String>,
}

impl Choices {
    fn new() -> Self {
        Self { models: ids(options::models()), devices: ids(options::devices()) }
    }

    fn scenario(&self, random: &mut Random) -> Scenario {
        const VERSIONS: [&str; 8] = ["0.6", "0.7.3", "0.8", "0.9.2", "0.11", "0.21", "b5192", "b10644"];
        let engine = *random.of(&Engine::ALL);
        let weights = (!random.one_in(3)).then(|| *random.of(ladder::weight_formats(engine)));
        let kv = *random.of(ladder::kv_formats(engine));
        let settings = Settings {
            memory_fraction: random.one_in(4).then(|| (random.below(100) + 1) as f64 / 100.0),
            tokens_per_pass: random.one_in(4).then(|| random.size(14)),
            max_sequences: random.one_in(4).then(|| random.size(11)),
            eager: random.one_in(4).then_some(true),
            flash_attention: random.one_in(4).then_some(false),
            full_sliding_cache: random.one_in(8).then_some(true),
            unified_cache: random.one_in(8).then_some(true),
            device_layers: random.one_in(8).then(|| random.below(100)),
            cpu_expert_layers: random.one_in(8).then(|| random.below(100)),
            ..Settings::default()
        };
        Scenario {
            model: ModelChoice::Catalogue(random.of(&self.models).clone()),
            devices: vec![DeviceCount { id: random.of(&self.devices).clone(), count: random.size(4) }],
            engine,
            engine_version: random.one_in(2).then(|| (*random.of(&VERSIONS)).into()),
            weights,
            kv,
            workload: Workload {
                batch: random.size(8),
                prompt_tokens: random.size(17),
                output_tokens: random.size(12),
            },
            settings,
            ..Scenario::default()
        }
    }
}

/// Whether a scenario fits, without a search.
fn fits(scenario: &Scenario) -> bool {
    headroom(&Resolved::of(scenario), scenario.workload)
}

fn headroom(resolved: &Resolved, workload: Workload) -> bool {
    capacity::headroom(resolved, workload).is_some_and(|headroom| headroom >= 0)
}

/// Runs `check` on every scenario, on two threads; it says what is wrong.
fn on_all(check: impl Fn(&Scenario, &Resolved, &mut Random) -> Result<(), String> + Sync) {
    let choices = Choices::new();
    let check_from = |first: u64| {
        (first..SCENARIOS).step_by(2).filter_map(|seed| {
            let mut random = Random(seed);
            let scenario = choices.scenario(&mut random);
            let outcome = check(&scenario, &Resolved::of(&scenario), &mut random);
            outcome.err().map(|wrong| format!("{wrong}: {}", link::encode(&scenario, &Default::default())))
        })
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let other = scope.spawn(|| check_from(1).collect::<Vec<_>>());
        let mut wrong: Vec<String> = check_from(0).collect();
        wrong.extend(other.join().expect("the other half ends too"));
        wrong
    });
    let shown: Vec<&str> = wrong.iter().take(10).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {SCENARIOS}, such as {shown:#?}", wrong.len());
}

/// Compares an answer with trying each of `least..=least + 12`, a few random values, and the two around it.
fn agrees(
    what: &str,
    answer: u64,
    [least, most]: [u64; 2],
    random: &mut Random,
    fits: impl Fn(u64) -> bool,
) -> Result<(), String> {
    let bits = 64 - most.leading_zeros();
    let far: Vec<u64> = (0..6).map(|_| random.size(u64::from(bits)).clamp(least, most)).collect();
    let around = [answer, answer.saturating_add(1)].into_iter().filter(|tried| (least..=most).contains(tried));
    for tried in (least..=least + 12).chain(far).chain(around) {
        if fits(tried) != (tried <= answer) {
            return Err(format!(
                "{what} {answer}, but {tried} {}",
                if tried <= answer { "does not fit" } else { "fits" }
            ));
        }
    }
    Ok(())
}

#[test]
fn the_largest_batch_is_the_last_that_fits() {
    on_all(|scenario, resolved, random| {
        let Some(most) = Capacity::of(resolved, scenario.workload).max_batch else { return Ok(()) };
        let fits = |batch| headroom(resolved, Workload { batch, ..scenario.workload });
        agrees("largest batch", most, [1, link::MAX_BATCH], random, fits)
    });
}

#[test]
fn the_longest_context_is_the_last_that_fits() {
    on_all(|scenario, resolved, random| {
        let Some(most) = Capacity::of(resolved, scenario.workload).max_context_tokens else { return Ok(()) };
        // The first vLLM reads prompts whole up to 32K and longer ones in chunks, which can take less.
        let whole = resolved.profile.longest_whole(&resolved.model).filter(|&whole| whole < most).unwrap_or(0);
        let fits = |tokens| tokens <= whole || headroom(resolved, capacity::with_context(scenario.workload, tokens));
        agrees("longest context", most, [2, link::MAX_TOKENS], random, fits)
    });
}

/// Counts sequences into the memory that the engine has for cache and state.
#[test]
fn as_many_sequences_run_at_once_as_the_pool_holds() {
    on_all(|scenario, resolved, _| {
        let Some(offered) = Capacity::of(resolved, scenario.workload).max_concurrency else { return Ok(()) };
        let runs = resolved.distinct_runs();
        let held = |sequences: u64| {
            let batch = sequences.saturating_mul(resolved.parallelism.data);
            runs.iter().all(|run| {
                let memory = resolved.reserve(run, Workload { batch, ..scenario.workload }).memory;
                let pool = resolved.reserve(run, scenario.workload).pool();
                pool.is_some_and(|pool| memory.kv_cache + memory.state <= pool)
            })
        };
        let offered = offered as u64;
        // A request in a window may hold the pages of one more pass, which vLLM counts and a sequence at rest does not.
        if !held(offered) {
            return Err(format!("{offered} sequences do not fit"));
        }
        let is_windowed = resolved.model.layers.kinds().iter().any(|layer| {
            layer.mixer.reach().is_some_and(|reach| reach != ridgepoint_core::Reach::Full)
                || layer.mixer.state().is_some()
        });
        if !is_windowed && held(offered + 1) {
            return Err(format!("{} sequences fit too, not {offered} only", offered + 1));
        }
        Ok(())
    });
}

#[test]
fn the_fewest_devices_are_the_first_that_fit() {
    on_all(|scenario, resolved, random| {
        if Capacity::of(resolved, scenario.workload).max_batch.is_none() {
            return Ok(());
        }
        let on = |count| {
            let devices = vec![DeviceCount { count, ..scenario.devices[0].clone() }];
            fits(&Scenario { devices, layout: Layout::AUTO, ..scenario.clone() })
        };
        let counts = || (1..=16).chain((24..=256).step_by(8));
        match capacity::min_devices(scenario, resolved) {
            // All that is tried in vain is too much to try for every scenario.
            None if !random.one_in(8) => Ok(()),
            answer if answer == counts().find(|&count| on(count)) => Ok(()),
            answer => Err(format!("fewest devices {answer:?}")),
        }
    });
}

#[test]
fn the_best_formats_are_the_widest_that_fit() {
    on_all(|scenario, resolved, _| {
        let engine = scenario.engine;
        let with = |format| Scenario {
            weights: Some(format).filter(|&format| format != WeightFormat::Native),
            ..scenario.clone()
        };
        let bytes = |format| memory::weights(&resolved.model, format);
        let choices: Vec<WeightFormat> = ladder::weight_choices(resolved, engine).collect();
        let all: Vec<WeightFormat> =
            [WeightFormat::Native].into_iter().chain(ladder::weight_formats(engine).iter().copied()).collect();
        let best = ladder::best_weights(scenario, resolved);
        // Of all that are offered, the one with most bytes that fits.
        let widest = choices.iter().copied().filter(|&format| fits(&with(format))).max_by_key(|&format| bytes(format));
        if best != widest {
            return Err(format!("best weights {best:?} of {choices:?}, not {widest:?}"));
        }
        if choices.is_empty() || choices.iter().any(|format| !all.contains(format) && format.gguf().is_none()) {
            return Err(format!("choices {choices:?}"));
        }
        let kv = ladder::best_kv(scenario, resolved);
        let of = |kv: KvFormat| kv.bytes(1024);
        let fitting =
            ladder::kv_formats(engine).iter().copied().filter(|&kv| fits(&Scenario { kv, ..scenario.clone() }));
        match fitting.max_by_key(|&kv| of(kv)) {
            widest if widest == kv => Ok(()),
            widest => Err(format!("best cache {kv:?}, not {widest:?}")),
        }
    });
}

/// Tries every pair: of those that fit, the one with most bytes of weights, and of those the one with most bytes of cache.
#[test]
fn the_best_pair_of_formats_is_the_widest_that_fits() {
    on_all(|scenario, resolved, random| {
        if !random.one_in(4) {
            return Ok(());
        }
        let engine = scenario.engine;
        let bytes = |format| memory::weights(&resolved.model, format);
        let pairs = ladder::weight_choices(resolved, engine)
            .flat_map(|weights| ladder::kv_formats(engine).iter().map(move |&kv| Formats { weights, kv }));
        let with = |pair: &Formats| Scenario { weights: Some(pair.weights), kv: pair.kv, ..scenario.clone() };
        let fitting: Vec<Formats> = pairs.filter(|pair| fits(&with(pair))).collect();
        let widest = fitting.iter().copied().max_by_key(|pair| (bytes(pair.weights), pair.kv.bytes(1024)));
        match ladder::best_formats(scenario, resolved) {
            pair if pair == widest => Ok(()),
            pair => Err(format!("best formats {pair:?} of {fitting:?}, not {widest:?}")),
        }
    });
}

#[test]
fn what_is_missing_is_named_and_what_is_tight_is_said() {
    let choices = Choices::new();
    let (mut short, mut tight) = (0, 0);
    for seed in 0..400 {
        let scenario = choices.scenario(&mut Random(seed));
        let report = Report::of(&scenario);
        match report.shortfall() {
            Some(shortfall) => {
                short += 1;
                assert_eq!(report.fits(), Some(false));
                let worst = report.devices.iter().filter_map(|device| device.headroom()).min();
                assert_eq!(worst, Some(-(shortfall.missing.get() as i64)));
                let memory = shortfall.device.memory;
                let parts =
                    [memory.weights, memory.kv_cache, memory.state, memory.activations, memory.overhead.total()];
                assert_eq!(parts.into_iter().max(), Some(shortfall.largest.1));
            }
            None => assert_ne!(report.fits(), Some(false)),
        }
        // The largest batch that fits leaves little, unless the batch is at its limit.
        let Some(batch) = report.capacity.max_batch.filter(|batch| (100..link::MAX_BATCH).contains(batch)) else {
            continue;
        };
        let full = Report::of(&Scenario { workload: Workload { batch, ..scenario.workload }, ..scenario.clone() });
        let share = |device: &ridgepoint_calculator::report::DeviceReport| {
            Some(device.headroom()? as f64 / device.room?.limit.as_f64())
        };
        let least = full.devices.iter().filter_map(share).fold(1.0, f64::min);
        assert_eq!(full.fit(), if least < 0.05 { Fit::Tight } else { Fit::Fits }, "{least}");
        let sentence = full.verdict().sentence;
        assert_eq!(sentence.contains("barely") && sentence.contains("less than 5 %"), least < 0.05, "{sentence}");
        tight += u64::from(least < 0.05);
    }
    assert!(short > 50 && tight > 50, "{short} do not fit, {tight} are tight");
}
