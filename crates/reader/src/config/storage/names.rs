//! What the modules behind a model's tensors are called in checkpoints.

use ridgepoint_core::{Attention, Component, Layer, Mixer, Role, Selection, Tensor};

/// What a family calls the parts of a layer.
#[derive(Clone, Copy)]
pub(super) struct Names {
    attention: &'static str,
    mlp: &'static str,
    /// What holds routed experts, shared experts and the router.
    mixture: &'static str,
    hidden: u64,
}

/// How the names of families begin that do not call their parts `self_attn` and `mlp`.
const FAMILIES: &[(&str, &str, &str, &str)] = &[
    ("deepseek_v4", "attn", "ffn", "ffn"),
    ("gemma4", "self_attn", "mlp", ""),
    ("granitemoe", "self_attn", "mlp", "block_sparse_moe"),
    ("jamba", "self_attn", "feed_forward", "feed_forward"),
    ("lfm2", "self_attn", "feed_forward", "feed_forward"),
    ("llama4", "self_attn", "feed_forward", "feed_forward"),
    ("minimax", "self_attn", "mlp", "block_sparse_moe"),
    ("mixtral", "self_attn", "mlp", "block_sparse_moe"),
    ("nemotron_h", "mixer", "mixer", "mixer"),
    ("phimoe", "self_attn", "mlp", "block_sparse_moe"),
];

impl Names {
    pub(super) fn of(model_type: &str, hidden: u64) -> Self {
        let family = FAMILIES.iter().find(|(family, ..)| model_type.starts_with(family));
        let (_, attention, mlp, mixture) = family.copied().unwrap_or(("", "self_attn", "mlp", "mlp"));
        Self { attention, mlp, mixture, hidden }
    }

    /// Every name that a tensor may have within its layer, as `self_attn.q_proj`, or outside the layers. A fused
    /// projection is one of them: what leaves that out leaves out its parts.
    pub(super) fn paths(self, tensor: Tensor, layer: Option<&Layer>) -> Vec<String> {
        let (parents, leaves): (&[&str], &[&str]) = match tensor.role {
            Role::Head => (&[""], &["lm_head", "head", "output"]),
            Role::TokenEmbedding => (&[""], &["embed_tokens", "embeddings", "wte"]),
            Role::Query => (&[self.attention], &["q_proj", "qkv_proj"]),
            Role::Key => (&[self.attention], &["k_proj", "qkv_proj"]),
            Role::Value => (&[self.attention], &["v_proj", "qkv_proj"]),
            Role::AttentionOutput => (&[self.attention], &["o_proj", "wo_b"]),
            Role::AttentionGate => (&[self.attention], &["q_proj", "g_proj", "gate_proj"]),
            Role::LatentDown if is_query(tensor, layer) => (&[self.attention], &["q_a_proj", "wq_a"]),
            Role::LatentDown => (&[self.attention], &["kv_a_proj_with_mqa", "wkv"]),
            Role::LatentUp if is_query(tensor, layer) => (&[self.attention], &["q_b_proj", "wq_b"]),
            Role::LatentUp => (&[self.attention], &["kv_b_proj", "wo_a"]),
            Role::AttentionOther => (&[self.attention], index_leaves(tensor, layer)),
            Role::Mixer => (&["linear_attn", "mamba", "mixer", "conv", "self_attn"], mixer_leaves(tensor, self.hidden)),
            Role::Gate => (&[self.mlp], &["gate_proj", "gate_up_proj", "w1"]),
            Role::Up => (&[self.mlp], &["up_proj", "gate_up_proj", "w3"]),
            Role::Down => (&[self.mlp], &["down_proj", "w2"]),
            Role::ExpertGate | Role::ExpertUp | Role::ExpertDown => {
                (&["experts", "experts.0"], expert_leaves(tensor.role))
            }
            Role::SharedGate | Role::SharedUp | Role::SharedDown => {
                (&["shared_experts", "shared_expert"], expert_leaves(tensor.role))
            }
            Role::Router => (&[self.mixture], &["gate", "router"]),
            Role::PositionEmbedding
            | Role::PerLayerEmbedding
            | Role::AttentionSink
            | Role::DenseOther
            | Role::Norm
            | Role::Vision
            | Role::Audio
            | Role::Projector
            | Role::Other => (&[], &[]),
        };
        let around = match tensor.role.component() {
            Component::RoutedExperts | Component::SharedExperts => self.mixture,
            Component::Embedding
            | Component::Head
            | Component::Attention
            | Component::Mixer
            | Component::DenseMlp
            | Component::Router
            | Component::Norms
            | Component::Vision
            | Component::Audio
            | Component::Projector
            | Component::Other => "",
        };
        let join = |parent: &str, leaf: &str| {
            let parts = [around, parent, leaf];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
        };
        parents.iter().flat_map(|parent| leaves.iter().map(|leaf| join(parent, leaf))).collect()
    }
}

