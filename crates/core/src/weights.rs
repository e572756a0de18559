//! The weights of a model in a format: how each tensor is packed, layer by layer.
//!
//! Most formats treat all layers alike. The recipes of GGUF files do not: a layer's place decides which of its tensors
//! get more bits. Layers that are alike in both are counted together, so that work stays proportional to the kinds.

use crate::attention::Attention;
use crate::format::recipe::{Part, Place, Recipe, Subject, is_chosen};
use crate::format::{Arithmetic, ComputePrecision, GgmlType, GgufFile, GgufLayout, Packing, WeightFormat};
use crate::model::{CacheOwner, Head, Layer, Mixer, Model};
use crate::tensor::{Component, Kind, Role, Tensor};
use core::ops::Range;

/// A model in a format.
#[derive(Clone, Debug)]
pub struct Weights<'a> {
    model: &'a Model,
    format: WeightFormat,
    mixture: bool,
    /// For a GGUF file: its recipe, and each layer with its place.
    recipe: Option<(Recipe, Vec<(&'a Layer, Place)>)>,
}

/// Layers of one kind that are packed alike.
#[derive(Clone, Copy, Debug)]
pub struct PackedLayers<'a> {
    /// The kind.
    pub layer: &'a Layer,
    /// How many there are.
    pub count: u64,
    place: Place,
}

impl<'a> Weights<'a> {
    /// `model` stored in `format`.
    pub fn new(model: &'a Model, format: WeightFormat) -> Self {
        let experts = model.experts();
        let recipe = format.gguf().map(|file| {
            let grouped_by_four = first_attention(model).is_some_and(is_grouped_by_four);
            (Recipe { file, rules: model.gguf.rules, grouped_by_four, experts }, places(model, experts))
        });
        Self { model, format, mixture: experts > 0, recipe }
    }

