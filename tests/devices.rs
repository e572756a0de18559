//! The device catalogue agrees with data sheets typed by hand, and with physics.

use ridgepoint_catalog::devices::{
    Device, DeviceClass, HostLink, Missing, PcieGeneration, Supplied, UsableRule, UsableSource, citation, devices,
    find_device,
};
use ridgepoint_core::{Bytes, BytesPerSecond, ComputePrecision, FlopsPerSecond};
use serde_json::Value;

fn device(id: &str) -> &'static Device {
    find_device(id).unwrap_or_else(|| panic!("{id} is not in the catalogue"))
}

fn cases(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("the cases are valid JSON")
}

/// Peak in TFLOP/s for comparisons between precisions.
fn tera(device: &Device, precision: ComputePrecision) -> Option<f64> {
    device.peaks.get(precision).map(|peak| peak.get() / 1e12)
}

/// The faster of the two 16-bit formats.
fn half(device: &Device) -> Option<f64> {
    [ComputePrecision::Fp16, ComputePrecision::Bf16].into_iter().filter_map(|it| tera(device, it)).reduce(f64::max)
}

#[test]
fn figures_are_those_of_the_data_sheets() {
    for case in cases(include_str!("cases/devices/data-sheets.json")) {
        let id = case["id"].as_str().expect("a case names its device");
        let device = device(id);
        let interconnect = device.interconnect();
        let usable = device.memory.nominal.map(|nominal| device.usable_memory(nominal).0);
        for (key, expected) in case.as_object().expect("a case is an object") {
            let giga = |rate: Option<BytesPerSecond>| (rate, expected.as_f64().map(BytesPerSecond::giga));
            let peak = |precision| (device.peaks.get(precision), expected.as_f64().map(FlopsPerSecond::tera));
            let (found, wanted) = match key.as_str() {
                "id" | "source" => continue,
                "memory_gib" => text((device.memory.nominal, expected.as_u64().map(Bytes::gib))),
                "usable_bytes" => text((usable, expected.as_u64().map(Bytes::new))),
                "bandwidth_gb_per_s" => text(giga(device.memory.bandwidth)),
                "fp32" => text(peak(ComputePrecision::Fp32)),
                "fp16" => text(peak(ComputePrecision::Fp16)),
                "bf16" => text(peak(ComputePrecision::Bf16)),
                "fp8" => text(peak(ComputePrecision::Fp8)),
                "int8" => text(peak(ComputePrecision::Int8)),
                "fp4" => text(peak(ComputePrecision::Fp4)),
                "scale_up_gb_per_s" => text(giga(interconnect.scale_up.map(|link| link.bandwidth))),
                "pair_gb_per_s" => text(giga(device.scale_up.and_then(|link| link.pair_one_way))),
                "scale_up_domain" => text((interconnect.scale_up.map(|link| link.domain), expected.as_u64())),
                "host_gb_per_s" => text(giga(interconnect.host)),
                "tdp_watts" => text((device.tdp_watts, expected.as_f64())),
                _ => panic!("{id}: no figure is called {key}"),
            };
            assert_eq!(found, wanted, "{id}: {key}");
        }
    }
}

fn text<T: std::fmt::Debug>((found, wanted): (Option<T>, Option<T>)) -> (String, String) {
    (format!("{found:?}"), format!("{wanted:?}"))
}

#[test]
fn an_id_once_given_stays() {
    let promised = cases(include_str!("cases/devices/ids.json"));
    assert_eq!(promised.len(), 139);
    for id in promised {
        let id = id.as_str().expect("an id is a text");
        assert_eq!(device(id).id, id);
    }
}

#[test]
fn names_lead_to_one_device_each() {
    for device in devices() {
        for name in [device.id, device.name].iter().chain(&device.aliases) {
            let found = find_device(name).map(|found| found.id);
            assert_eq!(found, Some(device.id), "{name}");
            assert_eq!(find_device(&name.to_uppercase().replace('-', " ")).map(|found| found.id), found, "{name}");
        }
    }
    assert_eq!(device("H100").id, "h100-sxm-80gb");
    assert_eq!(device("M2 Ultra").id, "apple-m2-ultra");
    assert_eq!(find_device(""), None);
    assert_eq!(find_device("-"), None);
}

