//! Pictures and sound in a prompt: how many tokens they become, and what cross-attention keeps of them.

use std::sync::Arc;

use ridgepoint_core::{CacheOwner, Latent, Layer, Mixer, Model, Picture, Source, Tokens};

use crate::scenario::Media;
use crate::warning::Warning;

/// What a model makes of the media in a prompt.
pub struct Encoded {
    /// The model, with as many vectors for its cross-attention as the pictures become.
    pub model: Arc<Model>,
    /// Tokens in the context, beside those of the text.
    pub tokens: Tokens,
    /// What could not be counted.
    pub warnings: Vec<Warning>,
}

/// Counts the media of each prompt.
pub fn encode(model: &Arc<Model>, media: Media) -> Encoded {
    let mut encoded = Encoded { model: Arc::clone(model), tokens: 0, warnings: Vec::new() };
    let Media { images, width, height, audio_seconds } = media;
    if images > 0 {
        match model.picture.map(|picture| (picture, picture.tokens(width, height))) {
            Some((picture, Some(each))) => encoded.see(picture, images, each),
            Some((_, None)) => encoded.warnings.push(Warning::PictureRefused { width, height }),
            // A generator makes pictures of that size.
            None if matches!(model.latent, Some(Latent::Image { .. })) => {}
            None => encoded.warnings.push(Warning::MediaNotCounted { what: "images" }),
        }
    }
    if audio_seconds > 0 {
        match model.sound {
            Some(sound) => encoded.tokens = encoded.tokens.saturating_add(sound.tokens(audio_seconds)),
            None => encoded.warnings.push(Warning::MediaNotCounted { what: "audio" }),
        }
    }
    encoded
}

impl Encoded {
    fn see(&mut self, picture: Picture, images: u64, each: Tokens) {
        let all = images.saturating_mul(each);
        match picture {
            // Cross-attention reads the vectors; in the context a picture is one token.
            Picture::Tiles { .. } => {
                self.model = Arc::new(with_source(&self.model, all));
                self.tokens = images;
            }
            Picture::Fixed(_)
            | Picture::Scaled { .. }
            | Picture::Rows { .. }
            | Picture::Crops { .. }
            | Picture::Enlarged { .. }
            | Picture::Aligned { .. }
            | Picture::Filled(_)
            | Picture::Padded { .. }
            | Picture::Split { .. }
            | Picture::Grids { .. }
            | Picture::Mosaic { .. } => self.tokens = all,
        }
    }
}

/// The same model with pictures of so many vectors before its cross-attention.
fn with_source(model: &Model, vectors: Tokens) -> Model {
    let read = |layer: Layer| match layer.mixer {
        Mixer::Attention { attention, reach, cache: CacheOwner::Encoder(Source::Image), selection } => {
            let cache = CacheOwner::Encoder(Source::Frames(vectors));
            Layer { mixer: Mixer::Attention { attention, reach, cache, selection }, ..layer }
        }
        Mixer::None | Mixer::Attention { .. } | Mixer::Recurrent(_) | Mixer::Parallel { .. } => layer,
    };
    Model { layers: model.layers.clone().map_kinds(read), ..model.clone() }
}
