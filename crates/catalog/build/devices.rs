//! Checks `data/devices/*.json` and reads it into the values that the catalogue packs.
//!
//! A mistake in the data stops the build and names the file, the device and the figure.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use ridgepoint_core::{Bytes, BytesPerSecond, FlopsPerSecond, Peaks};
use serde_json::{Map, Value};

use crate::device::{
    Confidence, Device, DeviceClass, HostLink, Memory, PcieGeneration, Price, ScaleUpLink, UsableSource,
};

type Object = Map<String, Value>;
type Checked<T> = Result<T, String>;

/// The devices in the order of listings, and the citations behind the keys of their sources.
pub(crate) type Devices = (Vec<Device>, Vec<(&'static str, &'static str)>);

/// Reads and checks every file in `data`.
pub(crate) fn read(data: &Path) -> Devices {
    println!("cargo::rerun-if-changed={}", data.display());
    let mut errors = Vec::new();
    let citations = read_citations(&data.join("sources.json"));
    let mut files: Vec<_> = fs::read_dir(data)
        .unwrap_or_else(|error| panic!("{}: {error}", data.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "json") && !path.ends_with("sources.json"))
        .collect();
    files.sort();

    let mut devices = Vec::new();
    let mut names = BTreeMap::new();
    let mut cited = BTreeSet::new();
    for path in &files {
        let vendor = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Value::Array(entries) = read_json(path) else { panic!("{}: not an array", path.display()) };
        for entry in &entries {
            let id = entry.get("id").and_then(Value::as_str).unwrap_or("(no id)");
            match device(entry, vendor, &citations, &mut cited)
                .and_then(|device| claim_names(entry, &mut names).map(|()| device))
            {
                Ok(device) => devices.push(device),
                Err(error) => errors.push(format!("{}: {id}: {error}", path.display())),
            }
        }
    }
    for key in citations.keys().filter(|key| !cited.contains(*key)) {
        errors.push(format!("sources.json: {key}: no device cites it"));
    }
    assert!(errors.is_empty(), "the device data is wrong:\n{}", errors.join("\n"));

    devices.sort_by_key(|device| device.class);
    (devices, citations.into_iter().map(|(key, citation)| (leak(key), leak(citation))).collect())
}

/// The build ends soon; until then a text may stay.
fn leak(text: String) -> &'static str {
    text.leak()
}

fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_citations(path: &Path) -> BTreeMap<String, String> {
    let Value::Object(entries) = read_json(path) else { panic!("{}: not an object", path.display()) };
    let text =
        |value: Value| value.as_str().map(String::from).unwrap_or_else(|| panic!("{}: not a text", path.display()));
    entries.into_iter().map(|(key, value)| (key, text(value))).collect()
}