#[test]
fn the_listing_goes_by_class() {
    assert!(devices().is_sorted_by_key(|device| device.class));
    for class in DeviceClass::ALL {
        assert!(devices().iter().any(|device| device.class == class), "{}", class.label());
    }
}

#[test]
fn every_source_is_cited_in_full() {
    for device in devices() {
        assert!(!device.sources.is_empty(), "{}", device.id);
        for key in &device.sources {
            assert!(citation(key).is_some_and(|citation| citation.len() > 20), "{}: {key}", device.id);
        }
    }
    assert_eq!(citation("hearsay"), None);
}

#[test]
fn only_figures_that_nobody_publishes_are_missing() {
    let missing = |wanted: Missing| -> Vec<&str> {
        let lacks = |device: &&Device| device.accelerator(Supplied::default()) == Err(wanted);
        devices().iter().filter(lacks).map(|device| device.id).collect()
    };
    assert_eq!(missing(Missing::Bandwidth), ["mi308x-192gb", "ascend-910b-64gb", "tpu-v2"]);
    // A CPU has the memory that its owner bought; that of Grace is soldered on.
    let cpus = devices().iter().filter(|it| it.class == DeviceClass::Cpu && it.id != "nvidia-grace-72c");
    assert_eq!(missing(Missing::Memory), cpus.map(|cpu| cpu.id).collect::<Vec<_>>());
    let supplied = Supplied { memory: Some(Bytes::gib(64)), bandwidth: Some(BytesPerSecond::giga(500.0)) };
    for device in devices() {
        let accelerator = device.accelerator(supplied).unwrap_or_else(|missing| panic!("{}: {missing:?}", device.id));
        assert_eq!(accelerator.nominal_memory, Bytes::gib(64));
        assert_eq!(accelerator.bandwidth, BytesPerSecond::giga(500.0));
        assert!(accelerator.usable_memory <= accelerator.nominal_memory, "{}", device.id);
    }
}

#[test]
fn a_reading_counts_for_the_size_it_was_made_on() {
    let h100 = device("h100");
    assert_eq!(h100.usable_memory(Bytes::gib(80)), (Bytes::mib(81_559), UsableSource::Driver));
    let rule = UsableRule::LessDriverReserve;
    assert_eq!(h100.usable_memory(Bytes::gib(64)), (rule.usable(Bytes::gib(64)), UsableSource::Rule(rule)));
    assert_eq!(device("tpu-v5e").usable_memory(Bytes::gib(16)), (Bytes::gib(16), UsableSource::Documented));
}

#[test]
fn the_driver_reserve_lies_within_the_readings() {
    let shares: Vec<f64> = devices()
        .iter()
        .filter_map(|device| {
            let nominal = device.memory.nominal?;
            match device.usable_memory(nominal) {
                (usable, UsableSource::Driver) => Some(usable.as_f64() / nominal.as_f64()),
                (_, UsableSource::Documented | UsableSource::Rule(_)) => None,
            }
        })
        .collect();
    assert!(shares.len() > 60);
    assert!(shares.iter().all(|share| (0.93..=1.0).contains(share)), "{shares:?}");
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((0.97..0.99).contains(&mean), "mean {mean}");
}

/// `recommendedMaxWorkingSetSize` from llama.cpp's logs: llama-cpp-python #687, llama.cpp #2011 and #3213.
#[test]
fn the_metal_working_set_is_what_macs_log() {
    for (installed_gib, logged_mib) in [(16, 10_922.67), (32, 21_845.34), (96, 73_728.0)] {
        let usable = UsableRule::MetalWorkingSet.usable(Bytes::gib(installed_gib));
        assert!((usable.as_f64() / 1_048_576.0 - logged_mib).abs() < 0.01, "{installed_gib} GiB gave {usable}");
    }
    let mac = device("apple-m2-max");
    assert_eq!(mac.memory.options, [Bytes::gib(32), Bytes::gib(64), Bytes::gib(96)]);
    assert_eq!(mac.usable_memory(Bytes::gib(32)).1, UsableSource::Rule(UsableRule::MetalWorkingSet));
}

