//! Sparse attention: indexers that choose tokens, and DeepSeek-V4's summaries of what lies beyond the window.

use super::keys::Config;
use super::mixture::first_dense_layers;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, prediction_layers};
use ridgepoint_core::{
    Attention, AttentionBias, CacheOwner, Indexer, Layers, Mixer, MlpRoles, Model, Reach, Role, Selection, Tensor,
    attention_tensors,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "deepseek_v4" => Some(deepseek_v4(config)),
        "minimax_m3" => Some(minimax_m3(config)),
        "mistral_large4" => Some(mistral_large4(config)),
        "step3p5" | "step3p7" => Some(step3(config)),
        _ => None,
    }
}

/// The indexer of the `index_*` fields.
pub(super) fn indexer(config: Config) -> Indexer {
    Indexer { heads: config.size("index_n_heads"), dim: config.size("index_head_dim"), top: config.size("index_topk") }
}

/// Weights of DeepSeek-V3.2's indexer: queries from the latent query, one key, a weight for each head, a layer norm.
pub(super) fn indexer_tensors(indexer: Indexer, hidden: u64, query_rank: u64) -> Vec<Tensor> {
    let Indexer { heads, dim, .. } = indexer;
    let mut tensors = vec![
        Tensor::matrix(Role::AttentionOther, heads * dim, query_rank),
        Tensor::matrix(Role::AttentionOther, dim, hidden),
        Tensor::matrix(Role::AttentionOther, heads, hidden),
    ];
    tensors.extend(Norm::Layer.tensors(dim, 1));
    tensors
}

/// Attention to what an indexer of its own lets through.
pub(super) const fn attend_selected(attention: Attention, indexer: Indexer) -> Mixer {
    let selection = Selection::Indexed(indexer);
    Mixer::Attention { attention, reach: Reach::Full, cache: CacheOwner::Own, selection }
}

/// Attention to what an earlier layer's indexer let through.
pub(super) const fn attend_as_earlier(attention: Attention, indexer: Indexer) -> Mixer {
    let selection = Selection::AsEarlier { top: indexer.top };
    Mixer::Attention { attention, reach: Reach::Full, cache: CacheOwner::Own, selection }
}

/// Hyper-connections (arXiv:2409.19606) around the two halves of a layer: `m` streams are mixed by a matrix of
/// `(2 + m) m x m h`, a bias and three scales at each.
pub(super) fn hyper_connections(config: Config, hidden: u64) -> Vec<Tensor> {
    let streams = config.size_or("hc_mult", 4);
    let mixes = (2 + streams) * streams;
    [Role::AttentionOther, Role::DenseOther]
        .into_iter()
        .flat_map(|role| [Tensor::matrix(role, mixes, streams * hidden), Tensor::vector(role, mixes + 3)])
        .collect()
}

