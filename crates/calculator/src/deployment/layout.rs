//! The degrees of parallelism: those that a scenario asks for, and a choice of those that it leaves open.

use ridgepoint_catalog::devices::Device;
use ridgepoint_core::{Model, Parallelism, Profile, StageSplit};

use crate::scenario::{Degree, Scenario};
use crate::warning::Warning;

/// Chooses what the scenario leaves open.
///
/// Engines that cut layers get the widest tensor parallelism that divides the attention heads and stays inside the
/// fast domain, then pipeline stages, then replicas; the others get one run of layers for each device.
pub(super) fn choose_layout(
    scenario: &Scenario,
    profile: &Profile,
    model: &Model,
    devices: &[(&'static Device, u64)],
    warnings: &mut Vec<Warning>,
) -> Parallelism {
    let available = devices.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)).max(1);
    let asked = [scenario.layout.tensor, scenario.layout.pipeline, scenario.layout.data];
    let fixed = asked.iter().fold(1_u64, |product, &degree| product.saturating_mul(at_least_one(degree)));
    let layers = (model.layers.len() as u64).max(1);
    let [tensor, pipeline, data] = if fixed > available {
        warnings.push(Warning::TooFewDevices { asked: fixed, available });
        [Degree::Auto; 3]
    } else {
        asked
    };
    // What is left open shares the devices that the fixed degrees leave: tensor parallelism first, then the pipeline.
    let mut open = available / if fixed > available { 1 } else { fixed };
    let mut settle = |degree: Degree, wanted: &dyn Fn(u64) -> u64| match degree {
        Degree::Of(degree) => degree.max(1),
        Degree::Auto => {
            let wanted = wanted(open).max(1);
            open /= wanted;
            wanted
        }
    };
    let domain = devices.iter().map(|(device, _)| fast_domain(device)).min().unwrap_or(1);
    let cuts_layers = scenario.engine.cuts_layers() && devices.len() == 1;
    let widest = |open: u64| {
        let divides = |degree: &u64| open.is_multiple_of(*degree) && undividable_heads(model, *degree).is_none();
        (1..=open.min(domain)).rev().find(divides).unwrap_or(1)
    };
    let tensor = settle(tensor, &|open| if cuts_layers { widest(open) } else { 1 });
    let pipeline = settle(pipeline, &|open| if open <= layers { open } else { 1 });
    let data = settle(data, &|open| open);
    let mut layout = Parallelism {
        tensor,
        pipeline,
        expert: 1,
        data,
        split: match profile {
            Profile::LlamaCpp(_) => StageSplit::LayersAndHead,
            Profile::Vllm(vllm) if vllm.rest_on_last_stage => StageSplit::LayersThenRest,
            Profile::Vllm(_)
            | Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::Transformers(_)
            | Profile::Mlx(_) => StageSplit::Layers,
        },
    };
    if layout.pipeline > layers {
        warnings.push(Warning::MoreStagesThanLayers { stages: layout.pipeline, layers });
        layout.pipeline = layers;
    }
    layout.expert = expert_degree(scenario.layout.expert, &layout, model, warnings);
    if layout.devices() < available {
        warnings.push(Warning::UnusedDevices { used: layout.devices(), available });
    }
    if let Some((heads, kv_heads)) = undividable_heads(model, layout.tensor) {
        warnings.push(Warning::HeadsDoNotDivide { tensor: layout.tensor, heads, kv_heads });
    }
    layout
}

/// Devices that tensor parallelism should stay within: the fast domain, or the slots of one host.
pub(crate) fn fast_domain(device: &Device) -> u64 {
    const SLOTS_OF_A_HOST: u64 = 8;
    device.interconnect().scale_up.map_or(SLOTS_OF_A_HOST, |fast| fast.domain.max(SLOTS_OF_A_HOST))
}

const fn at_least_one(degree: Degree) -> u64 {
    match degree {
        Degree::Auto | Degree::Of(0) => 1,
        Degree::Of(degree) => degree,
    }
}

/// The query and KV heads of an attention layer that cannot be dealt out over `tensor` ranks, if there is one: query
/// heads have to divide evenly, and KV heads either divide or are replicated evenly.
pub(crate) fn undividable_heads(model: &Model, tensor: u64) -> Option<(u64, u64)> {
    let attentions = model.layers.kinds().iter().filter_map(|layer| layer.mixer.attention());
    attentions.map(|attention| (attention.heads(), attention.kv_heads())).find(|&(heads, kv_heads)| {
        !heads.is_multiple_of(tensor) || !(kv_heads.is_multiple_of(tensor) || tensor.is_multiple_of(kv_heads.max(1)))
    })
}

/// The expert-parallel degree: it divides the ranks of a stage and does not exceed the experts.
fn expert_degree(asked: Degree, layout: &Parallelism, model: &Model, warnings: &mut Vec<Warning>) -> u64 {
    let wanted = at_least_one(asked);
    let ranks = layout.tensor.saturating_mul(layout.data);
    let experts = model.experts();
    if wanted == 1 {
        return 1;
    }
    let possible = |degree: u64| {
        ranks.is_multiple_of(degree)
            && degree <= experts.max(1)
            && (degree.is_multiple_of(layout.tensor) || layout.tensor.is_multiple_of(degree))
    };
    if possible(wanted) {
        return wanted;
    }
    let used = (1..wanted.min(ranks)).rev().find(|&degree| possible(degree)).unwrap_or(1);
    warnings.push(Warning::ExpertsDoNotDivide { asked: wanted, used, ranks, experts });
    used
}