#[test]
fn sizes_on_sale_include_the_one_listed() {
    for device in devices().iter().filter(|device| !device.memory.options.is_empty()) {
        assert_eq!(device.memory.options.iter().max().copied(), device.memory.nominal, "{}", device.id);
        assert!(device.memory.options.is_sorted(), "{}", device.id);
    }
}

#[test]
fn narrower_numbers_are_no_slower() {
    for device in devices() {
        let half = half(device);
        let steps = [
            tera(device, ComputePrecision::Fp32),
            half,
            tera(device, ComputePrecision::Fp8),
            tera(device, ComputePrecision::Fp4),
        ];
        assert!(steps.into_iter().flatten().is_sorted(), "{}: {steps:?}", device.id);
        // Volta has tensor cores for fp16 only, and Blackwell Ultra traded its integer units for fp4.
        let slow_integers = matches!(device.architecture, "Volta" | "Blackwell Ultra" | "Blackwell Ultra + Grace");
        if let (Some(half), Some(int8)) = (half, tera(device, ComputePrecision::Int8)) {
            assert_eq!(int8 < half, slow_integers, "{}", device.id);
        }
    }
}

#[test]
fn geforce_counts_fp32_accumulation() {
    // int8 is four times 16 bit only where 16 bit is at half rate: 660.6 and 165.2 on an RTX 4090.
    for device in devices().iter().filter(|device| device.name.starts_with("GeForce")) {
        let (Some(half), Some(int8)) = (half(device), tera(device, ComputePrecision::Int8)) else {
            panic!("{} lacks a peak", device.id)
        };
        assert!((int8 / half / 4.0 - 1.0).abs() < 0.005, "{}: {int8} and {half}", device.id);
    }
}

#[test]
fn ridge_points_are_of_this_world() {
    for device in devices() {
        if let (Some(half), Some(bandwidth)) = (half(device), device.memory.bandwidth) {
            let ridge = half * 1e12 / bandwidth.get();
            assert!((1.0..1000.0).contains(&ridge), "{}: {ridge} FLOP/B", device.id);
        }
    }
}

#[test]
fn an_ultra_is_two_max() {
    for (ultra, max) in [("m1-ultra", "m1-max"), ("m2-ultra", "m2-max")] {
        let (ultra, max) = (device(ultra), device(max));
        assert_eq!(ultra.memory.bandwidth, max.memory.bandwidth.map(|bandwidth| bandwidth * 2.0));
        assert_eq!(ultra.memory.nominal, max.memory.nominal.map(|nominal| nominal * 2));
        assert_eq!(ultra.peaks.fp32, max.peaks.fp32.map(|peak| peak * 2.0));
    }
}

#[test]
fn a_mesh_splits_its_bandwidth_among_seven_neighbours() {
    for id in ["mi300x", "mi325x", "mi350x", "mi355x", "gaudi2", "gaudi3"] {
        let link = device(id).scale_up.expect("these have a mesh");
        let (Some(all), Some(pair)) = (link.one_way, link.pair_one_way) else { panic!("{id} lacks a rate") };
        assert!((all.get() / pair.get() - 7.0).abs() < 1e-9, "{id}");
        assert_eq!(link.domain, Some(8), "{id}");
    }
}

#[test]
fn pcie_doubles_with_each_generation_and_each_doubling_of_lanes() {
    let rate = |generation, lanes| HostLink::Pcie { generation, lanes }.bandwidth().get();
    assert_eq!(rate(PcieGeneration::Gen4, 16), 2.0 * rate(PcieGeneration::Gen3, 16));
    assert_eq!(rate(PcieGeneration::Gen5, 16), 2.0 * rate(PcieGeneration::Gen4, 16));
    assert_eq!(rate(PcieGeneration::Gen5, 8), rate(PcieGeneration::Gen4, 16));
    assert_eq!(HostLink::Pcie { generation: PcieGeneration::Gen5, lanes: 8 }.to_string(), "PCIe 5.0 x8");
}