/// DeepSeek-V4: one vector of each token is key and value of all heads; each layer sees a window of them and, beyond
/// it, summaries of 4 or of 128 tokens.
fn deepseek_v4(config: Config) -> Model {
    let shape = Shape::read_outside_attention(config);
    let (hidden, heads, dim) = (shape.hidden, shape.heads, config.size("head_dim"));
    let (query_rank, out_rank) = (config.size("q_lora_rank"), config.size("o_lora_rank"));
    let groups = config.size("o_groups");
    let mut base = vec![
        Tensor::matrix(Role::LatentDown, query_rank, hidden),
        Tensor::matrix(Role::LatentUp, heads * dim, query_rank),
        Tensor::matrix(Role::LatentDown, dim, hidden),
        // The output is projected in groups of heads first, then all together.
        Tensor::matrix(Role::LatentUp, groups * out_rank, heads * dim / groups),
        Tensor::matrix(Role::AttentionOutput, hidden, groups * out_rank),
        Tensor::vector(Role::AttentionSink, heads),
        Tensor::vector(Role::Norm, query_rank + dim),
    ];
    base.extend(Norm::Rms.tensors(hidden, 2));
    base.extend(hyper_connections(config, hidden));

    let width = config.size("moe_intermediate_size");
    let with_bias = |bias| {
        let experts = Experts::gated(config, hidden, width, bias);
        experts.and_shared(hidden, config.count("num_shared_experts") * width)
    };
    // The first layers route by a table of token ids, which is of integers and not counted, instead of a bias.
    let (hashed, routed) = (with_bias(false), with_bias(true));
    let n_hashed = config.optional("num_hash_layers").unwrap_or(3);

    let attention = Attention::Shared { heads, dim };
    let window = Reach::Sliding(config.size("sliding_window"));
    let indexer = indexer(config);
    let ratios = config.layer_numbers("compress_ratios", shape.layers);
    let ratios = ratios.unwrap_or_else(|| vec![0; shape.layers as usize]);
    let layers: Layers = ratios
        .into_iter()
        .zip(0..)
        .map(|(ratio, index)| {
            let indexer = (ratio == INDEXED_RATIO).then_some(indexer);
            let selection = if ratio == 0 { Selection::All } else { Selection::Compressed { ratio, indexer } };
            let mixer = Mixer::Attention { attention, reach: window, cache: CacheOwner::Own, selection };
            let tensors = [base.clone(), compressor(ratio, dim, indexer, hidden, query_rank)].concat();
            if index < n_hashed { hashed.layer(mixer, &tensors) } else { routed.layer(mixer, &tensors) }
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    // The streams are joined before the head.
    let streams = config.size_or("hc_mult", 4);
    let joining = [Tensor::matrix(Role::Other, streams, streams * hidden), Tensor::vector(Role::Other, streams + 1)];
    model.output.extend(joining);
    let predicting = [base, routed.tensors, joining.to_vec()].concat();
    model.mtp_parameters = prediction_layers(config.count("num_nextn_predict_layers"), &predicting, hidden, 3);
    model
}

/// Layers that summarise this few tokens have an indexer, and their summaries overlap: twice the width.
const INDEXED_RATIO: u64 = 4;

/// What summarises `ratio` tokens into one vector, and with an indexer into one of its keys.
fn compressor(ratio: u64, dim: u64, indexer: Option<Indexer>, hidden: u64, query_rank: u64) -> Vec<Tensor> {
    if ratio == 0 {
        return Vec::new();
    }
    let overlap = if ratio == INDEXED_RATIO { 2 } else { 1 };
    // A vector and a weight for each token, a table of positions, and a norm.
    let summarise = |dim: u64| {
        [
            Tensor::matrix(Role::AttentionOther, 2 * overlap * dim, hidden),
            Tensor::vector(Role::AttentionOther, ratio * overlap * dim),
            Tensor::vector(Role::Norm, dim),
        ]
    };
    let mut tensors = summarise(dim).to_vec();
    if let Some(Indexer { heads, dim, .. }) = indexer {
        tensors.extend(summarise(dim));
        tensors.push(Tensor::matrix(Role::AttentionOther, heads * dim, query_rank));
        tensors.push(Tensor::matrix(Role::AttentionOther, heads, hidden));
    }
    tensors
}

/// MiniMax-M3: grouped attention; in sparse layers an indexer chooses blocks of tokens.
fn minimax_m3(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let mut base = attention_tensors(shape.attention(), hidden, AttentionBias::default());
    base.extend(Norm::Rms.tensors(shape.head_dim, 2));
    base.extend(Norm::Rms.tensors(hidden, 2));

    let sparse = config.child("sparse_attention_config").filter(|sparse| sparse.flag_or("use_sparse_attention", true));
    let indexer = sparse.map(|sparse| Indexer {
        heads: sparse.size_or("sparse_num_index_heads", 4),
        dim: sparse.size_or("sparse_index_dim", 128),
        top: sparse.size_or("sparse_topk_blocks", 16).saturating_mul(sparse.size_or("sparse_block_size", 128)),
    });
    let mut indexed = base.clone();
    if let Some(Indexer { heads, dim, .. }) = indexer {
        indexed.push(Tensor::matrix(Role::AttentionOther, heads * dim, hidden));
        indexed.push(Tensor::matrix(Role::AttentionOther, dim, hidden));
        indexed.extend(Norm::Rms.tensors(dim, 2));
    }

    let width = config.optional("moe_intermediate_size").unwrap_or_else(|| config.size("intermediate_size"));
    let shared = config.count("shared_intermediate_size") * config.optional("num_shared_experts").unwrap_or(1).max(1);
    let experts = Experts::gated(config, hidden, width, true).and_shared(hidden, shared);
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("dense_intermediate_size"), 1);

    let dense = first_dense_layers(config, shape.layers);
    let listed = sparse.and_then(|sparse| sparse.layer_numbers("sparse_attention_freq", shape.layers));
    let is_sparse: Vec<bool> = match (sparse, listed) {
        (None, _) => vec![false; shape.layers as usize],
        (Some(_), Some(listed)) => listed.into_iter().map(|sparse| sparse > 0).collect(),
        // Without a list of their own, sparse layers are those with experts.
        (Some(_), None) => dense.iter().map(|dense| !dense).collect(),
    };
    let layers: Layers = is_sparse
        .into_iter()
        .zip(dense)
        .map(|(is_sparse, dense)| {
            let (mixer, tensors) = match indexer.filter(|_| is_sparse) {
                Some(indexer) => (attend_selected(shape.attention(), indexer), &indexed),
                None => (attend(shape.attention(), Reach::Full), &base),
            };
            if dense { dense_layer(mixer, tensors, &mlp) } else { experts.layer(mixer, tensors) }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Mistral Large 4: latent attention with an indexer; layers without positions have no rotary part.
fn mistral_large4(config: Config) -> Model {
    let shape = Shape::read_outside_attention(config);
    let (hidden, heads) = (shape.hidden, shape.heads);
    let (kv_rank, value_dim) = (config.size("kv_lora_rank"), config.size("v_head_dim"));
    let (rope_dim, nope_dim) = (config.size("qk_rope_head_dim"), config.size("qk_nope_head_dim"));
    let rotary = config.layer_numbers("no_rope_layers", shape.layers);
    let rotary = rotary.unwrap_or_else(|| (1..=shape.layers).map(|layer| u64::from(layer % 4 != 0)).collect());
    let owns = config.layer_words("indexer_types", shape.layers);
    let indexer = indexer(config);
    let mut index = vec![
        Tensor::matrix(Role::AttentionOther, indexer.heads * indexer.dim, hidden),
        Tensor::matrix(Role::AttentionOther, indexer.dim, hidden),
        Tensor::matrix(Role::AttentionOther, indexer.heads, hidden),
        Tensor::vector(Role::AttentionOther, 2 * indexer.heads),
    ];
    index.extend(Norm::Layer.tensors(indexer.dim, 1));
    index.extend(Norm::Layer.tensors(hidden, 1));

    let width = config.size("moe_intermediate_size");
    let experts =
        Experts::gated(config, hidden, width, false).and_shared(hidden, config.count("num_shared_experts") * width);
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);
    let layers: Layers = rotary
        .into_iter()
        .zip(first_dense_layers(config, shape.layers))
        .enumerate()
        .map(|(layer, (rotary, dense))| {
            // Every query is as wide as in a rotary layer.
            let attention = Attention::Latent {
                heads,
                kv_rank,
                rope_dim: if rotary > 0 { rope_dim } else { 0 },
                nope_dim: if rotary > 0 { nope_dim } else { nope_dim + rope_dim },
                value_dim,
                query_rank: None,
            };
            let mut tensors = attention_tensors(attention, hidden, AttentionBias::default());
            // A scale and a shift of the softmax for each head.
            tensors.push(Tensor::vector(Role::AttentionSink, 2 * heads));
            tensors.extend(Norm::Rms.tensors(hidden, 2));
            let owns = owns.as_ref().and_then(|owns| owns.get(layer)).is_none_or(|kind| *kind == "full");
            let mixer = if owns {
                tensors.extend(&index);
                attend_selected(attention, indexer)
            } else {
                attend_as_earlier(attention, indexer)
            };
            if dense { dense_layer(mixer, &tensors, &mlp) } else { experts.layer(mixer, &tensors) }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Step 3.5 and 3.7: a gate for each head, and more heads in the sliding layers.
fn step3(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let other = config.child("attention_other_setting").and_then(|other| other.optional("num_attention_heads"));
    let sliding_heads = config.optional("num_sliding_attention_heads").or(other).unwrap_or(shape.heads);
    let sliding = Shape { heads: sliding_heads, ..shape };
    let tensors = |shape: &Shape| {
        let mut tensors = attention_tensors(shape.attention(), hidden, AttentionBias::default());
        tensors.push(Tensor::matrix(Role::AttentionGate, shape.heads, hidden));
        tensors.extend(Norm::Rms.tensors(shape.head_dim, 2));
        tensors.extend(Norm::Rms.tensors(hidden, 2));
        tensors
    };
    let width = config.size("moe_intermediate_size");
    let shared = config.optional("share_expert_dim").unwrap_or(width);
    let experts = Experts::gated(config, hidden, width, true).and_shared(hidden, shared);
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);
    let window = config.optional("sliding_window").map_or(Reach::Full, Reach::Sliding);
    let types = config.layer_words("layer_types", shape.layers);
    let is_sliding = |layer: u64| {
        let kind = types.as_ref().and_then(|types| types.get(layer as usize));
        kind.is_some_and(|kind| *kind == "sliding_attention")
    };
    let dense = config.optional("first_k_dense_replace").unwrap_or(3);
    let layers: Layers = (0..shape.layers)
        .map(|layer| {
            let (shape, reach) = if is_sliding(layer) { (&sliding, window) } else { (&shape, Reach::Full) };
            let (mixer, tensors) = (attend(shape.attention(), reach), tensors(shape));
            if layer < dense { dense_layer(mixer, &tensors, &mlp) } else { experts.layer(mixer, &tensors) }
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    // Prediction layers are dense and sliding, and have heads of their own.
    let head = [Tensor::matrix(Role::Head, shape.vocab, hidden)];
    let predicting = [&tensors(&sliding)[..], &mlp, &head].concat();
    model.mtp_parameters = prediction_layers(config.count("num_nextn_predict_layers"), &predicting, hidden, 3);
    model
}
