//! What must hold for any query, whatever is in it.

use ridgepoint_calculator::ink::Ink;
use ridgepoint_calculator::link::encode_all;
use ridgepoint_calculator::placement::Placement;
use ridgepoint_calculator::plan::Plan;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::verdict::Fit;
use ridgepoint_calculator::{charts, compare, facts, grid, json, launch, working};
use ridgepoint_importer::decode;
use serde_json::Value;
use std::fmt::Debug;

/// Devices up to which a plan is made: the search tries every layout.
const MOST_PLANNED: u64 = 16;

/// Reads a query, computes everything that is shown of it and compares. The views that take long are computed for some
/// cases only, in turn by the number of the case.
///
/// # Errors
/// What does not hold.
pub(crate) fn check(query: &str, case: u64) -> Result<(), String> {
    let link = decode(query);
    let canonical = encode_all(&link.scenario, &link.others, &link.presentation);
    let again = decode(&canonical);
    holds(again.notices.is_empty(), || format!("the canonical link has notices: {}", again.notices[0]))?;
    let is_same =
        (&again.scenario, &again.others, &again.presentation) == (&link.scenario, &link.others, &link.presentation);
    holds(is_same, || "the canonical link is another scenario".into())?;
    let written = encode_all(&again.scenario, &again.others, &again.presentation);
    holds(written == canonical, || "the canonical link is not stable".into())?;

    let scenario = &link.scenario;
    let mut report = Report::of(scenario);
    if case.is_multiple_of(16) {
        report = report.with_fixes(scenario);
    }
    numbers("the report", &report, false)?;
    fit(&report)?;
    holds(!json::to_string_pretty(&report, &[]).is_empty(), || "the JSON is empty".into())?;
    let text = json::to_string(&report, &link.notices);
    let view: Value = serde_json::from_str(&text).map_err(|error| format!("the report is not JSON: {error}"))?;
    holds(view["schema"] == 1, || "the JSON is no report".into())?;
    sizes(&view, "")?;

    numbers("the figures", &(report.verdict(), report.operations(), report.times(), report.parameters()), true)?;
    numbers("the facts", &(facts::model(&report), facts::capacity(&report), facts::hardware(&report)), true)?;
    numbers("the extras", &(report.extras(), report.time_bars(), facts::remarks(&report)), false)?;
    match case % 16 {
        1 | 9 => numbers("the chart of the cache", &charts::kv_cache(scenario), true)?,
        2 | 10 => numbers("the roofline", &charts::roofline(&report), true)?,
        3 => numbers("the chart of serving", &charts::serving(scenario, &report), true)?,
        4 => numbers("the chart of first tokens", &charts::first_token(scenario, &report), true)?,
        5 | 13 => workings(scenario)?,
        6 => numbers("the grid", &grid::of(scenario), true)?,
        7 if scenario.device_count() <= MOST_PLANNED => {
            let plan = Plan::of(scenario);
            numbers("the plan", &plan, true)?;
            numbers("the chart of layouts", &charts::layouts(&plan, &report), true)?;
        }
        8 => numbers("the command", &launch::Launch::of(scenario), true)?,
        11 => numbers("the comparison", &compare::of(scenario, &report, &link.others), true)?,
        12 if scenario.device_count() <= MOST_PLANNED => numbers("the placement", &Placement::all(scenario), true)?,
        _ => {}
    }
    Ok(())
}