/// Ids, names and aliases share one space, in which case and punctuation do not count.
fn claim_names(entry: &Value, taken: &mut BTreeMap<String, String>) -> Checked<()> {
    let Some(device) = entry.as_object() else { return Err("not an object".into()) };
    let id = text(device, "id")?;
    let mut mine = BTreeSet::from([plain(&id), plain(&text(device, "name")?)]);
    for alias in texts(device, "aliases")? {
        if !mine.insert(plain(&alias)) {
            return Err(format!("alias {alias} says nothing that the id and the name do not say"));
        }
    }
    for name in mine {
        if let Some(other) = taken.insert(name.clone(), id.clone()) {
            return Err(format!("{name} already means {other}"));
        }
    }
    Ok(())
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One device.
fn device(
    entry: &Value,
    file: &str,
    citations: &BTreeMap<String, String>,
    cited: &mut BTreeSet<String>,
) -> Checked<Device> {
    let Some(device) = entry.as_object() else { return Err("not an object".into()) };
    only(
        device,
        &[
            "id",
            "name",
            "aliases",
            "vendor",
            "class",
            "architecture",
            "year",
            "memory",
            "unified_memory",
            "peak_tflop_per_s",
            "scale_up",
            "host_link",
            "tdp_watts",
            "price",
            "confidence",
            "sources",
            "note",
        ],
    )?;
    let id = text(device, "id")?;
    if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err("an id has lower-case letters, digits and hyphens".into());
    }
    let vendor = text(device, "vendor")?;
    if vendor.to_lowercase().replace(' ', "-") != file {
        return Err(format!("{vendor} has a file of its own"));
    }
    let class = class(&text(device, "class")?)?;
    let unified = device.get("unified_memory").and_then(Value::as_bool).ok_or("unified_memory is true or false")?;
    if matches!(class, DeviceClass::AppleSilicon | DeviceClass::Cpu) && !unified {
        return Err("the memory of this class is the computer's own: unified_memory is true".into());
    }

    let mut figures = BTreeSet::new();
    let memory = memory(object(device, "memory")?, unified, &mut figures)?;
    let peaks = peaks(object(device, "peak_tflop_per_s")?, &mut figures)?;
    let scale_up = match device.get("scale_up") {
        None | Some(Value::Null) => None,
        Some(_) => Some(scale_up(object(device, "scale_up")?, &mut figures)?),
    };
    let host_link = optional_text(device, "host_link")?.map(|link| host_link(&link)).transpose()?;
    if host_link.is_some() {
        figures.insert("host_link");
    }
    let tdp = number(device, "tdp_watts", 5.0..=2000.0)?;
    if tdp.is_some() {
        figures.insert("tdp");
    }
    let sources = sources(object(device, "sources")?, &figures, citations)?;
    cited.extend(sources.iter().cloned());
    let price = match device.get("price") {
        None | Some(Value::Null) => None,
        Some(_) => Some(price(object(device, "price")?, citations)?),
    };
    cited.extend(price.map(|price| price.source.to_owned()));

    Ok(Device {
        id: leak(id),
        name: leak(text(device, "name")?),
        aliases: texts(device, "aliases")?.into_iter().map(leak).collect(),
        vendor: leak(vendor),
        class,
        architecture: leak(text(device, "architecture")?),
        year: number(device, "year", 2015.0..=2030.0)?.ok_or("year is missing")? as u16,
        memory,
        peaks,
        scale_up,
        host_link,
        tdp_watts: tdp,
        price,
        confidence: confidence(&text(device, "confidence")?)?,
        sources: sources.into_iter().map(leak).collect(),
        note: optional_text(device, "note")?.map(leak),
    })
}

/// Quotes in US dollars for an hour, with the day or month in which they were read.
fn price(price: &Object, citations: &BTreeMap<String, String>) -> Checked<Price> {
    only(price, &["low_usd_per_hour", "high_usd_per_hour", "date", "source"])?;
    let quote = |key| number(price, key, 0.01..=1000.0)?.ok_or_else(|| format!("price: {key} is missing"));
    let (low, high) = (quote("low_usd_per_hour")?, quote("high_usd_per_hour")?);
    let (date, source) = (text(price, "date")?, text(price, "source")?);
    let is_date = matches!(date.len(), 7 | 10) && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if low > high || !is_date {
        return Err("price: the lowest quote comes first, and the date is like 2026-09-18 or 2026-09".into());
    }
    if !citations.contains_key(&source) {
        return Err(format!("price: {source} is not in sources.json"));
    }
    Ok(Price { low, high, date: leak(date), source: leak(source) })
}

fn class(name: &str) -> Checked<DeviceClass> {
    Ok(match name {
        "datacenter GPU" => DeviceClass::DatacenterGpu,
        "workstation GPU" => DeviceClass::WorkstationGpu,
        "consumer GPU" => DeviceClass::ConsumerGpu,
        "laptop GPU" => DeviceClass::LaptopGpu,
        "Apple silicon" => DeviceClass::AppleSilicon,
        "AI accelerator" => DeviceClass::AiAccelerator,
        "TPU" => DeviceClass::Tpu,
        "edge" => DeviceClass::Edge,
        "CPU" => DeviceClass::Cpu,
        _ => return Err(format!("no class is called {name}")),
    })
}

fn confidence(name: &str) -> Checked<Confidence> {
    match name {
        "high" => Ok(Confidence::High),
        "medium" => Ok(Confidence::Medium),
        "low" => Ok(Confidence::Low),
        _ => Err(format!("confidence is high, medium or low, not {name}")),
    }
}

