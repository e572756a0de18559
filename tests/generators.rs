//! Generators of images and of speech: what they work on, beside what they weigh.

use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::facts;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Media, ModelChoice, Scenario};
use ridgepoint_calculator::warning::Warning;
use ridgepoint_core::{Latent, Model};
use ridgepoint_reader::parse_config;
use serde_json::Value;

/// The published configuration of the network with so many parameters.
fn network(total: u64) -> Model {
    let cases: Value = serde_json::from_str(include_str!("cases/models/modules.json")).expect("JSON");
    let models = cases["models"].as_array().expect("a list of models");
    let case = models.iter().find(|case| case["total"] == total).unwrap_or_else(|| panic!("no case of {total}"));
    parse_config(&case["config"].to_string()).expect("a configuration").model
}

fn latent(total: u64) -> Latent {
    network(total).latent.unwrap_or_else(|| panic!("no latent: {total}"))
}

/// `prepare_latents` of the Stable Diffusion pipelines of diffusers 0.42.1: four channels, an eighth of each side. All
/// blocks of the first version but the deepest attend, and so does the middle.
#[test]
fn a_unet_attends_on_several_levels() {
    let first = latent(859_520_964);
    assert_eq!(first.values(512, 512), Some(4 * 64 * 64));
    assert_eq!(first.tokens(512, 512), Some((64 * 64, 8 * 8)));
    // 520 pixels are 65, 33, 17 and 9: halves are rounded up.
    assert_eq!(first.tokens(512, 520), Some((64 * 65, 8 * 9)));
    assert_eq!(first.values(512, 500), None);
    assert_eq!(first.values(0, 512), None);
    // XL has three blocks, the first of which does not attend.
    let xl = latent(2_567_463_684);
    assert_eq!(xl.values(1024, 1024), Some(4 * 128 * 128));
    assert_eq!(xl.tokens(1024, 1024), Some((64 * 64, 32 * 32)));
}

/// Stable Diffusion 3 makes a token of 2 x 2 latent pixels (`patch_size`), as `_pack_latents` of FLUX.1's pipeline does.
#[test]
fn a_transformer_attends_to_patches() {
    for (total, channels) in [(2_028_328_000, 16), (11_901_408_320, 16)] {
        let latent = latent(total);
        assert_eq!(latent.values(1024, 768), Some(channels * 128 * 96), "{total}");
        assert_eq!(latent.tokens(1024, 768), Some((64 * 48, 64 * 48)), "{total}");
        // 1032 is 129 latent pixels: the pipelines refuse it or take fewer.
        assert_eq!(latent.tokens(1032, 768), None, "{total}");
    }
}

/// The autoencoders halve three times; attention is where only the latent is left.
#[test]
fn an_autoencoder_attends_to_the_latent() {
    for (total, channels) in [(83_819_683, 16), (83_653_863, 4)] {
        assert_eq!(latent(total).values(512, 512), Some(channels * 64 * 64), "{total}");
        assert_eq!(latent(total).tokens(512, 512), Some((64 * 64, 64 * 64)), "{total}");
    }
}

/// Bark's generation configuration: 49.9 semantic tokens, two coarse and eight fine codes for each of 75 frames a second.
#[test]
fn bark_speaks_in_three_rates() {
    let bark = latent(404_409_058);
    assert_eq!(bark, Latent::Sound { semantic: 499, coarse: 10 * 2 * 75, fine: 10 * 8 * 75 });
    assert_eq!((bark.values(512, 512), bark.tokens(512, 512)), (None, None));
}

/// The facts of a network, and whether its pictures were taken for some that it should see.
fn facts_of(total: u64, media: Media) -> (Vec<(&'static str, String)>, bool) {
    let custom = CustomModel::new("network".into(), String::new(), network(total), Vec::new());
    let report = Report::of(&Scenario { model: ModelChoice::Custom(custom), media, ..Scenario::default() });
    let facts = facts::model(&report).into_iter().map(|fact| (fact.label, fact.value)).collect();
    (facts, report.warnings.contains(&Warning::MediaNotCounted { what: "images" }))
}

#[test]
fn the_size_of_an_image_decides() {
    let (xl, refused) = facts_of(2_567_463_684, Media { images: 1, width: 1152, height: 896, audio_seconds: 0 });
    assert!(xl.contains(&("Latent", "4 × 144 × 112, 64,512 values".to_owned())), "{xl:?}");
    assert!(xl.contains(&("Tokens of an image", "1,008 to 4,032".to_owned())), "{xl:?}");
    assert!(!refused);
    let (flux, _) = facts_of(11_901_408_320, Media::default());
    assert!(flux.contains(&("Tokens of an image", "4,096".to_owned())), "{flux:?}");
    let (odd, _) = facts_of(11_901_408_320, Media { width: 1000, ..Media::default() });
    assert!(!odd.iter().any(|(label, _)| *label == "Latent"), "{odd:?}");
    let (bark, refused) = facts_of(404_409_058, Media { images: 1, ..Media::default() });
    assert!(bark.contains(&("Tokens of a second", "49.9 semantic, 150 coarse, 600 fine".to_owned())), "{bark:?}");
    assert!(refused);
}
