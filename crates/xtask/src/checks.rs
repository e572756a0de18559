//! Everything that CI runs, in one command that installs what it needs and reports every failure, not the first.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::browser::Browser;
use crate::commands::{cargo, run, written};
use crate::places::Places;
use crate::{package, page, setup, size};

/// Runs every check and test. The last line printed is `N passed, N failed`.
pub(crate) fn run_all(places: &Places) -> Result<(), String> {
    let mut tally = Tally::default();
    let cargo = || cargo(places);
    let deny_warnings = ["--", "-D", "warnings"];

    tally.check("set-up", || setup::check_tools().and_then(|()| setup::page_tools(places).map(drop)));
    tally.check("formatting", || run(cargo().args(["fmt", "--all", "--check"])));
    tally.check("lints", || {
        run(cargo()
            .args(["clippy", "--workspace", "--all-targets", "--features", "ridgepoint-tests/browser"])
            .args(deny_warnings))
    });
    tally.check("lints of the page and the library for WebAssembly", || {
        run(cargo()
            .args(["clippy", "--package", "ridgepoint-web", "--package", "ridgepoint-bindings"])
            .args(["--all-targets", "--target", setup::WASM])
            .args(deny_warnings))
    });
    tally.tests("tests", cargo().args(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]));
    tally.check("command line program", || run(cargo().args(["build", "--release", "--package", "ridgepoint-cli"])));
    tally.check("calibration", || {
        run(cargo().args(["run", "--release", "--package", "ridgepoint-calibrate", "--", "--check"]))
    });
    tally.check("JavaScript library", || package::build(places));
    tally.check("JavaScript library against the command line", || package::test(places));
    tally.check("page", || page::build(places));
    tally.check("size budget", || size::check(places));
    match Browser::find_or_install() {
        Ok(browser) => {
            tally.check("JavaScript library in a browser", || package::test_in(&browser, places));
            tally.tests(
                "browser tests",
                browser.give_to(cargo().args([
                    "test",
                    "--package",
                    "ridgepoint-tests",
                    "--features",
                    "browser",
                    "--test",
                    "browser",
                ])),
            );
        }
        Err(reason) => tally.check("browser", || Err(reason)),
    }

    tally.report();
    match tally.failures.len() {
        0 => Ok(()),
        _ => std::process::exit(1),
    }
}

/// What passed and what failed so far.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Runs one check, which counts as one test.
    fn check(&mut self, name: &str, check: impl FnOnce() -> Result<(), String>) {
        let start = announce(name);
        let result = check();
        match &result {
            Ok(()) => self.passed += 1,
            Err(_) => self.failed += 1,
        }
        self.conclude(name, start, result);
    }

    /// Runs tests with cargo, and counts what it says that it ran.
    fn tests(&mut self, name: &str, command: &mut Command) {
        let start = announce(name);
        let counts = count_tests(command);
        let result = match counts {
            Ok(counts) => {
                self.passed += counts.passed;
                self.failed += counts.failed;
                match (counts.failed, counts.succeeded) {
                    (0, true) if counts.passed == 0 => Err("no test ran".to_owned()),
                    (0, true) => Ok(()),
                    (0, false) => Err(format!("failed: {}", written(command))),
                    (1, _) => Err("1 test failed".to_owned()),
                    (failed, _) => Err(format!("{failed} tests failed")),
                }
                .inspect_err(|_| self.failed += u64::from(counts.failed == 0))
            }
            Err(reason) => {
                self.failed += 1;
                Err(reason)
            }
        };
        self.conclude(name, start, result);
    }

    fn conclude(&mut self, name: &str, start: Instant, result: Result<(), String>) {
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("-- {name}: passed in {seconds:.1} s"),
            Err(reason) => {
                println!("-- {name}: FAILED in {seconds:.1} s: {reason}");
                self.failures.push(format!("{name}: {reason}"));
            }
        }
    }

    fn report(&self) {
        println!();
        for failure in &self.failures {
            println!("FAILED {failure}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

fn announce(name: &str) -> Instant {
    println!("\n== {name}");
    Instant::now()
}

/// What cargo's test programs reported.
struct Counts {
    passed: u64,
    failed: u64,
    succeeded: bool,
}

/// Runs `cargo test`, lets its output through, and adds up its result lines.
fn count_tests(command: &mut Command) -> Result<Counts, String> {
    let cannot = |error| format!("cannot run cargo test: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(cannot)?;
    let mut counts = Counts { passed: 0, failed: 0, succeeded: false };
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(cannot)?;
            println!("{line}");
            if let Some((passed, failed)) = result_line(&line) {
                counts.passed += passed;
                counts.failed += failed;
            }
        }
    }
    counts.succeeded = child.wait().map_err(cannot)?.success();
    Ok(counts)
}

/// Reads `test result: ok. 12 passed; 0 failed; 0 ignored; ...`.
fn result_line(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut counts = counts.split("; ");
    let passed = counts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = counts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}

#[cfg(test)]
mod tests {
    use super::result_line;

    #[test]
    fn a_result_line_is_counted_and_other_lines_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(result_line(line), Some((12, 3)));
        assert_eq!(result_line("test result_line ... ok"), None);
    }
}
