//! Lists of what can be chosen, for programs.

use serde_json::{Value, json};

use crate::options::Group;
use crate::ranking::{Candidate, Standing};

use super::plans;

/// Choices as a JSON list, indented, each with the label of its group.
pub fn choices(groups: &[Group]) -> String {
    let entries: Value = groups
        .iter()
        .flat_map(|group| group.choices.iter().map(move |choice| (group, choice)))
        .map(|(group, choice)| {
            json!({ "id": choice.id, "name": choice.name, "group": group.label, "detail": choice.detail })
        })
        .collect();
    format!("{entries:#}")
}

/// Ranked models or devices as a JSON list, indented, in their order.
pub fn candidates(candidates: &[Candidate]) -> String {
    format!("{:#}", candidates.iter().map(candidate).collect::<Value>())
}

fn candidate(candidate: &Candidate) -> Value {
    let Standing { parallelism, headroom, times, min_devices, within } = &candidate.standing;
    json!({
        "id": candidate.id,
        "name": candidate.name,
        "fits": headroom.map(|headroom| headroom >= 0),
        "headroom_bytes": headroom,
        "parallelism": {
            "tp": parallelism.tensor, "pp": parallelism.pipeline, "ep": parallelism.expert, "dp": parallelism.data,
        },
        "tokens_per_s_per_user": times.map(|times| times.per_user.get()),
        "output_tokens_per_s": times.map(|times| times.output.get()),
        "ttft_loaded_s": times.map(|times| times.ttft.get()),
        "tpot_s": times.map(|times| times.tpot.get()),
        "min_devices": min_devices,
        "within_targets": within.as_ref().map(plans::service),
        "query": candidate.query,
    })
}
