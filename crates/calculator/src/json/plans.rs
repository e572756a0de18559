//! Plans for programs.

use ridgepoint_core::Parallelism;
use serde_json::{Value, json};

use crate::launch::Launch;
use crate::link::Link;
use crate::placement::Placement;
use crate::plan::answers::Answers;
use crate::plan::serving::Service;
use crate::plan::{Objective, Proposal};

/// The plan of a link's scenario as JSON, indented, with the best layout for each of the objectives that are wanted.
pub fn plan(answers: &Answers, link: &Link, wanted: &[Objective]) -> String {
    let Answers { plan, placements, front, within } = answers;
    let best = |objective: Objective| {
        let best = plan.best(objective).map(|best| {
            let launch = Launch::of(&best.scenario(&link.scenario));
            json!({ "layout": best.words, "query": best.query, "command": launch.command, "notes": launch.notes })
        });
        (objective.id().to_string(), best.into())
    };
    let layouts = plan.proposals.iter().enumerate().map(|(index, proposal)| {
        let merits = plan.merits(index).map(Objective::id).collect();
        layout(proposal, merits)
    });
    let rejected =
        plan.rejected.iter().map(|rejected| json!({ "layout": rejected.words, "reason": rejected.reason.to_string() }));
    let view = json!({
        "schema": 1,
        "devices": link.scenario.device_count(),
        "best": wanted.iter().copied().map(best).collect::<serde_json::Map<_, Value>>(),
        "layouts": layouts.collect::<Vec<_>>(),
        "rejected": rejected.collect::<Vec<_>>(),
        "placements": placements.iter().map(placement).collect::<Vec<_>>(),
        "front": front.iter().map(service).collect::<Vec<_>>(),
        "within_targets": within.iter().map(service).collect::<Vec<_>>(),
        "notices": link.notices.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    format!("{view:#}")
}

fn layout(proposal: &Proposal, merits: Vec<&str>) -> Value {
    let Parallelism { tensor, pipeline, expert, data, .. } = proposal.parallelism;
    let times = proposal.times;
    json!({
        "layout": proposal.words,
        "parallelism": { "tp": tensor, "pp": pipeline, "ep": expert, "dp": data },
        "devices": proposal.parallelism.devices(),
        "query": proposal.query,
        "headroom_bytes": proposal.headroom,
        "ttft_loaded_s": times.map(|times| times.ttft.get()),
        "tpot_s": times.map(|times| times.tpot.get()),
        "e2e_s": times.map(|times| times.end_to_end.get()),
        "tokens_per_s_per_user": times.map(|times| times.per_user.get()),
        "output_tokens_per_s": times.map(|times| times.output.get()),
        "output_tokens_per_s_per_device": times.map(|times| times.per_device.get()),
        "usd_per_million_output_tokens": proposal.cost,
        "meets_targets": proposal.meets,
        "on_front": proposal.on_front,
        "best_at": merits,
    })
}

/// A layout under a load.
pub(super) fn service(service: &Service) -> Value {
    json!({
        "layout": service.words,
        "query": service.query,
        "batch": service.batch,
        "ttft_loaded_s": service.times.ttft.get(),
        "tpot_s": service.times.tpot.get(),
        "tokens_per_s_per_user": service.times.per_user.get(),
        "output_tokens_per_s": service.times.output.get(),
        "output_tokens_per_s_per_device": service.times.per_device.get(),
    })
}

fn placement(placement: &Placement) -> Value {
    let stages = placement.stages.iter().map(|stage| {
        json!({
            "device": stage.device,
            "layers": [stage.layers.start, stage.layers.end],
            "total_bytes": stage.total.get(),
            "limit_bytes": stage.limit.map(|limit| limit.get()),
            "headroom_bytes": stage.headroom(),
        })
    });
    let map = placement.device_map.iter().map(|(module, device)| (module.clone(), Value::from(*device)));
    json!({
        "aim": placement.aim.id(),
        "fits": placement.fits(),
        "stages": stages.collect::<Vec<_>>(),
        "total_bytes": placement.total().get(),
        "tensor_split": placement.tensor_split,
        "split_ratio": placement.shares,
        "device_map": map.collect::<serde_json::Map<_, _>>(),
        "max_context_tokens": placement.max_context,
        "max_batch": placement.max_batch,
        "tpot_s": placement.times.map(|times| times.tpot.get()),
        "ttft_loaded_s": placement.times.map(|times| times.ttft.get()),
        "output_tokens_per_s": placement.times.map(|times| times.output.get()),
    })
}
