//! The optional parts of a report for programs: null unless a scenario asks for one.

use ridgepoint_catalog::{Metric, Price};
use ridgepoint_core::Seconds;
use serde::Serialize;

use super::Figure;
use crate::extras::{AdaptersReport, Disaggregated, DraftReport, Power, PrefixReport, Rent};
use crate::names;
use crate::report::Report;

#[derive(Serialize)]
pub(super) struct Extras<'a> {
    prefix: Option<Prefix>,
    draft: Option<Draft<'a>>,
    lora: Option<Lora>,
    disagg: Option<Disagg>,
    cost: Option<Cost>,
    energy: Option<Energy>,
}

#[derive(Serialize)]
struct Prefix {
    share: f64,
    cached_tokens: u64,
    read_tokens: u64,
    ttft_without_s: Option<f64>,
    prefill_without_s: Option<f64>,
}

#[derive(Serialize)]
struct Draft<'a> {
    id: &'a str,
    tokens: u64,
    acceptance: f64,
    expected_tokens_per_step: f64,
    tp: u64,
    weights_bytes: u64,
    kv_cache_bytes: u64,
    decode_step_without_s: Option<f64>,
    tpot_without_s: Option<f64>,
    speedup: Option<f64>,
}

#[derive(Serialize)]
struct Lora {
    count: u64,
    rank: u64,
    targets: &'static str,
    adapter_bytes: u64,
    device_bytes: u64,
}

#[derive(Serialize)]
struct Disagg {
    prefill_replicas: u64,
    decode_replicas: u64,
    devices: u64,
    transfer_bytes: u64,
    transfer_s: Option<f64>,
    ttft_s: Figure,
    tpot_s: Figure,
    requests_per_s: Figure,
    prefill_requests_per_s: Option<f64>,
    decode_requests_per_s: Option<f64>,
    balanced_prefill_per_decode: Option<f64>,
}

#[derive(Serialize)]
struct Cost {
    usd_per_hour: Option<f64>,
    usd_per_million_output_tokens: Figure,
    usd_per_million_input_tokens: Figure,
    quotes: Vec<Quote>,
    unknown_device: Option<&'static str>,
}

#[derive(Serialize)]
struct Quote {
    device: &'static str,
    low_usd_per_hour: f64,
    high_usd_per_hour: f64,
    date: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct Energy {
    most_watts: Option<f64>,
    most_joules_per_output_token: Figure,
    unknown_device: Option<&'static str>,
}

/// The extras of a report; `None` where all are off.
pub(super) fn of(report: &Report) -> Option<Extras<'_>> {
    let extras = &report.extras;
    (!extras.is_empty()).then(|| Extras {
        prefix: extras.prefix.as_ref().map(prefix),
        draft: extras.draft.as_ref().map(|draft| self::draft(draft, report)),
        lora: extras.adapters.as_ref().map(lora),
        disagg: extras.disaggregation.as_ref().map(|replicas| disagg(replicas, report)),
        cost: extras.rent.as_ref().map(|rent| cost(rent, report)),
        energy: extras.power.as_ref().map(|power| energy(power, report)),
    })
}

fn prefix(prefix: &PrefixReport) -> Prefix {
    let [ttft, prefill] = seconds(prefix.without);
    Prefix {
        share: prefix.share,
        cached_tokens: prefix.cached_tokens,
        read_tokens: prefix.read_tokens,
        ttft_without_s: ttft,
        prefill_without_s: prefill,
    }
}

fn seconds(both: Option<[Seconds; 2]>) -> [Option<f64>; 2] {
    both.map_or([None; 2], |both| both.map(|time| Some(time.get())))
}

fn draft<'a>(draft: &'a DraftReport, report: &Report) -> Draft<'a> {
    let [step, tpot] = seconds(draft.without);
    Draft {
        id: &draft.id,
        tokens: draft.tokens,
        acceptance: draft.acceptance,
        expected_tokens_per_step: draft.expected_tokens,
        tp: draft.tensor,
        weights_bytes: draft.weights.get(),
        kv_cache_bytes: draft.kv_cache.get(),
        decode_step_without_s: step,
        tpot_without_s: tpot,
        speedup: draft.speedup(report),
    }
}

fn lora(report: &AdaptersReport) -> Lora {
    Lora {
        count: report.adapters.count,
        rank: report.adapters.rank,
        targets: names::adapter_targets(report.adapters.on).id,
        adapter_bytes: report.one.get(),
        device_bytes: report.held.get(),
    }
}

fn disagg(replicas: &Disaggregated, report: &Report) -> Disagg {
    let (ideal, predicted) = (replicas.ideal.as_ref(), replicas.predicted.as_ref());
    Disagg {
        prefill_replicas: replicas.replicas.prefill,
        decode_replicas: replicas.replicas.decode,
        devices: replicas.devices,
        transfer_bytes: replicas.transfer.get(),
        transfer_s: replicas.transfer_time.map(Seconds::get),
        ttft_s: Figure::of(
            replicas.time(report, Metric::Ttft, |service| service.ttft),
            ideal.map(|service| service.ttft.get()),
        ),
        tpot_s: Figure::of(
            replicas.time(report, report.tpot_metric(), |service| service.tpot),
            ideal.map(|service| service.tpot.get()),
        ),
        requests_per_s: Figure::of(replicas.requests(report), ideal.map(|service| service.requests)),
        prefill_requests_per_s: predicted.map(|service| service.read),
        decode_requests_per_s: predicted.and_then(|service| service.written),
        balanced_prefill_per_decode: predicted.and_then(|service| service.balance()),
    }
}

fn cost(rent: &Rent, report: &Report) -> Cost {
    let (usd_per_hour, quotes, unknown_device) = match rent {
        Rent::Known { hourly, quotes, .. } => (Some(hourly.value), quotes.iter().map(quote).collect(), None),
        Rent::Unknown { device } => (None, Vec::new(), Some(*device)),
    };
    Cost {
        usd_per_hour,
        usd_per_million_output_tokens: Figure::of(rent.of_output(report), None),
        usd_per_million_input_tokens: Figure::of(rent.of_input(report), None),
        quotes,
        unknown_device,
    }
}

fn quote((device, price): &(&'static str, Price)) -> Quote {
    let Price { low, high, date, source } = *price;
    Quote { device, low_usd_per_hour: low, high_usd_per_hour: high, date, source }
}

fn energy(power: &Power, report: &Report) -> Energy {
    let (most_watts, unknown_device) = match power {
        Power::Known(watts) => (Some(*watts), None),
        Power::Unknown { device } => (None, Some(*device)),
    };
    Energy { most_watts, most_joules_per_output_token: Figure::of(power.of_output(report), None), unknown_device }
}