fn holds(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

/// The verdict, the headroom of the devices and the bars say the same.
fn fit(report: &Report) -> Result<(), String> {
    let (fit, fits) = (report.fit(), report.fits());
    let least = report.tightest().and_then(|device| device.headroom());
    let expected = match fit {
        Fit::Fits | Fit::Tight => fits == Some(true) && least >= Some(0),
        Fit::TooLarge => fits == Some(false) && least < Some(0) && least.is_some() && report.shortfall().is_some(),
        Fit::Unknown => fits.is_none(),
        Fit::Refused => report.refusal().is_some(),
    };
    holds(expected, || format!("{fit:?} with fits {fits:?} and headroom {least:?}"))?;
    let breakdown = report.breakdown();
    numbers("the bars", &breakdown.bars, false)?;
    // Sums stop at 2^64 bytes, and parts of what is more than that are longer than its bar.
    let is_beyond = report.devices.iter().any(|device| device.memory.total().get() == u64::MAX);
    let mut overfull = false;
    for bar in &breakdown.bars {
        let held: f64 = bar.segments.iter().filter(|part| part.ink != Ink::Pool).map(|part| part.share).sum();
        let whole: f64 = bar.segments.iter().map(|part| part.share).sum();
        holds(is_beyond || whole <= 1.0 + 1e-9, || format!("a bar is longer than all of it: {whole}"))?;
        overfull |= bar.limit.as_ref().is_some_and(|limit| held > limit.position + 1e-12);
    }
    // A byte too much is less than a bar can tell.
    let told = least.is_none_or(|least| least.unsigned_abs() > 1 << 20);
    holds(!told || overfull == (fits == Some(false)), || format!("{fit:?}, and a bar is overfull: {overfull}"))
}

/// Bytes, times and counts of the JSON are never negative; only headroom may be.
fn sizes(value: &Value, name: &str) -> Result<(), String> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| sizes(value, name)),
        Value::Array(items) => items.iter().try_for_each(|item| sizes(item, name)),
        Value::Number(number) => {
            let is_negative = number.as_f64().is_some_and(|number| number < 0.0);
            holds(!is_negative || name == "headroom_bytes", || format!("{name} is negative"))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

/// Workings are there, and none says that it is not a number.
fn workings(scenario: &Scenario) -> Result<(), String> {
    let workings = working::of(scenario);
    holds(!workings.is_empty(), || "no figure has a working".into())?;
    numbers("the workings", &workings, true)?;
    holds(!working::markdown(&workings).contains("NaN"), || "a working is not a number".into())
}

/// Every number of a value is one: the standard library writes each of them into its debugging text.
fn numbers(what: &str, value: &impl Debug, may_be_negative: bool) -> Result<(), String> {
    let text = format!("{value:?}");
    let bytes = text.as_bytes();
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let begins = |at: usize| at == 0 || !is_word(at - 1);
    let is_no_number = |at: usize| {
        [b"NaN", b"inf"].iter().any(|word| bytes[at..].starts_with(*word)) && begins(at) && !is_word(at + 3)
    };
    // Minus zero is not less than zero, and the minus of an exponent stands behind an e.
    let is_negative = |at: usize| {
        let is_zero = bytes[at..].starts_with(b"-0.0") && !is_word(at + 4);
        bytes[at] == b'-' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) && begins(at) && !is_zero
    };
    let (mut at, mut quoted) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if is_no_number(at) => return Err(format!("{what}: {} in …{}", &text[at..at + 3], context(&text, at))),
            _ if !may_be_negative && is_negative(at) => {
                return Err(format!("{what}: a negative number in …{}", context(&text, at)));
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The names before a place of a debugging text, without its numbers, so that failures of one kind read alike.
fn context(text: &str, at: usize) -> String {
    let start = text[..at].char_indices().rev().nth(60).map_or(0, |(start, _)| start);
    text[start..at].chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The check itself can fail.
#[test]
fn what_is_no_number_is_found() {
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.05] {
        assert!(numbers("it", &Some(odd), false).is_err(), "{odd}");
    }
    assert_eq!(numbers("it", &("inf -1 \" NaN", -0.0, 1e-300, 0.05), false), Ok(()));
    assert_eq!(numbers("it", &-1.0, true), Ok(()));
    assert!(sizes(&serde_json::json!({ "devices": [{ "weights_bytes": -1 }] }), "").is_err());
    assert_eq!(sizes(&serde_json::json!({ "headroom_bytes": -1 }), ""), Ok(()));
}