    /// The distinct layers of a run, each with how often it occurs.
    pub fn layers(&self, range: Range<usize>) -> Vec<PackedLayers<'a>> {
        let Some((_, places)) = &self.recipe else {
            let counted = self.model.layers.counted(range).into_iter();
            return counted.map(|(layer, count)| PackedLayers { layer, count, place: Place::default() }).collect();
        };
        let mut groups: Vec<PackedLayers> = Vec::new();
        for &(layer, place) in places.get(range).unwrap_or_default() {
            let same = |group: &&mut PackedLayers| core::ptr::eq(group.layer, layer) && group.place == place;
            match groups.iter_mut().find(same) {
                Some(group) => group.count += 1,
                None => groups.push(PackedLayers { layer, count: 1, place }),
            }
        }
        groups
    }

    /// The tensors of some layers with their packings.
    pub fn tensors<'b>(&'b self, layers: PackedLayers<'b>) -> impl Iterator<Item = (Tensor, Packing)> + 'b {
        self.packed(layers, &layers.layer.tensors)
    }

    /// The same for the tensors that they have from earlier layers.
    pub fn reused<'b>(&'b self, layers: PackedLayers<'b>) -> impl Iterator<Item = (Tensor, Packing)> + 'b {
        self.packed(layers, &layers.layer.reused)
    }

    /// What a file holds of some layers beside their tensors: projections that nothing reads.
    pub fn unread(&self, layers: PackedLayers) -> impl Iterator<Item = (Tensor, Packing)> {
        let PackedLayers { layer, place, .. } = layers;
        let stored = self.recipe.as_ref().and_then(|(recipe, _)| Some((recipe, self.model.gguf.unread_widths(layer)?)));
        let packed = stored.map(|(recipe, [keys, values, head])| {
            let hidden = self.model.hidden_size;
            let tensors = [
                Tensor::matrix(Role::Key, keys, hidden),
                Tensor::matrix(Role::Value, values, hidden),
                Tensor::vector(Role::Norm, head),
            ];
            tensors.map(|tensor| (tensor, self.in_layer(recipe, layer, place, tensor)))
        });
        packed.into_iter().flatten()
    }

    fn packed<'b>(
        &'b self,
        layers: PackedLayers<'b>,
        tensors: &'b [Tensor],
    ) -> impl Iterator<Item = (Tensor, Packing)> + 'b {
        let PackedLayers { layer, place, .. } = layers;
        tensors.iter().map(move |&tensor| {
            let packing = match &self.recipe {
                Some((recipe, _)) => self.in_layer(recipe, layer, place, tensor),
                None => self.format.packing(tensor, self.mixture),
            };
            (tensor, packing)
        })
    }

    /// How a tensor outside the layers is packed: tables, towers, norms, the head.
    pub fn outside(&self, tensor: Tensor) -> Packing {
        let Some((recipe, _)) = &self.recipe else { return self.format.packing(tensor, self.mixture) };
        let tied = match self.model.head {
            Head::Tied(_) => true,
            Head::Own(_) | Head::None => false,
        };
        let choose = |part| {
            let subject = Subject { part, inputs: tensor.inputs, stacked: false, nth_down: 0 };
            Packing::Ggml(recipe.choose(subject, Place::default()))
        };
        match (tensor.kind, tensor.role) {
            (_, role) if role.component().is_tower() => Packing::Absent,
            (Kind::Vector, _) | (Kind::Matrix, Role::PositionEmbedding) => Packing::Ggml(GgmlType::F32),
            (Kind::Matrix, Role::TokenEmbedding | Role::PerLayerEmbedding) => {
                choose(if tied { Part::Output } else { Part::TokenEmbedding })
            }
            (Kind::Matrix, Role::Head) => choose(Part::Output),
            // Projections around the layers (`per_layer_model_proj`, `altup_proj`) are never quantised.
            (Kind::Matrix, _) => {
                Packing::Ggml(if recipe.file == GgufFile::F32 { GgmlType::F32 } else { GgmlType::F16 })
            }
        }
    }

    /// What the file holds beside the model's tensors.
    pub const fn extras(&self) -> Option<Tensor> {
        match (&self.recipe, self.model.gguf.rope_factors) {
            (None, _) | (Some(_), 0) => None,
            (Some(_), factors) => Some(Tensor::vector(Role::Other, factors)),
        }
    }

    /// The arithmetic of a matrix that is packed like this.
    ///
    /// Matrices that a GGUF file leaves in 32 bit are small; they count as the others.
    pub fn arithmetic_of(&self, packing: Packing) -> Arithmetic {
        self.recipe.as_ref().map_or_else(|| packing.arithmetic(), |(recipe, _)| recipe.file.arithmetic())
    }

    /// The arithmetic of most of the weights.
    pub fn arithmetic(&self) -> Arithmetic {
        let mut sums: Vec<(Arithmetic, u64)> = Vec::new();
        for (layer, count) in self.model.layers.all() {
            for tensor in layer.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix) {
                let arithmetic = self.arithmetic_of(self.format.packing(*tensor, self.mixture));
                let parameters = tensor.parameters().saturating_mul(count);
                match sums.iter_mut().find(|(other, _)| *other == arithmetic) {
                    Some((_, sum)) => *sum = sum.saturating_add(parameters),
                    None => sums.push((arithmetic, parameters)),
                }
            }
        }
        let most = sums.into_iter().max_by_key(|&(_, parameters)| parameters);
        most.map_or(Arithmetic::Native(ComputePrecision::Bf16), |(arithmetic, _)| arithmetic)
    }

    fn in_layer(&self, recipe: &Recipe, layer: &Layer, place: Place, tensor: Tensor) -> Packing {
        let router = tensor.role.component() == Component::Router;
        if tensor.kind == Kind::Vector || router {
            return Packing::Ggml(GgmlType::F32);
        }
        let part = part(tensor.role, self.model.gguf);
        let (inputs, stacked) = (tensor.inputs, tensor.copies > 1);
        let subject = Subject { part, inputs, stacked, nth_down: downs_before(layer, tensor.role) };
        if let Some(latent) = latent_key_value(layer, tensor) {
            if self.model.gguf.whole_kv_b {
                return Packing::Ggml(recipe.choose(Subject { part: Part::Value, ..subject }, place));
            }
            let half = |inputs| recipe.choose(Subject { inputs, stacked: true, ..subject }, place);
            let (keys, values) = (half(latent.key_dim), half(inputs));
            return Packing::GgmlLatent { keys, key_dim: latent.key_dim, values, value_dim: latent.value_dim };
        }
        let rest = recipe.choose(subject, place);
        match self.model.gguf.recurrent_rows(layer, tensor) {
            Some(rows) => {
                let first = recipe.choose(Subject { part: Part::Value, ..subject }, place);
                Packing::GgmlRows { first, rows, rest }
            }
            None => Packing::Ggml(rest),
        }
    }
}

/// What a role is to a recipe.
const fn part(role: Role, layout: GgufLayout) -> Part {
    match role {
        Role::Value => Part::Value,
        Role::Key | Role::Query if layout.fused_qkv => Part::Value,
        Role::Key => Part::Key,
        Role::Query => Part::Query,
        Role::AttentionOutput => Part::AttentionOutput,
        Role::Down | Role::ExpertDown | Role::SharedDown => Part::Down,
        Role::Gate | Role::Up | Role::ExpertGate | Role::ExpertUp | Role::SharedGate | Role::SharedUp => Part::GateOrUp,
        Role::TokenEmbedding
        | Role::PositionEmbedding
        | Role::PerLayerEmbedding
        | Role::Head
        | Role::AttentionGate
        | Role::LatentDown
        | Role::LatentUp
        | Role::AttentionOther
        | Role::AttentionSink
        | Role::Mixer
        | Role::DenseOther
        | Role::Router
        | Role::Norm
        | Role::Vision
        | Role::Audio
        | Role::Projector
        | Role::Other => Part::Other,
    }
}