fn memory(memory: &Object, unified: bool, figures: &mut BTreeSet<&'static str>) -> Checked<Memory> {
    only(
        memory,
        &["nominal_gib", "nominal_bytes", "options_gib", "usable_bytes", "usable_is", "type", "bandwidth_gb_per_s"],
    )?;
    let kind = optional_text(memory, "type")?;
    // Memory on the chip is small, exact in decimal bytes, and out of all proportion fast.
    let on_chip = kind.as_deref().is_some_and(|kind| kind.contains("SRAM"));
    let gib = number(memory, "nominal_gib", 1.0..=4096.0)?.map(|gib| gib * GIB);
    let nominal = if on_chip { number(memory, "nominal_bytes", 1e8..=1e12)? } else { gib };
    if nominal.is_some() {
        figures.insert("memory");
    }

    let usable = number(memory, "usable_bytes", 1e9..=1e13)?;
    let reading = match (usable, optional_text(memory, "usable_is")?.as_deref()) {
        (None, None) => None,
        (Some(bytes), Some(origin)) => {
            figures.insert("usable");
            let nominal = nominal.ok_or("usable_bytes needs a nominal size")?;
            if !(0.9 * nominal..=nominal).contains(&bytes) {
                return Err(format!(
                    "usable_bytes is {:.3} of the nominal size; data sheets write GB where they mean GiB",
                    bytes / nominal
                ));
            }
            let origin = match origin {
                "driver" => UsableSource::Driver,
                "documented" => UsableSource::Documented,
                _ => return Err(format!("usable_is driver or documented, not {origin}")),
            };
            Some((whole_bytes(bytes), origin))
        }
        (Some(_), None) | (None, Some(_)) => return Err("usable_bytes and usable_is come together".into()),
    };

    let mut options = Vec::new();
    if let Some(sizes) = memory.get("options_gib") {
        for size in sizes.as_array().ok_or("options_gib is a list")? {
            let gib = size.as_f64().filter(|gib| (1.0..=4096.0).contains(gib)).ok_or("options_gib holds sizes")?;
            options.push(whole_bytes(gib * GIB));
        }
    }

    let bandwidth = number(memory, "bandwidth_gb_per_s", 10.0..=if on_chip { 3e7 } else { 50_000.0 })?;
    if bandwidth.is_some() {
        figures.insert("bandwidth");
    }
    Ok(Memory {
        kind: kind.map(leak),
        unified,
        nominal: nominal.map(whole_bytes),
        options,
        reading,
        bandwidth: bandwidth.map(BytesPerSecond::giga),
    })
}

fn peaks(peaks: &Object, figures: &mut BTreeSet<&'static str>) -> Checked<Peaks> {
    const PRECISIONS: [&str; 6] = ["fp32", "fp16", "bf16", "fp8", "int8", "fp4"];
    only(peaks, &PRECISIONS)?;
    let mut at = [None; PRECISIONS.len()];
    for (peak, precision) in at.iter_mut().zip(PRECISIONS) {
        *peak = number(peaks, precision, 0.5..=100_000.0)?;
        if peak.is_some() {
            figures.insert("peaks");
        }
    }
    let [fp32, fp16, bf16, fp8, int8, fp4] = at;
    // Narrower numbers are never slower. int8 is left out: Blackwell Ultra all but dropped it.
    let half = fp16.into_iter().chain(bf16).reduce(f64::max);
    let known: Vec<f64> = [fp32, half, fp8, fp4].into_iter().flatten().collect();
    if !known.is_sorted() {
        return Err("a wider precision is faster than a narrower one; look for a figure that assumes sparsity".into());
    }
    let [fp32, fp16, bf16, fp8, int8, fp4] =
        [fp32, fp16, bf16, fp8, int8, fp4].map(|peak| peak.map(FlopsPerSecond::tera));
    Ok(Peaks { fp32, fp16, bf16, fp8, int8, fp4 })
}

fn scale_up(link: &Object, figures: &mut BTreeSet<&'static str>) -> Checked<ScaleUpLink> {
    only(link, &["technology", "one_way_gb_per_s", "pair_one_way_gb_per_s", "domain", "optional"])?;
    let one_way = number(link, "one_way_gb_per_s", 10.0..=5000.0)?;
    let pair = number(link, "pair_one_way_gb_per_s", 10.0..=5000.0)?;
    let domain = number(link, "domain", 2.0..=100_000.0)?;
    if pair > one_way {
        return Err("scale_up: a pair cannot have more than the device sends to all".into());
    }
    if one_way.is_some() || domain.is_some() {
        figures.insert("scale_up");
    }
    let optional = match link.get("optional") {
        None => false,
        Some(value) => value.as_bool().ok_or("scale_up: optional is true or false")?,
    };
    Ok(ScaleUpLink {
        technology: leak(text(link, "technology")?),
        one_way: one_way.map(BytesPerSecond::giga),
        pair_one_way: pair.map(BytesPerSecond::giga),
        domain: domain.map(|devices| devices as u64),
        optional,
    })
}

