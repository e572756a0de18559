//! A model as inference sees it: layers of a mixer and a feed-forward block between two vocabulary matrices.

use crate::attention::{Attention, Reach, Selection};
use crate::feed_forward::FeedForward;
use crate::format::GgufLayout;
use crate::latent::Latent;
use crate::picture::{Picture, Sound};
use crate::state::State;
use crate::tensor::{Component, Kind, Tensor};
use crate::units::Tokens;
use crate::vision::VisionEncoder;

/// The half of a layer that moves information between tokens, and what it remembers of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mixer {
    /// No mixer: a block that is only feed-forward.
    None,
    /// Attention over a KV cache.
    Attention {
        /// Heads and widths.
        attention: Attention,
        /// How far back it looks.
        reach: Reach,
        /// Whose keys and values it reads.
        cache: CacheOwner,
        /// Which tokens within reach take part.
        selection: Selection,
    },
    /// A recurrent or convolutional mixer, which keeps a state instead of a cache.
    Recurrent(State),
    /// Attention and a recurrent mixer in one layer: side by side on the same input (Falcon-H1), one behind the other
    /// (Zamba), or convolutions of keys and values (Zaya, Inkling 2).
    Parallel {
        /// Heads and widths.
        attention: Attention,
        /// How far back the attention looks.
        reach: Reach,
        /// What the recurrent mixer remembers.
        state: State,
    },
}

impl Mixer {
    /// Heads over which its cache and its key and value projections can be cut; 1 where there is nothing to cut.
    pub const fn kv_heads(self) -> u64 {
        match self.attention() {
            None => 1,
            Some(attention) => attention.kv_heads(),
        }
    }

    /// Its attention, if it has any.
    pub const fn attention(self) -> Option<Attention> {
        match self {
            Self::None | Self::Recurrent(_) => None,
            Self::Attention { attention, .. } | Self::Parallel { attention, .. } => Some(attention),
        }
    }

    /// How far back its attention looks, if it has any.
    pub const fn reach(self) -> Option<Reach> {
        match self {
            Self::None | Self::Recurrent(_) => None,
            Self::Attention { reach, .. } | Self::Parallel { reach, .. } => Some(reach),
        }
    }

    /// Whether it keeps summaries of tokens that are out of reach.
    pub const fn keeps_summaries(self) -> bool {
        matches!(self, Self::Attention { selection: Selection::Compressed { .. }, .. })
    }

    /// Whether it attends to an encoded image, without which its whole layer is skipped.
    pub const fn needs_image(self) -> bool {
        matches!(self.source(), Some(Source::Image))
    }

    /// What it attends to, if that is what an encoder made (cross-attention).
    pub const fn source(self) -> Option<Source> {
        match self {
            Self::Attention { cache: CacheOwner::Encoder(source), .. } => Some(source),
            Self::Attention { cache: CacheOwner::Own | CacheOwner::Earlier | CacheOwner::Nobody, .. }
            | Self::None
            | Self::Recurrent(_)
            | Self::Parallel { .. } => None,
        }
    }

    /// Whether its tokens see each other in both directions, as in an encoder.
    pub const fn is_encoder(self) -> bool {
        matches!(self, Self::Attention { cache: CacheOwner::Nobody, .. })
    }

    /// Its recurrent state, if it has any.
    pub const fn state(self) -> Option<State> {
        match self {
            Self::None | Self::Attention { .. } => None,
            Self::Recurrent(state) | Self::Parallel { state, .. } => Some(state),
        }
    }
}

/// Whose keys and values an attention layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheOwner {
    /// Its own.
    Own,
    /// Those of an earlier layer (Gemma 3n and 4): it stores nothing.
    Earlier,
    /// Those of what an encoder made, once for a sequence (cross-attention): nothing for a token of text.
    Encoder(Source),
    /// Nobody's: the tokens of an encoder all see each other in one pass, and nothing is kept.
    Nobody,
}

/// What an encoder has read for cross-attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An image (Llama 3.2 Vision). Without one the layer is skipped.
    Image,
    /// The prompt (T5, BART): as many vectors as it has tokens.
    Prompt,
    /// A window of sound that is always as long (Whisper: 1500 vectors for 30 s).
    Frames(Tokens),
}

