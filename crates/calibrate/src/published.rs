//! `crates/catalog/data/evidence.json`: measurements beside predictions, for those who want to see for themselves.

use std::collections::{BTreeMap, BTreeSet};

use ridgepoint_calibrate::memory;
use serde_json::{Value, json};

use crate::accuracy::{self, Errors, Miss};

const SOURCE: &str = "written by cargo xtask calibrate from tests/measured/performance.json and memory.json";
const COLUMNS: &str =
    "[group, label, source, 1 if held out, measured, predicted, low, high], in seconds or tokens per second";

/// The file, a case to a line.
pub(crate) fn json(misses: &[Miss<'_>], unseen: &[Miss<'_>], spreads: &[Value], logged: &[memory::Row]) -> String {
    let group_of = |miss: &Miss<'_>| miss.case.group.clone();
    let groups = places(misses.iter().map(group_of));
    let labels = places(misses.iter().map(|miss| miss.case.label()));
    let sources = places(misses.iter().map(|miss| miss.case.source.clone()));
    let group = |name: &String| {
        let of = |misses: &'_ [Miss<'_>]| -> Vec<usize> {
            (0..misses.len()).filter(|&index| misses[index].case.group == *name).collect()
        };
        let all: Vec<&Miss<'_>> = of(misses).into_iter().map(|index| &misses[index]).collect();
        let half = |is_validation: bool| -> Vec<&Miss<'_>> {
            all.iter().copied().filter(|miss| miss.case.is_validation() == is_validation).collect()
        };
        let unseen: Vec<&Miss<'_>> = of(unseen).into_iter().map(|index| &unseen[index]).collect();
        let (count, mean) = accuracy::floor(&all);
        json!({
            "name": name,
            "unit": if all.iter().any(|miss| miss.case.is_rate()) { "tokens/s" } else { "s" },
            "fit": errors(&half(false), spreads),
            "held_out": errors(&half(true), spreads),
            "unseen": errors(&unseen, spreads),
            "floor": { "count": count, "mean": thousandths(mean) },
        })
    };
    let case = |miss: &Miss<'_>| {
        let Miss { case, log, .. } = miss;
        let predicted = case.measured * log.exp();
        let (low, high) = accuracy::interval(miss, spreads).unwrap_or((1.0, 1.0));
        let [measured, predicted, low, high] =
            [case.measured, predicted, predicted * low, predicted * high].map(significant);
        let place = |places: &BTreeMap<String, usize>, text: &String| places.get(text).copied();
        let [group, label, source] =
            [place(&groups, &case.group), place(&labels, &case.label()), place(&sources, &case.source)];
        json!([group, label, source, u8::from(case.is_validation()), measured, predicted, low, high])
    };
    let header = [("source", json!(SOURCE)), ("columns", json!(COLUMNS))];
    let mut parts: Vec<String> = header.iter().map(|(key, value)| format!("  \"{key}\": {value}")).collect();
    let lists = [
        ("groups", groups.keys().map(group).collect()),
        ("labels", labels.keys().map(|label| json!(label)).collect()),
        ("sources", sources.keys().map(|source| json!(source)).collect()),
        ("cases", misses.iter().map(case).collect::<Vec<Value>>()),
        ("memory", memory::entries(logged)),
    ];
    parts.extend(lists.iter().map(|(key, list)| {
        let lines: Vec<String> = list.iter().map(|entry| format!("    {entry}")).collect();
        format!("  \"{key}\": [\n{}\n  ]", lines.join(",\n"))
    }));
    format!("{{\n{}\n}}\n", parts.join(",\n"))
}

/// Each distinct text with its place in alphabetical order.
fn places(texts: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let distinct: BTreeSet<String> = texts.collect();
    distinct.into_iter().enumerate().map(|(place, text)| (text, place)).collect()
}

fn errors(misses: &[&Miss<'_>], spreads: &[Value]) -> Value {
    let Errors { count, mean, median, covered, .. } = Errors::of(misses, spreads);
    let [mean, median, covered] = [mean, median, covered].map(thousandths);
    json!({ "count": count, "mean": mean, "median": median, "covered": covered })
}

fn thousandths(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}

/// Five digits, which is more than anybody measures.
fn significant(figure: f64) -> f64 {
    format!("{figure:.4e}").parse().unwrap_or(figure)
}
