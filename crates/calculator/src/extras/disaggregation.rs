//! Disaggregation: replicas that only read prompts hand their KV cache to replicas that only write answers.
//!
//! DistServe (arXiv:2401.09670) and Splitwise (arXiv:2311.18677).

use ridgepoint_catalog::{Evidence, Metric, calibration};
use ridgepoint_core::{Bytes, Deployment, Pace, Seconds, kv_cache, memory};

use super::Block;
use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::numbers;
use crate::prediction::Predicted;
use crate::report::Report;
use crate::scenario::Disaggregation;

/// What follows from it. Each replica, as it is called here, has the whole layout of the scenario and its load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disaggregated {
    /// How many replicas do what.
    pub replicas: Disaggregation,
    /// Devices of all replicas.
    pub devices: u64,
    /// Keys, values and state of one prompt, which pass from one replica to the other, before sharding.
    pub transfer: Bytes,
    /// How long that takes with each rank sending its share; `None` where no link is known.
    pub transfer_time: Option<Seconds>,
    /// At the speed of light; `None` where a figure is missing.
    pub ideal: Option<Service>,
    /// As predicted.
    pub predicted: Option<Service>,
}

/// What such a service does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Service {
    /// Requests that one replica reads in a second.
    pub read: f64,
    /// Requests that one replica writes in a second; `None` where the first token is all, so that nothing is left to
    /// write.
    pub written: Option<f64>,
    /// Requests that all replicas serve in a second: those of the slower side.
    pub requests: f64,
    /// Prefill of one request alone and the hand-over.
    pub ttft: Seconds,
    /// Time between tokens when no prompt is read in between.
    pub tpot: Seconds,
}

impl Service {
    /// Prefill replicas for each decode replica at which neither side waits for the other. `None` where nothing is left to
    /// write.
    pub fn balance(&self) -> Option<f64> {
        Some(self.written? / self.read)
    }
}

impl Disaggregated {
    pub(super) fn of(run: &Resolved, replicas: Disaggregation, deployment: Option<Deployment>) -> Option<Self> {
        let each = run.parallelism.devices();
        let workload = run.workload;
        let context = run.model.stack().decoder_prompt(workload.prompt_tokens);
        let source = run.model.source_tokens(workload.prompt_tokens);
        let (format, tensor) = (run.numerics.kv, run.parallelism.tensor);
        let of_rank = |&stage: &ridgepoint_core::Stage| {
            memory::stage_kv_cache(&run.model, stage, 1, context, format, tensor)
                + memory::stage_source_cache(&run.model, stage, 1, source, format, tensor)
                + memory::stage_state(&run.model, stage, 1, tensor)
        };
        let state = memory::stage_state(&run.model, ridgepoint_core::Stage::whole(&run.model), 1, 1);
        let most = run.spans.iter().map(of_rank).max().unwrap_or(Bytes::ZERO);
        let link = run.devices.iter().map(|(device, _)| device.interconnect().bandwidth_between_groups(each));
        // The slowest link counts; one that is not known leaves the time open.
        let link = link.collect::<Option<Vec<_>>>().and_then(|links| links.into_iter().reduce(|a, b| a.min(b)));
        let transfer_time = link.map(|link| most / link);
        let service = |pace| serve(run, replicas, deployment?, transfer_time?, pace);
        let writes = context > 0 || source > 0;
        writes.then(|| Self {
            replicas,
            devices: each.saturating_mul(replicas.prefill.saturating_add(replicas.decode)),
            transfer: kv_cache::bytes_at_context(&run.model, context, format)
                + kv_cache::source_bytes(&run.model, source, format)
                + state,
            transfer_time,
            ideal: service(Pace::Ideal),
            predicted: service(Pace::Predicted),
        })
    }