/// Which way information flows through the layers of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stack {
    /// Each token sees those before it: prompt and answer share one KV cache.
    Decoder,
    /// All tokens see each other in one pass, after which nothing is kept (BERT, embedding models).
    Encoder,
    /// An encoder reads the prompt; a decoder with a KV cache of its own writes the answer and attends to the result
    /// (T5, BART, Whisper).
    EncoderDecoder,
    /// No layers through which tokens pass: only the weights are known (image generators, a vision encoder alone).
    None,
}

impl Stack {
    /// How many of the tokens of a prompt stand in the decoder's KV cache: none where an encoder reads them.
    pub const fn decoder_prompt(self, prompt_tokens: Tokens) -> Tokens {
        match self {
            Self::Decoder => prompt_tokens,
            Self::Encoder | Self::EncoderDecoder | Self::None => 0,
        }
    }
}

/// One kind of layer. Models have few kinds and many layers.
///
/// A decoder layer with cross-attention counts as two: self-attention, then cross-attention with the MLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The token mixer.
    pub mixer: Mixer,
    /// The feed-forward block.
    pub feed_forward: FeedForward,
    /// All weights of the layer, norms included.
    pub tensors: Vec<Tensor>,
    /// Weights of an earlier layer that this one multiplies by again (the shared block of Zamba): work, but no
    /// parameters and no memory of its own.
    pub reused: Vec<Tensor>,
}

impl Layer {
    /// How many of its two halves, mixer and feed-forward, it has.
    pub const fn halves(&self) -> u64 {
        let mixer = match self.mixer {
            Mixer::None => 0,
            Mixer::Attention { .. } | Mixer::Recurrent(_) | Mixer::Parallel { .. } => 1,
        };
        let feed_forward = match self.feed_forward {
            FeedForward::None => 0,
            FeedForward::Dense | FeedForward::Experts { .. } => 1,
        };
        mixer + feed_forward
    }
}

/// The layers of a model from input to output, repeated kinds stored once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    kinds: Vec<Layer>,
    order: Vec<u16>,
}

impl Layers {
    /// Appends a layer.
    pub fn push(&mut self, layer: Layer) {
        let index = self.kinds.iter().position(|kind| *kind == layer).unwrap_or_else(|| {
            self.kinds.push(layer);
            self.kinds.len() - 1
        });
        // A model with more than 65,536 kinds of layer does not exist; the parser caps the number of layers below that.
        self.order.push(u16::try_from(index).unwrap_or(u16::MAX));
    }

    /// Layers of these `kinds` in this `order`, which names each by its place in the list; `None` if it names others.
    pub(crate) fn of_kinds(kinds: Vec<Layer>, order: Vec<u64>) -> Option<Self> {
        let place = |kind: u64| u16::try_from(kind).ok().filter(|&kind| usize::from(kind) < kinds.len());
        let order = order.into_iter().map(place).collect::<Option<_>>()?;
        Some(Self { kinds, order })
    }

    /// The same order with each kind replaced by another.
    pub fn map_kinds(self, change: impl FnMut(Layer) -> Layer) -> Self {
        Self { kinds: self.kinds.into_iter().map(change).collect(), ..self }
    }

    /// Number of layers.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The distinct kinds.
    pub fn kinds(&self) -> &[Layer] {
        &self.kinds
    }

    /// The kind of each layer, as an index into [`Layers::kinds`].
    pub fn order(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.order.iter().map(|&kind| usize::from(kind))
    }

    /// The distinct kinds with how often each occurs in `range`, in order of first appearance in the model.
    pub fn counted(&self, range: core::ops::Range<usize>) -> Vec<(&Layer, u64)> {
        let mut counts = vec![0_u64; self.kinds.len()];
        for &kind in self.order.get(range).unwrap_or_default() {
            counts[usize::from(kind)] += 1;
        }
        self.kinds.iter().zip(counts).filter(|&(_, count)| count > 0).collect()
    }

