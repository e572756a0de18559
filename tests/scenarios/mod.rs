//! Scenarios at random, for laws that hold for all of them.

use proptest::prelude::*;
use ridgepoint_calculator::scenario::{
    Degree, DeviceCount, Disaggregation, Draft, Drafter, Extras, Layout, Media, ModelChoice, PriceChoice, Scenario,
    Settings, Targets,
};
use ridgepoint_calculator::{names, options};
use ridgepoint_catalog::find_model;
use ridgepoint_core::{Adapters, Bytes, Engine, Seconds, ServedTargets, WeightFormat, Workload};

/// Ids of all choices.
fn ids(groups: Vec<options::Group>) -> Vec<String> {
    groups.into_iter().flat_map(|group| group.choices).map(|choice| choice.id).collect()
}

fn degree() -> impl Strategy<Value = Degree> {
    prop_oneof![4 => Just(Degree::Auto), 1 => (1_u64..=16).prop_map(Degree::Of)]
}

fn weights() -> impl Strategy<Value = Option<WeightFormat>> {
    let formats: Vec<_> = names::weight_formats().collect();
    proptest::option::of(proptest::sample::select(formats))
}

fn settings() -> impl Strategy<Value = Settings> {
    use proptest::option::of;
    let general = (of(1_u64..=100), of(1_u64..=1 << 16), of(1_u64..=2048), of(1_u64..=2048), of(any::<bool>()));
    let caches = (of(any::<bool>()), of(any::<bool>()), of(proptest::sample::select(names::KV_FORMATS.to_vec())));
    let of_llama_cpp = (of(0_u64..=100), of(0_u64..=100), of(any::<bool>()), caches, of(0_u8..=2));
    (general, of_llama_cpp).prop_map(
        |(
            (hundredths, tokens_per_pass, gib, max_sequences, eager),
            (
                device_layers,
                cpu_expert_layers,
                flash_attention,
                (full_sliding_cache, unified_cache, value_cache),
                latent_cache,
            ),
        )| Settings {
            memory_fraction: hundredths.map(|hundredths| hundredths as f64 / 100.0),
            tokens_per_pass,
            device_memory: gib.map(Bytes::gib),
            max_sequences,
            eager,
            device_layers,
            cpu_expert_layers,
            flash_attention,
            full_sliding_cache,
            unified_cache,
            value_cache,
            latent_cache,
        },
    )
}

fn media() -> impl Strategy<Value = Media> {
    // Mostly text alone, as in life.
    let images = prop_oneof![4 => Just(0_u64), 1 => 1_u64..=8];
    (images, 1_u64..=4096, 1_u64..=4096, prop_oneof![4 => Just(0_u64), 1 => 1_u64..=600]).prop_map(
        |(images, width, height, audio_seconds)| match images {
            // Pictures that are not there have the usual size: a link does not say another.
            0 => Media { audio_seconds, ..Media::default() },
            _ => Media { images, width, height, audio_seconds },
        },
    )
}

/// Versions of several engines. The first vLLM reads prompts whole up to 32K and in chunks beyond, so that a longer
/// context can take less memory there: no law holds for it.
fn version() -> impl Strategy<Value = Option<String>> {
    let versions = vec!["0.8", "0.9.2", "0.11", "0.21", "b5192", "b6100", "b10644", "newest"];
    proptest::option::of(proptest::sample::select(versions).prop_map(String::from))
}

fn targets() -> impl Strategy<Value = Targets> {
    let time = || prop_oneof![3 => Just(None), 1 => (1_u64..1_000_000).prop_map(|millis| Some(Seconds::new(millis as f64 / 1e3)))];
    (time(), time()).prop_map(|(ttft, tpot)| Targets { ttft, tpot })
}

fn extras() -> impl Strategy<Value = Extras> {
    use proptest::option::of;
    let drafter = prop_oneof![
        Just(Drafter::Prediction),
        proptest::sample::select(ids(options::models())).prop_map(Drafter::Model),
    ];
    let share = |most: u64| (0..=most).prop_map(|hundredths| hundredths as f64 / 100.0);
    let draft = (drafter, 1_u64..=16, share(100)).prop_map(|(drafter, tokens, acceptance)| Draft {
        drafter,
        tokens,
        acceptance,
    });
    let adapters = (1_u64..=64, 1_u64..=512, proptest::sample::select(ServedTargets::ALL.to_vec()))
        .prop_map(|(count, rank, on)| Adapters { count, rank, on });
    let replicas = (1_u64..=8, 1_u64..=8).prop_map(|(prefill, decode)| Disaggregation { prefill, decode });
    let price = prop_oneof![
        Just(PriceChoice::Listed),
        (1_u64..=5000).prop_map(|hundredths| PriceChoice::Given(hundredths as f64 / 100.0)),
    ];
    let some = (share(99), of(draft), of(adapters), of(replicas), of(price), any::<bool>()).prop_map(
        |(prefix, draft, adapters, disaggregation, price, energy)| Extras {
            prefix,
            draft,
            adapters,
            disaggregation,
            price,
            energy,
        },
    );
    // Mostly none, as in life.
    prop_oneof![2 => Just(Extras::default()), 1 => some]
}

/// Any scenario that a link can hold.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    let hardware = (proptest::sample::select(ids(options::devices())), 1_u64..=64)
        .prop_map(|(id, count)| DeviceCount { id, count });
    let workload = (1_u64..=4096, 1_u64..=1 << 20, 1_u64..=65_536)
        .prop_map(|(batch, prompt_tokens, output_tokens)| Workload { batch, prompt_tokens, output_tokens });
    let layout = (degree(), degree(), degree(), degree()).prop_map(|(tensor, pipeline, expert, data)| Layout {
        tensor,
        pipeline,
        expert,
        data,
    });
    (
        proptest::sample::select(ids(options::models())),
        proptest::collection::vec(hardware, 1..=2),
        proptest::sample::select(Engine::ALL.to_vec()),
        weights(),
        proptest::sample::select(names::KV_FORMATS.to_vec()),
        (workload, media()),
        layout,
        (settings(), version(), extras(), targets()),
    )
        .prop_map(
            |(
                model,
                mut devices,
                engine,
                weights,
                kv,
                (workload, media),
                layout,
                (mut settings, engine_version, mut extras, targets),
            )| {
                // Another format for values than for keys is llama.cpp's alone.
                settings.value_cache = settings.value_cache.filter(|&of| engine == Engine::LlamaCpp && of != kv);
                // Neighbours of one kind are one entry of a scenario.
                devices.dedup_by(|next, device| next.id == device.id);
                // Most models have no layers to predict with.
                let predicts = find_model(&model).is_some_and(|entry| entry.model().mtp_parameters > 0);
                extras.draft = extras.draft.filter(|draft| predicts || draft.drafter != Drafter::Prediction);
                let model = ModelChoice::Catalogue(model);
                Scenario {
                    model,
                    devices,
                    engine,
                    engine_version,
                    weights,
                    kv,
                    workload,
                    media,
                    layout,
                    settings,
                    extras,
                    targets,
                }
            },
        )
}
