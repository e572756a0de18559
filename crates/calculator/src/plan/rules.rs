//! What engines and models allow of a layout.

use core::fmt;

use ridgepoint_core::{Bytes, Engine, Kind, Packing, Parallelism, Sharding, Tensor, Weights};

use super::Rejected;
use crate::deployment::{Resolved, fast_domain, undividable_heads};
use crate::names;
use crate::numbers;

/// Why a layout is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The fullest device lacks so many bytes.
    TooLarge {
        /// Bytes that are too many.
        short: u64,
    },
    /// The size of a device is not known.
    UnknownMemory,
    /// The attention heads cannot be dealt out evenly.
    Heads {
        /// Query heads.
        heads: u64,
        /// KV heads.
        kv_heads: u64,
    },
    /// The engine gives whole layers to devices.
    WholeLayers {
        /// The engine.
        engine: &'static str,
    },
    /// Tensor parallelism would leave the fast domain, or the host.
    BeyondDomain {
        /// Devices of a domain.
        domain: u64,
    },
    /// A group of tensor-parallel ranks would hold devices of different kinds.
    MixedGroup,
    /// The shares of a quantised matrix would end inside a block of values with one scale.
    Blocks {
        /// Rows or columns of a share.
        share: u64,
        /// Rows or columns of a block.
        block: u64,
    },
    /// More stages than layers.
    Layers {
        /// Layers.
        layers: u64,
    },
    /// There are no experts to deal out.
    NoExperts,
    /// The engine does not deal out experts.
    ExpertsTogether {
        /// The engine.
        engine: &'static str,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { short } => {
                write!(f, "does not fit: the fullest device lacks {}", numbers::bytes(Bytes::new(*short)))
            }
            Self::UnknownMemory => write!(f, "the memory size of a device is not known (mem=GiB says it)"),
            Self::Heads { heads, kv_heads } => {
                write!(f, "{heads} attention heads with {kv_heads} KV heads do not divide")
            }
            Self::WholeLayers { engine } => write!(f, "{engine} gives whole layers to devices"),
            Self::BeyondDomain { domain } => {
                write!(f, "each layer would wait for links beyond the {domain} devices of a fast domain or host")
            }
            Self::MixedGroup => write!(f, "equal shares of a layer would be on devices of different kinds"),
            Self::Blocks { share, block } => {
                write!(f, "shares of {share} rows or columns end inside blocks of {block} with one scale")
            }
            Self::Layers { layers } => write!(f, "the model has {layers} layers"),
            Self::NoExperts => write!(f, "the model has no experts"),
            Self::ExpertsTogether { engine } => write!(f, "{engine} keeps the experts of a layer together"),
        }
    }
}

/// Degrees of expert parallelism that an engine offers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ExpertRule {
    /// None.
    Together,
    /// All ranks of all replicas of a stage: vLLM's `--enable-expert-parallel`, whose degree is TP x DP
    /// (docs.vllm.ai, "Expert Parallel Deployment").
    AllRanks,
    /// A divisor of the tensor-parallel degree: `--ep-size` of SGLang and `--ep_size` of TensorRT-LLM.
    WithinTensor,
}

/// How a layout treats tensors: the tensor-parallel degree, and over how many ranks of a tensor-parallel group whole
/// experts are dealt out. That is 1 where every rank has a part of each expert, and 0 for all ranks of a stage.
pub(super) type Degrees = (u64, u64);

/// What the engine, the model and the devices of a scenario allow.
pub(super) struct Rules {
    base: Parallelism,
    experts: u64,
    layers: u64,
    /// The degrees that are possible, by the tensor-parallel one.
    kinds: Vec<Degrees>,
    /// What is not possible on the devices of the scenario.
    pub(super) refused: Vec<Rejected>,
}

impl Rules {
    pub(super) fn of(resolved: &Resolved) -> Self {
        let Resolved { model, devices, profile, parallelism, .. } = resolved;
        let engine = profile.engine();
        let label = names::engine(engine).label;
        let expert_rule = match engine {
            Engine::Vllm => ExpertRule::AllRanks,
            Engine::Sglang | Engine::TensorRtLlm => ExpertRule::WithinTensor,
            Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => ExpertRule::Together,
        };
        let available = devices.iter().fold(0_u64, |sum, &(_, count)| sum.saturating_add(count));
        let layers = (model.layers.len() as u64).max(1);
        let mut rules =
            Self { base: *parallelism, experts: model.experts(), layers, kinds: Vec::new(), refused: Vec::new() };
        let domain = devices.iter().map(|(device, _)| fast_domain(device)).min().unwrap_or(1);
        let widest = if engine.cuts_layers() { available.min(domain) } else { 1 };
        for tensor in 1..=widest {
            rules.add(resolved, tensor, expert_rule);
        }
        let mut refuse = |words: String, reason| rules.refused.push(Rejected { words, reason });
        if available > widest {
            let reason = if engine.cuts_layers() {
                Reason::BeyondDomain { domain }
            } else {
                Reason::WholeLayers { engine: label }
            };
            refuse(format!("TP {} and more", widest + 1), reason);
        }
        if available > layers {
            refuse(format!("PP {} and more", layers + 1), Reason::Layers { layers });
        }
        if available > 1 && rules.experts == 0 {
            refuse("EP 2 and more".into(), Reason::NoExperts);
        } else if available > 1 && expert_rule == ExpertRule::Together {
            refuse("EP 2 and more".into(), Reason::ExpertsTogether { engine: label });
        }
        rules
    }

