//! The names of the fields of a configuration, and how large each may be.

/// Fields that publishers spell in several ways: our name, then every spelling in order of preference.
const SPELLINGS: &[(&str, &[&str])] = &[
    ("hidden_size", &["hidden_size", "n_embd", "n_embed", "d_model", "dim", "model_dim"]),
    ("num_hidden_layers", &["num_hidden_layers", "n_layer", "num_layers", "n_layers"]),
    ("num_attention_heads", &["num_attention_heads", "n_head", "n_heads", "num_heads"]),
    (
        "num_key_value_heads",
        &["num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", "num_attention_groups"],
    ),
    ("head_dim", &["head_dim", "kv_channels", "attention_head_dim"]),
    (
        "intermediate_size",
        &["intermediate_size", "ffn_hidden_size", "n_inner", "ffn_dim", "d_ff", "ff_intermediate_size", "hidden_dim"],
    ),
    // ChatGLM pads the table; the padded size is what the file contains.
    ("vocab_size", &["padded_vocab_size", "vocab_size"]),
    (
        "max_position_embeddings",
        &[
            "max_position_embeddings",
            "n_positions",
            "seq_length",
            "max_seq_len",
            "max_sequence_length",
            "model_max_length",
        ],
    ),
    ("moe_intermediate_size", &["moe_intermediate_size", "expert_ffn_hidden_size", "expert_intermediate_size"]),
    ("num_experts", &["num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts"]),
    (
        "num_experts_per_tok",
        &["num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "moe_top_k", "top_k_experts"],
    ),
    ("num_shared_experts", &["num_shared_experts", "n_shared_experts", "moe_num_shared_experts"]),
    ("sliding_window", &["sliding_window", "sliding_window_size"]),
    ("sliding_window_pattern", &["sliding_window_pattern", "_sliding_window_pattern"]),
    ("tie_word_embeddings", &["tie_word_embeddings", "tie_embedding"]),
    ("mamba_ssm_dtype", &["mamba_ssm_dtype", "mamba_ssm_cache_dtype"]),
    ("vt_hidden_size", &["hidden_size", "vt_hidden_size"]),
    ("vt_intermediate_size", &["intermediate_size", "vt_intermediate_size"]),
    ("vt_num_hidden_layers", &["num_hidden_layers", "vt_num_hidden_layers"]),
    ("mm_hidden_size", &["mm_hidden_size", "hidden_size", "vt_hidden_size"]),
    ("init_pos_emb_height", &["init_pos_emb_height", "pos_emb_height"]),
    ("init_pos_emb_width", &["init_pos_emb_width", "pos_emb_width"]),
    ("in_channels", &["in_channels", "in_chans", "num_channels"]),
];

/// Largest value of a field that we believe. Anything else is at most [`WIDEST`].
const LIMITS: &[(&str, u64)] = &[
    ("num_hidden_layers", MOST_LAYERS),
    ("num_decoder_layers", MOST_LAYERS),
    ("encoder_layers", MOST_LAYERS),
    ("decoder_layers", MOST_LAYERS),
    ("num_nextn_predict_layers", 1_000),
    ("vocab_size", 1 << 26),
    ("vocab_size_per_layer_input", 1 << 26),
    ("num_experts", 1 << 16),
    ("num_experts_per_tok", 1 << 16),
    ("num_shared_experts", 1 << 16),
    ("num_attention_heads", 1 << 16),
    ("num_key_value_heads", 1 << 16),
    ("max_position_embeddings", LONGEST),
    ("sliding_window", LONGEST),
    ("window_size", LONGEST),
    ("attention_chunk_size", LONGEST),
    ("max_window_layers", LONGEST),
    ("patch_size", 1 << 12),
    ("temporal_patch_size", 1 << 6),
    ("spatial_merge_size", 1 << 6),
    ("in_channels", 1 << 6),
    ("image_size", 1 << 16),
    ("altup_num_inputs", 1 << 6),
    ("conv_kernel_size", 1 << 10),
    ("cca_time0", 1 << 10),
    ("cca_time1", 1 << 10),
    ("d_rel", 1 << 16),
    ("rel_extent", LONGEST),
    ("max_num_tiles", 1 << 10),
];
/// Layers that a file may ask for. A list of a pasted file decides how long we work, so it is bounded.
pub(super) const MOST_LAYERS: u64 = 10_000;
/// Width of a matrix that a file may ask for.
const WIDEST: u64 = 1 << 24;
/// Tokens that a window or a context may have.
const LONGEST: u64 = 1 << 40;

/// Every spelling of a field that has several, in order of preference.
pub(super) fn spellings(key: &str) -> Option<&'static [&'static str]> {
    SPELLINGS.iter().find(|(name, _)| *name == key).map(|(_, spellings)| *spellings)
}

/// The largest value of a field that we believe.
pub(super) fn limit(key: &str) -> u64 {
    LIMITS.iter().find(|(name, _)| *name == key).map_or(WIDEST, |(_, most)| *most)
}