    /// Whether two runs have the same kinds in the same order.
    pub fn are_alike(&self, one: core::ops::Range<usize>, other: core::ops::Range<usize>) -> bool {
        self.order.get(one) == self.order.get(other)
    }

    /// The distinct kinds with how often each occurs in the whole model.
    pub fn all(&self) -> Vec<(&Layer, u64)> {
        self.counted(0..self.len())
    }
}

impl FromIterator<Layer> for Layers {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        let mut all = Self::default();
        layers.into_iter().for_each(|layer| all.push(layer));
        all
    }
}

/// The matrix from hidden states to vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Head {
    /// A matrix of its own.
    Own(Tensor),
    /// The input embedding, used again: no parameters, but the same arithmetic.
    Tied(Tensor),
    /// No head: an embedding model.
    None,
}

impl Head {
    /// The matrix that multiplies, wherever it is stored.
    pub const fn matrix(self) -> Option<Tensor> {
        match self {
            Self::Own(tensor) | Self::Tied(tensor) => Some(tensor),
            Self::None => None,
        }
    }
}

/// A model: everything that its memory and arithmetic depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Width of the residual stream.
    pub hidden_size: u64,
    /// Entries of the vocabulary.
    pub vocab_size: u64,
    /// Longest context that the model was made for, where the configuration says so.
    pub context_limit: Option<Tokens>,
    /// Tables and towers in front of the first layer: embeddings, vision, audio, projectors.
    pub input: Vec<Tensor>,
    /// The layers.
    pub layers: Layers,
    /// What follows the last layer, without the head: the final norm, a bias of the head.
    pub output: Vec<Tensor>,
    /// The output head.
    pub head: Head,
    /// Parameters of multi-token-prediction layers, which checkpoints contain and plain decoding never runs.
    pub mtp_parameters: u64,
    /// How llama.cpp's converter lays it out in a GGUF file.
    pub gguf: GgufLayout,
    /// What it makes of a picture; `None` where it sees none or we do not know the rule.
    pub picture: Option<Picture>,
    /// What it sees pictures with; `None` where it sees none or we do not know how wide it is.
    pub vision: Option<VisionEncoder>,
    /// What it makes of a recording; `None` where it hears none or we do not know the rule.
    pub sound: Option<Sound>,
    /// What it makes pictures or sound from; `None` where it makes neither.
    pub latent: Option<Latent>,
}