    /// Adds what is possible at this degree of tensor parallelism.
    fn add(&mut self, resolved: &Resolved, tensor: u64, rule: ExpertRule) {
        let counts = resolved.devices.iter().map(|&(_, count)| count);
        let is_mixed = resolved.devices.len() > 1 && counts.into_iter().any(|count| !count.is_multiple_of(tensor));
        let undividable = undividable_heads(&resolved.model, tensor);
        let broken = |cut: u64, is_expert: bool| {
            let (share, block) = broken_block(resolved, cut, is_expert)?;
            Some(Reason::Blocks { share, block })
        };
        let reason = match undividable {
            Some((heads, kv_heads)) => Some(Reason::Heads { heads, kv_heads }),
            None if is_mixed => Some(Reason::MixedGroup),
            None => broken(tensor, false),
        };
        if let Some(reason) = reason {
            self.refused.push(Rejected { words: format!("TP {tensor}"), reason });
            return;
        }
        match broken(tensor, true) {
            Some(reason) => {
                self.refused.push(Rejected { words: format!("TP {tensor} with every expert cut"), reason });
            }
            None => self.kinds.push((tensor, 1)),
        }
        if self.experts == 0 {
            return;
        }
        match rule {
            ExpertRule::Together => {}
            ExpertRule::AllRanks => self.kinds.push((tensor, 0)),
            ExpertRule::WithinTensor => {
                for degree in (2..=tensor).filter(|degree| tensor.is_multiple_of(*degree)) {
                    match broken(tensor / degree, true) {
                        Some(reason) => {
                            let words = format!("TP {tensor} with EP {degree}");
                            self.refused.push(Rejected { words, reason });
                        }
                        None => self.kinds.push((tensor, degree)),
                    }
                }
            }
        }
    }

    /// The degrees that are possible on so many devices.
    pub(super) fn kinds(&self, devices: u64) -> impl Iterator<Item = Degrees> + '_ {
        self.kinds.iter().copied().filter(move |(tensor, _)| *tensor <= devices)
    }

    /// Stages that so many devices can form at most.
    pub(super) fn longest_pipeline(&self, devices: u64) -> u64 {
        devices.min(self.layers)
    }

    /// The layout with these degrees. `None` where experts are to be dealt out and there are too few, or only one rank,
    /// or no replica.
    pub(super) fn layout(&self, tensor: u64, pipeline: u64, data: u64, experts: u64) -> Option<Parallelism> {
        let expert = match experts {
            0 => Some(tensor * data).filter(|&ranks| ranks > 1),
            degree => Some(degree),
        };
        let expert = expert.filter(|&degree| degree <= self.experts.max(1) && data > 0)?;
        Some(Parallelism { tensor, pipeline, expert, data, ..self.base })
    }

    /// Replicas that can share all experts of a stage; no limit where they do not share them.
    pub(super) const fn most_replicas(&self, tensor: u64, experts: u64) -> u64 {
        match experts {
            0 if self.experts < tensor => 0,
            0 => self.experts / tensor,
            _ => u64::MAX,
        }
    }
}

/// The share and the block of a quantised matrix whose shares would end inside a block, if there is one.
///
/// vLLM and SGLang refuse such weights: "the input size is not aligned with the quantized weight shape"
/// (`AWQLinearMethod.create_weights`), "input_size_per_partition is not divisible by group_size"
/// (`verify_marlin_supports_shape`), "is not divisible by weight quantization block_n" (`Fp8MoEMethod.create_weights`).
fn broken_block(resolved: &Resolved, cut: u64, is_expert: bool) -> Option<(u64, u64)> {
    if cut == 1 {
        return None;
    }
    let weights = Weights::new(&resolved.model, resolved.numerics.weights);
    let broken = |(matrix, packing): (Tensor, Packing)| {
        match matrix.role.sharding() {
            Sharding::Split if !is_expert => {}
            Sharding::Experts if is_expert => {}
            Sharding::Split | Sharding::Experts | Sharding::Replicated | Sharding::KvHeads => return None,
        }
        let by_row = matrix.role.is_row_parallel();
        let block = match packing {
            Packing::PerGroup { group, .. } | Packing::Gptq { group, .. } if by_row => group,
            Packing::PerTile { columns, .. } if by_row => columns,
            Packing::PerTile { rows, .. } => rows,
            Packing::Absent
            | Packing::Plain { .. }
            | Packing::PerTensor { .. }
            | Packing::PerRow { .. }
            | Packing::PerGroup { .. }
            | Packing::Nvfp4 { .. }
            | Packing::Gptq { .. }
            | Packing::BitsAndBytes4 { .. }
            | Packing::Codebooks { .. }
            | Packing::Ggml(_)
            | Packing::GgmlLatent { .. }
            | Packing::GgmlRows { .. } => return None,
        };
        let side = if by_row { matrix.inputs } else { matrix.outputs };
        let whole = block > 0 && side.is_multiple_of(block);
        (whole && !side.is_multiple_of(block.saturating_mul(cut))).then_some((side / cut, block))
    };
    let layers = weights.layers(0..resolved.model.layers.len());
    layers.iter().find_map(|layers| {
        let mut matrices = weights.tensors(*layers).filter(|(tensor, _)| tensor.kind == Kind::Matrix);
        matrices.find_map(broken)
    })
}
