//! Files and links of strangers with bad intentions: each comes to what `hostile/expected.json` says, soon.
//!
//! `hostile/make.py` writes the files and says what is wrong with each.

use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, link};
use ridgepoint_importer::{Files, Step, decode, read};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest that one may take, unoptimised and on a busy machine. What is quadratic in a megabyte takes minutes.
const LONGEST: Duration = Duration::from_secs(20);
/// Notices of a link that are compared; a link of a megabyte has as many as are read of it.
const COMPARED_NOTICES: usize = 2;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile")
}

/// What stands in `expected.json`.
fn expectations() -> BTreeMap<String, Value> {
    let text = fs::read_to_string(folder().join("expected.json")).expect("the index");
    serde_json::from_str(&text).expect("an object with an entry for each file")
}

/// Every file of the folders, as the index names them.
fn files() -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for kind in ["configs", "gguf", "safetensors", "links"] {
        for file in fs::read_dir(folder().join(kind)).expect("a folder for each kind") {
            let name = file.expect("a file").file_name();
            files.insert(format!("{kind}/{}", name.to_str().expect("a plain name")));
        }
    }
    files
}

/// What comes of a file that somebody drops on the page.
fn dropped(name: &str, bytes: &[u8]) -> Value {
    let mut files = Files::default();
    let added = read(bytes, true).and_then(|step| match step {
        Step::Done(found) => files.add(name, found),
        Step::More(_) => Err("a whole file has no more bytes".into()),
    });
    if let Err(reason) = added {
        return json!({ "refused": reason });
    }
    let outcome = files.outcome();
    match outcome.model {
        Some(model) => {
            let query = format!("model=custom#c={}", model.fragment());
            let report = Report::of(&decode(&query).scenario);
            assert_eq!(report.model.parameters.total(), model.model().parameters().total(), "{name}");
            assert!(!json::to_string(&report, &[]).contains("\"error\""), "{name}");
            json!({ "parameters": model.model().parameters().total(), "name": model.name() })
        }
        None if outcome.failed => json!({ "refused": outcome.message }),
        None => json!({ "tensors": outcome.types.iter().map(|kind| kind.tensors).sum::<u64>() }),
    }
}

/// What comes of a link: the model and device that are shown, and what is said to the reader.
fn followed(text: &str) -> Value {
    let read = decode(text);
    let canonical = link::encode_all(&read.scenario, &read.others, &read.presentation);
    let again = decode(&canonical);
    assert_eq!((&again.scenario, &again.notices), (&read.scenario, &vec![]), "{canonical}");
    assert!(!json::to_string(&Report::of(&read.scenario), &read.notices).contains("\"error\""));
    let said: Vec<String> = read.notices.iter().take(COMPARED_NOTICES).map(ToString::to_string).collect();
    let devices = read.scenario.device_count();
    json!({ "model": read.scenario.model.selected(), "devices": devices, "notices": read.notices.len(), "said": said })
}

/// The text of a link; the index may ask for something before it and for many times the same, numbered.
fn link_text(text: &str, expected: &Value) -> String {
    let before = expected["before"].as_str().unwrap_or_default();
    let times = expected["times"].as_u64().unwrap_or(1);
    (0..times).fold(before.to_owned(), |all, number| all + &text.trim_end().replace("{n}", &number.to_string()))
}

#[test]
fn every_hostile_file_comes_to_what_is_expected() {
    let mut expected = expectations();
    let mut wrong = Vec::new();
    for file in files() {
        let bytes = fs::read(folder().join(&file)).expect("a file");
        let Some(mut expectation) = expected.remove(&file) else {
            wrong.push(format!("{file} is not in expected.json"));
            continue;
        };
        let start = Instant::now();
        let found = if file.starts_with("links/") {
            let found = followed(&link_text(std::str::from_utf8(&bytes).expect("text"), &expectation));
            let fields = expectation.as_object_mut().expect("an object");
            fields.retain(|field, _| !["before", "times"].contains(&field.as_str()));
            found
        } else {
            dropped("file", &bytes)
        };
        let taken = start.elapsed();
        if found != expectation {
            wrong.push(format!("{file}: {found}, not {expectation}"));
        }
        if taken > LONGEST {
            wrong.push(format!("{file} took {taken:?}"));
        }
    }
    wrong.extend(expected.keys().map(|file| format!("{file} is not there")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
