//! How the weights of a device come about.

use ridgepoint_core::{Bytes, Demand, GgmlType, Number, Packing, Profile, memory};

use super::terms::Terms;
use super::{Desk, Working};
use crate::numbers;

impl Desk<'_> {
    pub(super) fn weights(&self) -> Working {
        let Self { resolved, demand, reservation, .. } = self;
        let mut plain = [(4, Bytes::ZERO), (2, Bytes::ZERO), (1, Bytes::ZERO)];
        let mut packed = Bytes::ZERO;
        let visit = &mut |packing: Packing, bytes: Bytes| {
            let width = whole_bytes(packing);
            match plain.iter_mut().find(|(known, _)| Some(*known) == width && bytes.get().is_multiple_of(*known)) {
                Some((_, sum)) => *sum += bytes,
                None => packed += bytes,
            }
        };
        let Demand { model, stage, parallelism, knobs, .. } = *demand;
        memory::each_stage_tensor(model, stage, resolved.numerics.weights, parallelism, knobs.host, visit);
        let mut terms = Terms::default();
        for (width, bytes) in plain.into_iter().filter(|&(_, bytes)| bytes > Bytes::ZERO) {
            let values = numbers::count(bytes.get() / width);
            terms.plus(&format!("{}-bit values × {width} B", width * 8), &format!("{values} × {width} B"));
        }
        terms.plus_bytes("quantised matrices with their scales", packed);
        let padding = reservation.memory.weights.saturating_sub(demand.weights);
        terms.plus_bytes("drafter", resolved.draft_weights(stage));
        terms.plus_bytes("adapters", resolved.adapter_bytes(stage));
        terms.plus_bytes("padding and copies of the engine", padding);
        let padded: &[&str] = match resolved.profile {
            Profile::Vllm(rules) if rules.absorbs_latent && model.has_latent_cache() => &["absorbs_latent"],
            Profile::Vllm(_) if model.has_latent_cache() => &["unpacks_latent"],
            Profile::Vllm(_) if model.experts() > 0 && padding > Bytes::ZERO => &["mxfp4_stream", "mxfp4_width"],
            Profile::Vllm(_)
            | Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::LlamaCpp(_)
            | Profile::Transformers(_)
            | Profile::Mlx(_) => &[],
        };
        terms.working("Weights", numbers::bytes(reservation.memory.weights).to_string(), self.origins.of(padded))
    }
}

/// Bytes of each value, where there is nothing beside the values.
fn whole_bytes(packing: Packing) -> Option<u64> {
    match packing {
        Packing::Plain { number: Number::Fp32 } | Packing::Ggml(GgmlType::F32) => Some(4),
        Packing::Plain { number: Number::Fp16 | Number::Bf16 } | Packing::Ggml(GgmlType::F16 | GgmlType::Bf16) => {
            Some(2)
        }
        Packing::Plain { number: Number::Fp8 } => Some(1),
        Packing::Plain { .. }
        | Packing::Absent
        | Packing::PerTensor { .. }
        | Packing::PerRow { .. }
        | Packing::PerGroup { .. }
        | Packing::PerTile { .. }
        | Packing::Nvfp4 { .. }
        | Packing::Gptq { .. }
        | Packing::BitsAndBytes4 { .. }
        | Packing::Codebooks { .. }
        | Packing::Ggml(_)
        | Packing::GgmlLatent { .. }
        | Packing::GgmlRows { .. } => None,
    }
}