impl Model {
    /// Each distinct tensor of the model with how often it occurs. A tied head is not among them.
    pub fn tensors(&self) -> impl Iterator<Item = (Tensor, u64)> + '_ {
        let head = match self.head {
            Head::Own(tensor) => Some((tensor, 1)),
            Head::Tied(_) | Head::None => None,
        };
        let outside = self.input.iter().chain(&self.output).map(|&tensor| (tensor, 1)).chain(head);
        let inside = self
            .layers
            .all()
            .into_iter()
            .flat_map(|(layer, count)| layer.tensors.iter().map(move |&tensor| (tensor, count)));
        outside.chain(inside)
    }

    /// Exact parameters by component.
    pub fn parameters(&self) -> Parameters {
        let mut by_component = [0_u64; Component::ALL.len()];
        for (tensor, count) in self.tensors() {
            let sum = &mut by_component[tensor.role.component() as usize];
            *sum = sum.saturating_add(tensor.parameters().saturating_mul(count));
        }
        Parameters { by_component, active: self.active_parameters() }
    }

    /// Parameters that one text token uses: all but the towers and the experts that it does not visit.
    ///
    /// The whole embedding table counts as active, as model cards count it.
    fn active_parameters(&self) -> u64 {
        let outside = self.input.iter().chain(&self.output).copied();
        let head = match self.head {
            Head::Own(tensor) => tensor.parameters(),
            Head::Tied(_) | Head::None => 0,
        };
        let mut active = outside
            .filter(|tensor| !tensor.role.component().is_tower())
            .map(Tensor::parameters)
            .fold(head, u64::saturating_add);
        for (layer, count) in self.layers.all() {
            for tensor in &layer.tensors {
                let used = match (tensor.role.component(), layer.feed_forward) {
                    (Component::RoutedExperts, FeedForward::Experts { experts, active }) => {
                        tensor.parameters() / experts.max(1) * active
                    }
                    _ => tensor.parameters(),
                };
                active = active.saturating_add(used.saturating_mul(count));
            }
        }
        active
    }

    /// Which way information flows.
    pub fn stack(&self) -> Stack {
        let kinds = self.layers.kinds();
        let encoders = kinds.iter().filter(|layer| layer.mixer.is_encoder()).count();
        match (kinds.len(), encoders) {
            (0, _) => Stack::None,
            (_, 0) => Stack::Decoder,
            (all, encoders) if all == encoders => Stack::Encoder,
            _ => Stack::EncoderDecoder,
        }
    }

    /// Vectors that an encoder makes of a prompt of `prompt_tokens` tokens for cross-attention; none without an
    /// encoder, and none for images, which are no part of a prompt's tokens.
    pub fn source_tokens(&self, prompt_tokens: Tokens) -> Tokens {
        let source = self.layers.kinds().iter().find_map(|layer| layer.mixer.source());
        match source {
            Some(Source::Prompt) => prompt_tokens,
            Some(Source::Frames(frames)) => frames,
            Some(Source::Image) | None => 0,
        }
    }

    /// Routed experts of the layers that have most; zero in a dense model.
    pub fn experts(&self) -> u64 {
        self.layers.all().into_iter().map(|(layer, _)| layer.feed_forward.experts()).max().unwrap_or(0)
    }

    /// Whether any layer caches one vector for all heads, which every tensor-parallel rank needs whole.
    pub fn has_latent_cache(&self) -> bool {
        self.layers.all().into_iter().any(|(layer, _)| match layer.mixer.attention() {
            Some(Attention::Latent { .. } | Attention::Shared { .. }) => true,
            Some(Attention::Grouped { .. }) | None => false,
        })
    }

    /// Fewest heads over which the KV cache of any layer can be cut; `None` without attention.
    pub fn fewest_kv_heads(&self) -> Option<u64> {
        self.layers.all().into_iter().filter_map(|(layer, _)| layer.mixer.attention()).map(Attention::kv_heads).min()
    }

    /// Matrix parameters of the routed experts, and of everything else that multiplies each token, head included.
    ///
    /// Twice the second plus twice the visited share of the first is the arithmetic of one token, attention aside.
    pub fn multiplied_parameters(&self) -> (u64, u64) {
        let head = match self.head {
            Head::Tied(tensor) => tensor.parameters(),
            Head::Own(_) | Head::None => 0,
        };
        let outside = self.input.iter().chain(&self.output).map(|&tensor| (tensor, 1));
        let own_head = match self.head {
            Head::Own(tensor) => Some((tensor, 1)),
            Head::Tied(_) | Head::None => None,
        };
        // Without an image the layers that attend to it are skipped.
        let layers = self.layers.all().into_iter().filter(|(layer, _)| !layer.mixer.needs_image());
        let inside = layers
            .flat_map(|(layer, count)| layer.tensors.iter().chain(&layer.reused).map(move |&tensor| (tensor, count)));
        outside
            .chain(own_head)
            .chain(inside)
            .filter(|(tensor, _)| {
                tensor.kind == Kind::Matrix && !tensor.role.is_lookup() && !tensor.role.component().is_tower()
            })
            .fold((0, head), |(experts, rest), (tensor, count)| {
                let parameters = tensor.parameters().saturating_mul(count);
                if tensor.role.component() == Component::RoutedExperts {
                    (experts.saturating_add(parameters), rest)
                } else {
                    (experts, rest.saturating_add(parameters))
                }
            })
    }
}

/// Exact parameter counts of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    by_component: [u64; Component::ALL.len()],
    /// Parameters that one text token uses.
    pub active: u64,
}

impl Parameters {
    /// Parameters of one component.
    pub const fn of(&self, component: Component) -> u64 {
        self.by_component[component as usize]
    }

    /// All parameters.
    pub fn total(&self) -> u64 {
        self.by_component.iter().fold(0, |sum, &part| sum.saturating_add(part))
    }
}