/// Widths of a key without its rotary part and of a value.
struct LatentWidths {
    key_dim: u64,
    value_dim: u64,
}

/// The widths in the matrix that widens the latent vector of MLA into keys and values, if `tensor` is that.
const fn latent_key_value(layer: &Layer, tensor: Tensor) -> Option<LatentWidths> {
    match (tensor.role, layer.mixer.attention()) {
        (Role::LatentUp, Some(Attention::Latent { heads, kv_rank, nope_dim, value_dim, .. }))
            if tensor.inputs == kv_rank && tensor.outputs == heads.saturating_mul(nope_dim + value_dim) =>
        {
            Some(LatentWidths { key_dim: nope_dim, value_dim })
        }
        _ => None,
    }
}

impl GgufLayout {
    /// Widths of the keys, of the values and of the norm of a key that nothing reads in a layer.
    fn unread_widths(self, layer: &Layer) -> Option<[u64; 3]> {
        match layer.mixer {
            Mixer::Attention {
                attention: Attention::Grouped { kv_heads, key_dim, value_dim, .. },
                cache: CacheOwner::Earlier,
                ..
            } if self.unread_kv => {
                Some([kv_heads.saturating_mul(key_dim), kv_heads.saturating_mul(value_dim), key_dim])
            }
            Mixer::None | Mixer::Attention { .. } | Mixer::Recurrent(_) | Mixer::Parallel { .. } => None,
        }
    }

    /// Rows of a recurrent mixer's first projection that are a tensor of their own, if `tensor` is that.
    fn recurrent_rows(self, layer: &Layer, tensor: Tensor) -> Option<u64> {
        let rows = layer.mixer.state()?.conv_channels;
        let is_first = self.recurrent_qkv && tensor.role == Role::Mixer && tensor.kind == Kind::Matrix;
        (is_first && tensor.outputs > rows).then_some(rows)
    }
}

/// How many of a layer's down projections a file lists before that of `role`: dense, routed, shared.
fn downs_before(layer: &Layer, role: Role) -> u64 {
    let has =
        |wanted| u64::from(layer.tensors.iter().any(|tensor| tensor.kind == Kind::Matrix && tensor.role == wanted));
    let before = |wanted, earlier| if role == wanted { earlier } else { 0 };
    before(Role::ExpertDown, has(Role::Down)) + before(Role::SharedDown, has(Role::Down) + has(Role::ExpertDown))
}

/// Heads of the first attention layer.
fn first_attention(model: &Model) -> Option<Attention> {
    model.layers.kinds().iter().find_map(|layer| layer.mixer.attention())
}

/// Whether at least four query heads share a key. The keys of MLA are one head to llama.cpp.
const fn is_grouped_by_four(attention: Attention) -> bool {
    attention.heads() / at_least_one(attention.kv_heads()) >= 4
}

const fn at_least_one(n: u64) -> u64 {
    if n == 0 { 1 } else { n }
}

/// The layers of a model in order, each with its place.
fn places(model: &Model, experts: u64) -> Vec<(&Layer, Place)> {
    let kinds: Vec<_> = model.layers.kinds().iter().map(|layer| (layer, values_and_downs(layer, model.gguf))).collect();
    let layers = model.layers.len() as u64;
    let all_values: u64 = model.layers.order().map(|kind| kinds[kind].1.0).sum();
    let (mut values_before, mut downs_before) = (0, 0);
    model
        .layers
        .order()
        .zip(0..)
        .map(|(kind, index)| {
            let (layer, (values, downs)) = kinds[kind];
            // With experts the layer's number counts, else how many down projections came before.
            let down = if experts > 1 { index } else { downs_before };
            let place = Place {
                values_before: values_before.min(4),
                value_is_chosen: is_chosen(values_before, all_values),
                down_is_chosen: is_chosen(down, layers),
                down_in_first_eighth: down < layers / 8,
                down_in_first_sixteenth: down < layers / 16,
                early_downs: (layers / 8).saturating_sub(downs_before).min(downs),
                is_middle: index >= layers / 8 && index < 7 * layers / 8,
            };
            values_before += values;
            downs_before += downs;
            (layer, place)
        })
        .collect()
}

/// How many value and down projections a layer has.
fn values_and_downs(layer: &Layer, layout: GgufLayout) -> (u64, u64) {
    let matrices = || layer.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix);
    let is_value = |tensor: &&Tensor| {
        part(tensor.role, layout) == Part::Value
            || layout.recurrent_rows(layer, **tensor).is_some()
            || layout.whole_kv_b && latent_key_value(layer, **tensor).is_some()
    };
    let downs = matrices().filter(|tensor| part(tensor.role, layout) == Part::Down).count();
    let has_value = matrices().any(|tensor| is_value(&tensor)) || layout.unread_widths(layer).is_some();
    (u64::from(has_value), downs as u64)
}
