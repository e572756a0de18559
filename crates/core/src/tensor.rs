//! The weights of a model, one entry for each kind of tensor.
//!
//! Everything that depends on weights is a sum over these: parameters by component, bytes by format,
//! what a device holds under tensor parallelism, and the arithmetic of a matrix product.

use crate::format::Packing;

/// What a tensor does. One role, one component, one way of cutting it over devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The lookup table of input tokens.
    TokenEmbedding,
    /// A lookup table of positions or segment types.
    PositionEmbedding,
    /// A lookup table that feeds every layer (Gemma 3n and 4).
    PerLayerEmbedding,
    /// The output matrix from hidden states to vocabulary.
    Head,
    /// Query projection, split by query heads.
    Query,
    /// Key projection, split by KV heads.
    Key,
    /// Value projection, split by KV heads.
    Value,
    /// Output projection of attention.
    AttentionOutput,
    /// A gate on the output of attention, split by query heads.
    AttentionGate,
    /// Down-projection to a latent vector (MLA); every rank computes all of it.
    LatentDown,
    /// Up-projection from a latent vector to heads (MLA).
    LatentUp,
    /// Small weights of attention that every rank holds: indexers, compressors.
    AttentionOther,
    /// One learned logit for each head (gpt-oss).
    AttentionSink,
    /// Projections and small weights of a recurrent or convolutional mixer.
    Mixer,
    /// Gate projection of a dense MLP.
    Gate,
    /// Up projection of a dense MLP.
    Up,
    /// Down projection of a dense MLP.
    Down,
    /// Small dense weights that every rank holds (hyper-connections).
    DenseOther,
    /// Gate projection of routed experts.
    ExpertGate,
    /// Up projection of routed experts.
    ExpertUp,
    /// Down projection of routed experts.
    ExpertDown,
    /// Gate projection of the shared expert.
    SharedGate,
    /// Up projection of the shared expert.
    SharedUp,
    /// Down projection of the shared expert.
    SharedDown,
    /// Router logits, their correction bias, and the gate of a shared expert.
    Router,
    /// A normalisation.
    Norm,
    /// A vision tower.
    Vision,
    /// An audio tower.
    Audio,
    /// The projector from a tower into the language model.
    Projector,
    /// Anything else, held by every rank.
    Other,
}

/// The part of a model that a parameter count reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Component {
    /// Input embeddings.
    Embedding,
    /// Output head, when it is a matrix of its own.
    Head,
    /// Attention projections and small attention weights.
    Attention,
    /// Recurrent and convolutional mixers.
    Mixer,
    /// Dense MLPs.
    DenseMlp,
    /// Routed experts.
    RoutedExperts,
    /// Shared experts.
    SharedExperts,
    /// Routers.
    Router,
    /// Normalisations.
    Norms,
    /// Vision towers.
    Vision,
    /// Audio towers.
    Audio,
    /// Projectors from towers into the language model.
    Projector,
    /// Anything else.
    Other,
}

impl Component {
    /// Every component, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Embedding,
        Self::Head,
        Self::Attention,
        Self::Mixer,
        Self::DenseMlp,
        Self::RoutedExperts,
        Self::SharedExperts,
        Self::Router,
        Self::Norms,
        Self::Vision,
        Self::Audio,
        Self::Projector,
        Self::Other,
    ];

    /// Whether it belongs to a vision or audio tower, which text tokens never visit.
    pub const fn is_tower(self) -> bool {
        matches!(self, Self::Vision | Self::Audio | Self::Projector)
    }
}

/// How tensor parallelism cuts a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharding {
    /// Each rank holds all of it.
    Replicated,
    /// Cut evenly over the ranks.
    Split,
    /// Cut by KV heads; a rank never holds less than one head.
    KvHeads,
    /// Whole experts over EP, each cut over the rest of TP.
    Experts,
}