const fn expert_leaves(role: Role) -> &'static [&'static str] {
    if matches!(role, Role::ExpertDown | Role::SharedDown) {
        &["down_proj", "w2"]
    } else if matches!(role, Role::ExpertGate | Role::SharedGate) {
        &["gate_proj", "gate_up_proj", "w1"]
    } else {
        &["up_proj", "gate_up_proj", "w3"]
    }
}

/// Whether a factor of latent attention belongs to the query.
fn is_query(tensor: Tensor, layer: Option<&Layer>) -> bool {
    let attention = layer.and_then(|layer| layer.mixer.attention());
    match attention {
        Some(Attention::Latent { heads, kv_rank, rope_dim, nope_dim, query_rank: Some(rank), .. }) => {
            let query_width = heads.saturating_mul(nope_dim + rope_dim);
            let down =
                tensor.role == Role::LatentDown && tensor.outputs == rank && tensor.outputs != kv_rank + rope_dim;
            down || tensor.role == Role::LatentUp && tensor.inputs == rank && tensor.outputs == query_width
        }
        Some(Attention::Shared { heads, dim }) => {
            let down = tensor.role == Role::LatentDown && tensor.outputs != dim;
            down || tensor.role == Role::LatentUp && tensor.outputs == heads.saturating_mul(dim)
        }
        Some(Attention::Latent { query_rank: None, .. } | Attention::Grouped { .. }) | None => false,
    }
}

/// What parts of an indexer are called; nothing for other small weights, which no method quantises.
fn index_leaves(tensor: Tensor, layer: Option<&Layer>) -> &'static [&'static str] {
    let Some(Mixer::Attention { selection, .. }) = layer.map(|layer| layer.mixer) else { return &[] };
    let indexer = match selection {
        Selection::Indexed(indexer) => indexer,
        Selection::Compressed { indexer: Some(indexer), .. } if tensor.outputs != indexer.dim => indexer,
        Selection::All | Selection::AsEarlier { .. } | Selection::Compressed { .. } => return &[],
    };
    // The weights of the indexer's heads decide too much to be quantised.
    if tensor.outputs == indexer.heads.saturating_mul(indexer.dim) {
        &["indexer.wq_b", "index_q_proj"]
    } else if tensor.outputs == indexer.dim {
        &["indexer.wk", "index_k_proj"]
    } else {
        &[]
    }
}

/// What the projections of a recurrent mixer are called.
const fn mixer_leaves(tensor: Tensor, hidden: u64) -> &'static [&'static str] {
    if tensor.outputs == hidden {
        &["out_proj", "o_proj"]
    } else if tensor.inputs == hidden && tensor.outputs.saturating_mul(4) >= hidden {
        &["in_proj", "in_proj_qkv", "in_proj_qkvz", "in_proj_z"]
    } else {
        &["in_proj_ba", "in_proj_a", "in_proj_b", "x_proj", "dt_proj"]
    }
}
