//! Scenarios and links at random through the whole calculator: nothing panics, every figure is a number, and what is said
//! in several places agrees.
//!
//! The tests here take a few hundred of each. `cargo xtask soak` takes as many as it is told.

mod checks;
mod extremes;
mod queries;
#[path = "../scenarios/mod.rs"]
mod scenarios;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::Presentation;
use std::collections::BTreeMap;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Cases that share a seed, so that a run is the same on any number of cores.
const BLOCK: u64 = 500;
/// Kinds of failures after which a run stops looking for more.
const MOST_FAILURES: usize = 20;

/// What a run found.
#[derive(Default)]
struct Findings {
    /// A query for each kind of failure.
    failures: BTreeMap<String, String>,
    /// The case that took longest.
    slowest: (Duration, String),
}

/// Draws `count` queries from a strategy and checks each. Says how many there were, how long it took and what failed.
fn soak<S: Strategy<Value = String>>(name: &str, seed: u64, count: u64, queries: impl Fn() -> S + Sync) {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let findings = Mutex::new(Findings::default());
    let work = || {
        let queries = queries();
        loop {
            let block = next.fetch_add(1, Ordering::Relaxed);
            let full = findings.lock().expect("no checker panics").failures.len() >= MOST_FAILURES;
            if block * BLOCK >= count || full {
                break;
            }
            let mut runner = runner(seed, block);
            for case in block * BLOCK..count.min((block + 1) * BLOCK) {
                let query = queries.new_tree(&mut runner).expect("the strategies reject nothing").current();
                let begun = Instant::now();
                let failure = failure(&query, case);
                let taken = begun.elapsed();
                let mut findings = findings.lock().expect("no checker panics");
                if taken > findings.slowest.0 {
                    findings.slowest = (taken, query.clone());
                }
                if let Some(failure) = failure {
                    eprintln!("{name}: {failure}\n  {query}");
                    findings.failures.entry(failure).or_insert(query);
                }
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let Findings { failures, slowest } = findings.into_inner().expect("no checker panics");
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {count} in {seconds:.1} s, seed {seed}, {} kinds of failures", failures.len());
    println!("  the slowest took {:.1} ms: {}", slowest.0.as_secs_f64() * 1e3, slowest.1);
    assert!(failures.is_empty(), "{name}, seed {seed}: {failures:#?}");
}

/// What is wrong with what comes of a query, a panic included.
fn failure(query: &str, case: u64) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| checks::check(query, case))) {
        Ok(result) => result.err(),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without words");
            Some(format!("panic: {words}"))
        }
    }
}

/// Random numbers for a block of cases.
fn runner(seed: u64, block: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&block.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn valid() -> impl Strategy<Value = String> {
    scenarios::scenario().prop_map(|scenario| link::encode(&scenario, &Presentation::default()))
}

/// Checks `count` scenarios and as many queries and custom models.
fn run(seed: u64, count: u64) {
    soak("scenarios", seed, count, valid);
    soak("mutated queries", seed, count, queries::mutated);
    soak("changed configurations", seed, count / 10, queries::custom);
}

#[test]
fn some_scenarios_and_mutated_queries_hold_up() {
    run(1, 400);
}

#[test]
#[ignore = "as long as one likes: cargo xtask soak"]
fn as_many_as_are_asked_for() {
    let setting = |name, default| match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a whole number, not {text}")),
        Err(_) => default,
    };
    run(setting("RIDGEPOINT_SOAK_SEED", 1), setting("RIDGEPOINT_SOAK_COUNT", 1_000_000));
}
