//! The feed-forward half of a layer: one dense MLP, or experts of which each token visits a few.

use crate::tensor::{Role, Tensor};

/// Which experts a token visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedForward {
    /// No feed-forward block at all.
    None,
    /// Every token uses every weight.
    Dense,
    /// Each token uses `active` of `experts` routed experts (and any shared expert or dense path beside them).
    Experts {
        /// Routed experts in the layer.
        experts: u64,
        /// Routed experts that one token visits.
        active: u64,
    },
}

impl FeedForward {
    /// Routed experts; none in a dense block.
    pub const fn experts(self) -> u64 {
        match self {
            Self::None | Self::Dense => 0,
            Self::Experts { experts, .. } => experts,
        }
    }

    /// Routed experts that one token visits; none in a dense block.
    pub const fn active_experts(self) -> u64 {
        match self {
            Self::None | Self::Dense => 0,
            Self::Experts { active, .. } => active,
        }
    }
}

/// Expected number of distinct experts that `tokens` tokens visit when each picks `active` of `experts` at random.
///
/// `experts x (1 - (1 - active / experts)^tokens)`. Real routers are less even, so this is the ideal.
///
/// ```
/// # use ridgepoint_core::expected_experts;
/// assert_eq!(expected_experts(128, 8, 1), 8.0);
/// assert_eq!(expected_experts(8, 2, 2), 3.5); // 8 x (1 - 0.75^2)
/// assert!(expected_experts(256, 8, 10_000) <= 256.0);
/// ```
pub fn expected_experts(experts: u64, active: u64, tokens: u64) -> f64 {
    if experts == 0 || tokens == 0 {
        return 0.0;
    }
    let active = active.min(experts);
    // `experts - experts x miss^tokens`, written so that one token gives exactly `active`.
    let miss = 1.0 - active as f64 / experts as f64;
    let expected = experts as f64 * (1.0 - integer_power(miss, tokens));
    expected.max(active as f64).min(experts as f64)
}

/// `base^exponent` by squaring: the same bits on every machine.
fn integer_power(mut base: f64, mut exponent: u64) -> f64 {
    let mut power = 1.0;
    while exponent > 0 {
        if exponent % 2 == 1 {
            power *= base;
        }
        base *= base;
        exponent /= 2;
    }
    power
}

/// The shape of one MLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MlpShape {
    /// Width of its input and output.
    pub hidden_size: u64,
    /// Width in between.
    pub intermediate_size: u64,
    /// Whether a gate multiplies the up-projection: three matrices instead of two.
    pub gated: bool,
    /// Whether each projection carries a bias.
    pub bias: bool,
}

/// The three roles of an MLP's projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MlpRoles {
    gate: Role,
    up: Role,
    down: Role,
}

impl MlpRoles {
    /// A dense MLP.
    pub const DENSE: Self = Self { gate: Role::Gate, up: Role::Up, down: Role::Down };
    /// A routed expert.
    pub const ROUTED: Self = Self { gate: Role::ExpertGate, up: Role::ExpertUp, down: Role::ExpertDown };
    /// A shared expert.
    pub const SHARED: Self = Self { gate: Role::SharedGate, up: Role::SharedUp, down: Role::SharedDown };
}

/// Weights of `copies` MLPs of one shape.
///
/// ```
/// # use ridgepoint_core::{mlp_tensors, MlpRoles, MlpShape};
/// // Llama 3.1 8B: 3 x 4096 x 14336.
/// let shape = MlpShape { hidden_size: 4096, intermediate_size: 14336, gated: true, bias: false };
/// let parameters: u64 = mlp_tensors(MlpRoles::DENSE, shape, 1).iter().map(|t| t.parameters()).sum();
/// assert_eq!(parameters, 176_160_768);
/// ```
pub fn mlp_tensors(roles: MlpRoles, shape: MlpShape, copies: u64) -> Vec<Tensor> {
    let MlpShape { hidden_size, intermediate_size, gated, bias } = shape;
    let mut tensors = Vec::with_capacity(6);
    let mut add = |role, outputs, inputs| {
        tensors.push(Tensor::matrix(role, outputs, inputs).times(copies));
        if bias {
            tensors.push(Tensor::vector(role, outputs).times(copies));
        }
    };
    if gated {
        add(roles.gate, intermediate_size, hidden_size);
    }
    add(roles.up, intermediate_size, hidden_size);
    add(roles.down, hidden_size, intermediate_size);
    tensors
}
