//! Long runs against what nobody would write: random scenarios, damaged links, and fuzzed files.

use crate::commands::{cargo, output, program, run};
use crate::places::Places;

const CARGO_FUZZ: &str = "0.13.2";

/// The fuzz targets, each with the folders that its inputs start from.
const TARGETS: [(&str, &[&str]); 5] = [
    ("query", &["fuzz/seeds/query", "tests/hostile/links"]),
    ("config", &["fuzz/seeds/config", "tests/hostile/configs"]),
    ("gguf", &["tests/cases/headers", "tests/hostile/gguf"]),
    ("safetensors", &["tests/cases/headers", "tests/hostile/safetensors"]),
    ("fragment", &["fuzz/seeds/fragment"]),
];

/// Runs `tests/soak` in release with checks for overflow.
pub(crate) fn soak(places: &Places, options: &[String]) -> Result<(), String> {
    let mut command = cargo(places);
    command.args(["test", "--profile", "soak", "--package", "ridgepoint-tests", "--test", "soak", "--"]);
    command.args(["--ignored", "--nocapture"]);
    for (name, value) in numbers(options, &["--count", "--seed"])? {
        command
            .env(if name == "--count" { "RIDGEPOINT_SOAK_COUNT" } else { "RIDGEPOINT_SOAK_SEED" }, value.to_string());
    }
    run(&mut command)
}

/// Runs every fuzz target for so many minutes, whatever the one before found.
///
/// The code has no `unsafe`, so that there is nothing for a sanitizer to see, and without one the pinned toolchain is
/// enough.
pub(crate) fn fuzz(places: &Places, options: &[String]) -> Result<(), String> {
    let minutes = numbers(options, &["--minutes"])?.last().map_or(1, |&(_, minutes)| minutes.max(1));
    cargo_fuzz(places)?;
    let mut failed = Vec::new();
    for (target, seeds) in TARGETS {
        println!("\n== {target}");
        let corpus = places.tools.with_file_name("fuzz-corpus").join(target);
        std::fs::create_dir_all(&corpus).map_err(|error| format!("cannot make {}: {error}", corpus.display()))?;
        let mut command = program(places, "cargo-fuzz")?;
        command.args(["fuzz", "run", "--sanitizer", "none", target]);
        command.arg("--target-dir").arg(places.tools.with_file_name("fuzz"));
        command.arg(corpus).args(seeds).arg("--");
        command.args(["-timeout=20", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1"]);
        command.arg(format!("-max_total_time={}", minutes.saturating_mul(60)));
        if target == "query" {
            command.arg("-dict=fuzz/query.dict");
        }
        if let Err(reason) = run(&mut command) {
            eprintln!("{reason}");
            failed.push(target);
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("inputs that fail are in fuzz/artifacts: {}", failed.join(", ")))
    }
}

fn cargo_fuzz(places: &Places) -> Result<(), String> {
    let present = output(program(places, "cargo-fuzz")?.args(["fuzz", "--version"]));
    if present.is_some_and(|version| version.ends_with(CARGO_FUZZ)) {
        return Ok(());
    }
    println!("installing cargo-fuzz {CARGO_FUZZ}, once");
    let build = places.tools.join("build");
    run(cargo(places)
        .args(["install", "cargo-fuzz", "--locked", "--force", "--version", CARGO_FUZZ, "--root"])
        .arg(&places.tools)
        .arg("--target-dir")
        .arg(&build))?;
    // Nobody needs it again; if it stays, nothing breaks.
    let _ = std::fs::remove_dir_all(build);
    Ok(())
}

/// Options of the form `--name N`, of which only these names are known.
fn numbers<'a>(options: &'a [String], known: &[&str]) -> Result<Vec<(&'a str, u64)>, String> {
    let read = |pair: &'a [String]| match pair {
        [name, value] if known.contains(&name.as_str()) => value
            .parse()
            .map(|value| (name.as_str(), value))
            .map_err(|_| format!("{name} takes a whole number: {value}")),
        _ => Err(format!("expected {} N: {}", known.join(" N, "), pair.join(" "))),
    };
    options.chunks(2).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn options_are_numbers_with_known_names() {
        let of = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            numbers(&words, &["--count"]).map(|found| found.iter().map(|&(_, value)| value).collect::<Vec<_>>())
        };
        assert_eq!(of(&["--count", "12"]), Ok(vec![12]));
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&["--count", "many"]), Err("--count takes a whole number: many".into()));
        assert_eq!(of(&["--count"]), Err("expected --count N: --count".into()));
        assert_eq!(of(&["--seed", "1"]), Err("expected --count N: --seed 1".into()));
    }
}