impl Role {
    /// The component that counts it.
    pub const fn component(self) -> Component {
        match self {
            Self::TokenEmbedding | Self::PositionEmbedding | Self::PerLayerEmbedding => Component::Embedding,
            Self::Head => Component::Head,
            Self::Query
            | Self::Key
            | Self::Value
            | Self::AttentionOutput
            | Self::AttentionGate
            | Self::LatentDown
            | Self::LatentUp
            | Self::AttentionOther
            | Self::AttentionSink => Component::Attention,
            Self::Mixer => Component::Mixer,
            Self::Gate | Self::Up | Self::Down | Self::DenseOther => Component::DenseMlp,
            Self::ExpertGate | Self::ExpertUp | Self::ExpertDown => Component::RoutedExperts,
            Self::SharedGate | Self::SharedUp | Self::SharedDown => Component::SharedExperts,
            Self::Router => Component::Router,
            Self::Norm => Component::Norms,
            Self::Vision => Component::Vision,
            Self::Audio => Component::Audio,
            Self::Projector => Component::Projector,
            Self::Other => Component::Other,
        }
    }

    /// How tensor parallelism cuts it.
    pub const fn sharding(self) -> Sharding {
        match self {
            Self::TokenEmbedding
            | Self::PerLayerEmbedding
            | Self::Head
            | Self::Query
            | Self::AttentionOutput
            | Self::AttentionGate
            | Self::LatentUp
            | Self::AttentionSink
            | Self::Mixer
            | Self::Gate
            | Self::Up
            | Self::Down
            | Self::SharedGate
            | Self::SharedUp
            | Self::SharedDown => Sharding::Split,
            Self::Key | Self::Value => Sharding::KvHeads,
            Self::ExpertGate | Self::ExpertUp | Self::ExpertDown => Sharding::Experts,
            Self::PositionEmbedding
            | Self::LatentDown
            | Self::AttentionOther
            | Self::DenseOther
            | Self::Router
            | Self::Norm
            | Self::Vision
            | Self::Audio
            | Self::Projector
            | Self::Other => Sharding::Replicated,
        }
    }

    /// Whether tensor parallelism cuts its inputs, so that the ranks sum their outputs, rather than its outputs.
    pub const fn is_row_parallel(self) -> bool {
        matches!(self, Self::AttentionOutput | Self::Down | Self::ExpertDown | Self::SharedDown)
    }

    /// Whether the role is a table in which each token reads one row, rather than a matrix that multiplies.
    pub const fn is_lookup(self) -> bool {
        matches!(self, Self::TokenEmbedding | Self::PositionEmbedding | Self::PerLayerEmbedding)
    }
}

/// Whether a tensor multiplies vectors or is added or scaled element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A matrix of `outputs x inputs`; quantisation packs along the inputs.
    Matrix,
    /// A bias, a norm, a convolution kernel: never quantised.
    Vector,
}

/// One kind of weight tensor, possibly in several copies (one for each expert).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tensor {
    /// What it does.
    pub role: Role,
    /// Matrix or vector.
    pub kind: Kind,
    /// Rows: output features, or entries of a lookup table, or elements of a vector.
    pub outputs: u64,
    /// Columns: input features. 1 for a vector.
    pub inputs: u64,
    /// Identical copies: the number of routed experts, else 1.
    pub copies: u64,
    /// How the published file stores each copy.
    pub native: Packing,
}

impl Tensor {
    /// A matrix of `outputs x inputs`.
    pub const fn matrix(role: Role, outputs: u64, inputs: u64) -> Self {
        Self { role, kind: Kind::Matrix, outputs, inputs, copies: 1, native: Packing::BF16 }
    }

    /// A vector of `len` elements.
    pub const fn vector(role: Role, len: u64) -> Self {
        Self { role, kind: Kind::Vector, outputs: len, inputs: 1, copies: 1, native: Packing::BF16 }
    }

    /// The same tensor once for each of `copies` experts.
    pub const fn times(self, copies: u64) -> Self {
        Self { copies, ..self }
    }

    /// The same tensor in a file that stores it like this.
    pub const fn stored(self, native: Packing) -> Self {
        Self { native, ..self }
    }

    /// Parameters in all copies together.
    pub const fn parameters(self) -> u64 {
        self.outputs.saturating_mul(self.inputs).saturating_mul(self.copies)
    }
}