fn host_link(link: &str) -> Checked<HostLink> {
    let wrong = || format!("host_link {link}: expected PCIe 5.0 x16 or NVLink-C2C 450 GB/s");
    if let Some(rate) = link.strip_prefix("NVLink-C2C ").and_then(|rest| rest.strip_suffix(" GB/s")) {
        let rate: f64 = rate.parse().map_err(|_| wrong())?;
        return Ok(HostLink::NvlinkC2c { one_way: BytesPerSecond::giga(rate) });
    }
    let (generation, lanes) = link.strip_prefix("PCIe ").and_then(|rest| rest.split_once(" x")).ok_or_else(wrong)?;
    let generation = match generation {
        "3.0" => PcieGeneration::Gen3,
        "4.0" => PcieGeneration::Gen4,
        "5.0" => PcieGeneration::Gen5,
        "6.0" => PcieGeneration::Gen6,
        _ => return Err(wrong()),
    };
    match lanes.parse() {
        Ok(lanes @ (1 | 2 | 4 | 8 | 16)) => Ok(HostLink::Pcie { generation, lanes }),
        _ => Err(wrong()),
    }
}

/// Keys of all sources, most used first; each figure must have one, and each must be in `sources.json`.
fn sources(
    sources: &Object,
    figures: &BTreeSet<&'static str>,
    citations: &BTreeMap<String, String>,
) -> Checked<Vec<String>> {
    if let Some(figure) = figures.iter().find(|figure| !sources.contains_key(**figure)) {
        return Err(format!("sources: {figure} has none"));
    }
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for group in sources.keys() {
        // The source of usable memory may be that of a rule rather than of a figure.
        if group != "usable" && !figures.contains(group.as_str()) {
            return Err(format!("sources: there is no figure for {group}"));
        }
        let keys = texts(sources, group)?;
        if keys.is_empty() {
            return Err(format!("sources: {group} has none"));
        }
        for key in keys {
            if !citations.contains_key(&key) {
                return Err(format!("sources: {key} is not in sources.json"));
            }
            *uses.entry(key).or_default() += 1;
        }
    }
    let mut keys: Vec<_> = uses.into_iter().collect();
    keys.sort_by_key(|(_, uses)| std::cmp::Reverse(*uses));
    Ok(keys.into_iter().map(|(key, _)| key).collect())
}

const GIB: f64 = (1_u64 << 30) as f64;

fn whole_bytes(bytes: f64) -> Bytes {
    Bytes::new(bytes as u64)
}

fn only(object: &Object, known: &[&str]) -> Checked<()> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("no field is called {key}")),
        None => Ok(()),
    }
}

fn object<'a>(parent: &'a Object, key: &str) -> Checked<&'a Object> {
    parent.get(key).and_then(Value::as_object).ok_or_else(|| format!("{key} is an object"))
}

fn text(object: &Object, key: &str) -> Checked<String> {
    optional_text(object, key)?.ok_or_else(|| format!("{key} is missing"))
}

fn optional_text(object: &Object, key: &str) -> Checked<Option<String>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_ascii() && text.trim() == text && !text.is_empty() => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(format!("{key} is a text in ASCII without spaces at its ends")),
    }
}

fn texts(object: &Object, key: &str) -> Checked<Vec<String>> {
    let list = match object.get(key) {
        None => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(|| format!("{key} is a list"))?,
    };
    list.iter().map(|value| value.as_str().map(String::from).ok_or_else(|| format!("{key} holds texts"))).collect()
}

/// A number within bounds that physics and the market set; `None` where the data says that nobody knows.
fn number(object: &Object, key: &str, bounds: RangeInclusive<f64>) -> Checked<Option<f64>> {
    match object.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) if bounds.contains(&number) => Ok(Some(number)),
            Some(number) => Err(format!("{key} is {number}, outside {} to {}", bounds.start(), bounds.end())),
            None => Err(format!("{key} is a number")),
        },
    }
}
