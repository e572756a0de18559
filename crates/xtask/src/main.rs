//! Ridgepoint's chores. `cargo xtask help` lists them; each installs the tools that it needs.

mod browser;
mod checks;
mod commands;
mod package;
mod page;
mod places;
mod robustness;
mod setup;
mod size;

use std::env;
use std::process::ExitCode;

use commands::cargo;
use places::Places;

const HELP: &str = "\
cargo xtask CHORE

  serve [TRUNK OPTIONS]        build the page and serve it on http://127.0.0.1:8080/
  build                        build the page into dist/, print its sizes, fail if it is over its budget
  package                      build the JavaScript library into target/npm/ridgepoint, as build does the page
  test                         everything that CI runs; the last line counts what passed and failed
  calibrate [--check]          fit what engines make of devices on tests/measured, write the constants and their errors
  bench [FILTER]               how long reports, plans, charts and links take here
  soak [--count N] [--seed N]  random scenarios and damaged links through the whole calculator, a million of each
  fuzz [--minutes N]           each reader of what strangers write under libFuzzer, a minute each
  screenshots [QUERY ...]      pictures of dist/ in three sizes, light and dark, into target/screenshots
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();

    let result = Places::find().and_then(|places| match chore.as_str() {
        "serve" => page::serve(&places, &rest),
        "build" => page::build(&places).and_then(|()| size::check(&places)),
        "package" => package::build(&places),
        "test" => checks::run_all(&places),
        "calibrate" => commands::run(
            cargo(&places).args(["run", "--release", "--package", "ridgepoint-calibrate", "--"]).args(&rest),
        ),
        "bench" => commands::run(
            cargo(&places).args(["bench", "--package", "ridgepoint-tests", "--bench", "calculator", "--"]).args(&rest),
        ),
        "soak" => robustness::soak(&places, &rest),
        "fuzz" => robustness::fuzz(&places, &rest),
        "screenshots" => browser::screenshots(&places, &rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no chore has this name: {other:?}\n\n{HELP}")),
    });

    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
