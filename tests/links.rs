//! A link is a promise: what was given out keeps its meaning.

use ridgepoint_calculator::link::encode_all;
use ridgepoint_calculator::scenario::{Media, ModelChoice, Presentation};
use ridgepoint_catalog::models;
use ridgepoint_importer::{decode, read_config, read_fragment};
use ridgepoint_tests::configs::configs;

const ACCEPTED: &str = include_str!("links/v1/accepted.txt");

/// Each link with its canonical form.
fn accepted() -> impl Iterator<Item = (&'static str, &'static str)> {
    ACCEPTED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("=> "))
}

#[test]
fn links_of_version_1_keep_their_meaning() {
    for (given, canonical) in accepted() {
        let link = decode(given.trim());
        assert_eq!(link.notices, [], "{given}");
        assert_eq!(encode_all(&link.scenario, &link.others, &link.presentation), canonical, "{given}");
        assert_eq!(decode(canonical), link, "{canonical}");
    }
    assert!(accepted().count() >= 15);
}

#[test]
fn every_key_of_version_1_has_a_link() {
    let keys = [
        "v", "model", "gpu", "n", "mem", "engine", "ev", "w", "kv", "batch", "in", "out", "tp", "pp", "ep", "dp",
        "util", "chunk", "max-seqs", "eager", "fa", "swa-full", "kvu", "ngl", "cpu-moe", "mla", "prefix", "draft",
        "lora", "disagg", "price", "energy", "view", "embed", "theme", "b.gpu", "b.n", "c.w", "d.gpu",
    ];
    for key in keys {
        let uses = |(_, canonical): (&str, &str)| canonical.split('&').any(|pair| pair.split('=').next() == Some(key));
        assert!(accepted().any(uses), "{key}");
    }
}

#[test]
fn every_model_of_the_catalogue_survives_a_link_of_at_most_2000_characters() {
    let configs = configs();
    for entry in models() {
        let custom = read_config(&configs[entry.id], Some(entry.name)).expect(entry.id);
        assert_eq!(custom.model(), entry.model(), "{}", entry.id);
        assert!(custom.fragment().len() < 2000, "{}: {}", entry.id, custom.fragment().len());
        let read = read_fragment(custom.fragment()).expect(entry.id);
        assert_eq!((read.name(), read.model()), (entry.name, custom.model()), "{}", entry.id);
    }
}

/// What is wrong in another scenario is said of that scenario, once.
#[test]
fn compared_scenarios_have_notices_of_their_own() {
    let link = decode("gpu=abacus&batch=many&b.batch=-1&b.view=speed&c.gpu=l40s&e.n=2");
    let notices: Vec<&str> =
        link.notices.iter().map(|notice| notice.problem.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(notices, ["gpu:", "gpu:", "batch:", "e.n:", "b.batch:", "b.view:"]);
    assert_eq!(link.others.len(), 2);
    assert_eq!(link.others[0].workload.batch, 1);
    assert_eq!(link.others[1].devices[0].id, "l40s");
}

/// What a link cannot say is not in the scenario that is read of one.
#[test]
fn pictures_that_are_not_there_have_no_size() {
    for images in ["0:1920x1080", "none:1920x1080", "-1:8x8"] {
        let link = decode(&format!("model=qwen2.5-vl-7b&images={images}"));
        assert_eq!(link.scenario.media, Media::default(), "{images}");
    }
}

/// A link that was made to keep its reader busy is not read to its end.
#[test]
fn endless_links_are_cut() {
    let settings: String = (0..2000).map(|number| format!("&k{number}=1")).collect();
    assert_eq!(decode(&settings).notices.len(), 1001);
    let devices = decode(&format!("gpu={}", "rtx-4090,rtx-3090,".repeat(500)));
    let notices: Vec<String> = devices.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices, ["gpu: more than 100 entries; the rest of the list is left out"]);
    assert_eq!(devices.scenario.devices.len(), 100);
}

/// The other scenario alone may be of a custom model, which the fragment holds.
#[test]
fn a_compared_scenario_can_be_a_custom_model() {
    let (_, text) = configs().into_iter().next().expect("a configuration");
    let model = read_config(&text, Some("mine")).expect("a model");
    let mut other = decode("model=phi-4").scenario;
    let first = other.clone();
    other.model = ModelChoice::Custom(model);
    let text = encode_all(&first, std::slice::from_ref(&other), &Presentation::default());
    let read = decode(&text);
    assert_eq!(read.notices, [], "{text}");
    assert_eq!((read.scenario, read.others), (first, vec![other]), "{text}");
}