    /// A predicted time with the interval of a metric, in which nothing is faster than light. Nobody has measured this, so it
    /// is as wide as intervals get.
    pub fn time(&self, report: &Report, metric: Metric, time: fn(&Service) -> Seconds) -> Option<Predicted> {
        let value = time(&self.predicted?).get();
        let (low, high) = calibration::spread(report.engine, metric, Evidence::None);
        let least = self.ideal.map_or(0.0, |ideal| time(&ideal).get());
        Some(Predicted { value, low: (value * low).max(least).min(value), high: value * high })
    }

    /// Predicted requests per second with such an interval.
    pub fn requests(&self, report: &Report) -> Option<Predicted> {
        let value = self.predicted?.requests;
        let (low, high) = calibration::spread(report.engine, report.tpot_metric(), Evidence::None);
        let most = self.ideal.map_or(f64::INFINITY, |ideal| ideal.requests);
        Some(Predicted { value, low: value / high, high: (value / low).min(most).max(value) })
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let Disaggregation { prefill, decode } = self.replicas;
        let [p, d] = [prefill, decode].map(numbers::count);
        let mut facts = vec![Fact {
            label: "Replicas",
            value: format!("{p} for prefill, {d} for decode, on {}", numbers::devices(self.devices)),
        }];
        let mut handed = numbers::bytes(self.transfer).to_string();
        if let Some(time) = self.transfer_time {
            handed += &format!(" in {}", numbers::seconds(time));
        }
        facts.push(Fact { label: "Handed over per request", value: handed });
        let mut notes = Vec::new();
        match self.predicted {
            Some(service) => {
                let read = service.read * prefill as f64;
                let requests = numbers::significant(service.requests);
                let waits = service.written.is_some_and(|written| written * decode as f64 <= read);
                let side = if waits { "decode" } else { "prefill" };
                facts.push(Fact { label: "Requests", value: format!("{requests} per second, limited by {side}") });
                let tokens = service.requests * report.workload.output_tokens as f64 / self.devices.max(1) as f64;
                facts.push(Fact {
                    label: "Output, each device",
                    value: format!("{} tokens/s", numbers::significant(tokens)),
                });
                facts.push(Fact {
                    label: "TTFT, without interference",
                    value: numbers::seconds(service.ttft).to_string(),
                });
                facts.push(Fact { label: "TPOT, without prefills", value: numbers::seconds(service.tpot).to_string() });
                if let Some(balance) = service.balance() {
                    let value = format!("{} prefill replicas for each decode replica", numbers::significant(balance));
                    facts.push(Fact { label: "Balanced at", value });
                }
            }
            None => notes.push("Its speed cannot be told: a figure of a device or a link is not known.".to_owned()),
        }
        notes.push(
            "Assumed: each replica has the scenario's layout and load, the cache is handed over after the prefill, over the \
             fast domain if that holds two replicas and else over the host bus; networks are slower. No queue is counted."
                .to_owned(),
        );
        notes.push("The other figures of the report are those of replicas that do both.".to_owned());
        Block { key: "disagg", title: "Disaggregated prefill and decode", facts, notes }
    }
}

/// What a service does at a pace. `None` where a device lacks a figure.
fn serve(
    run: &Resolved,
    replicas: Disaggregation,
    deployment: Deployment,
    transfer: Seconds,
    pace: Pace,
) -> Option<Service> {
    let workload = run.workload;
    let groups = run.parallelism.data.max(1) as f64;
    let sequences = memory::sequences_per_replica(workload, run.parallelism.data);
    let prefill = deployment.prefill(sequences, workload.prompt_tokens, pace)?;
    let read = groups * sequences as f64 / prefill.busy.get();
    let running = deployment.running(sequences);
    let tpot = deployment.token_time(deployment.decode_step(running, workload, pace)?.time);
    // The first token comes out of the prefill.
    let later = workload.output_tokens.saturating_sub(1) as f64;
    let written = (later > 0.0).then(|| groups * running as f64 / (tpot.get() * later));
    let read_by_all = read * replicas.prefill as f64;
    Some(Service {
        read,
        written,
        requests: written.map_or(read_by_all, |written| read_by_all.min(written * replicas.decode as f64)),
        ttft: deployment.speed(workload, pace)?.ttft + transfer,
        tpot,
    })
}
