//! Headers of weight files: what the official packages wrote is read exactly, and no bytes break the readers.
//!
//! The files and `expected.json` are made by `cases/headers/make.py` with gguf 0.19.0 and safetensors 0.8.0.

use ridgepoint_core::{Bytes, KvFormat, Mixer, Reach, bytes_per_token};
use ridgepoint_reader::headers::gguf::{self, NoModel, Value as Field};
use ridgepoint_reader::headers::safetensors::{self, LogicalParameters, PackingHint};
use ridgepoint_reader::headers::{FieldProblem, FileKind, HeaderError, TensorProblem, TypeTotal, Unread, index};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/headers")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).expect("a file of cases/headers")
}

/// What the official packages say of each file whose name ends like this.
fn expected(ending: &str) -> Vec<(String, Value)> {
    let all: Value = serde_json::from_slice(&file("expected.json")).expect("JSON");
    let all = all.as_object().expect("an object").clone();
    all.into_iter().filter(|(name, _)| name.ends_with(ending)).collect()
}

fn by_type(totals: &[TypeTotal]) -> Value {
    let entry = |total: &TypeTotal| (total.name.to_owned(), json!([total.tensors, total.elements, total.bytes.get()]));
    Value::Object(totals.iter().map(entry).collect())
}

fn read_gguf(bytes: &[u8]) -> gguf::Header {
    gguf::parse(bytes).expect("a header")
}

fn read_safetensors(name: &str) -> safetensors::Header {
    safetensors::parse(&file(name)).expect("a header")
}

#[test]
fn gguf_files_have_the_tensors_that_were_written() {
    for (name, expected) in expected(".gguf").into_iter().filter(|(_, facts)| facts.get("architecture").is_some()) {
        let header = read_gguf(&file(&name));
        assert_eq!(header.text("general.architecture"), expected["architecture"].as_str(), "{name}");
        assert_eq!(json!(header.tensors.len()), expected["tensors"], "{name}");
        assert_eq!(json!(header.elements()), expected["elements"], "{name}");
        assert_eq!(json!(header.bytes().get()), expected["bytes"], "{name}");
        assert_eq!(json!(header.file_size().get()), expected["file_size"], "{name}");
        assert_eq!(by_type(&header.totals()), expected["by_type"], "{name}");
        assert_eq!(FileKind::of(&file(&name)[..16]), Some(FileKind::Gguf));
    }
}

/// The model of each architecture has the parameters of the file, by component sums that know nothing of it.
#[test]
fn gguf_architectures_become_models_with_the_parameters_of_their_tensors() {
    let mut translated = 0;
    for (name, expected) in expected(".gguf").into_iter().filter(|(_, facts)| facts.get("architecture").is_some()) {
        let header = read_gguf(&file(&name));
        if name == "mamba.gguf" {
            assert_eq!(header.model(), Err(NoModel::UnknownArchitecture("mamba".into())));
            continue;
        }
        let described = header.model().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(described.parsed.warnings, [], "{name}");
        let model = &described.parsed.model;
        // The package counts tables of rotary frequencies and the spare embedding and head of GLM's last layer.
        let uncounted =
            |name: &str| name.starts_with("rope_") || name.contains("nextn.embed") || name.contains("head_head");
        let extra: u64 =
            header.tensors.iter().filter(|tensor| uncounted(&tensor.name)).map(|tensor| tensor.elements).sum();
        assert_eq!(json!(model.parameters().total() + model.mtp_parameters + extra), expected["elements"], "{name}");

        // A value of the cache takes two bytes.
        let values = bytes_per_token(model, KvFormat::Fp16).get() / 2;
        assert_eq!(json!(values), expected["kv_values_per_token"], "{name}");
        let windowed: u64 = model
            .layers
            .all()
            .iter()
            .filter(|(layer, _)| matches!(layer.mixer, Mixer::Attention { reach: Reach::Sliding(_), .. }))
            .map(|(_, count)| count)
            .sum();
        assert_eq!(json!(windowed), expected["windowed_layers"], "{name}");
        translated += 1;
    }
    assert!(translated >= 30, "{translated}");
}

/// Published: 8,030,261,248 parameters and 64 rotary factors; 4,920,739,232 bytes with 7,840,928 of metadata.
#[test]
fn llama_3_1_8b_in_q4_k_m_has_its_published_size() {
    let header = read_gguf(&file("llama-3.1-8b-q4_k_m.gguf"));
    let model = header.model().expect("a model").parsed.model;
    assert_eq!(model.parameters().total(), 8_030_261_248);
    assert_eq!(header.elements(), 8_030_261_248 + 64);
    assert_eq!(header.bytes(), Bytes::new(4_920_739_232 - 7_840_928));
    assert_eq!(model.context_limit, Some(131_072));
}

#[test]
fn every_number_format_of_gguf_has_its_size() {
    let (_, expected) = expected("types.gguf").remove(0);
    let totals = read_gguf(&file("types.gguf")).totals();
    assert_eq!(by_type(&totals), expected["by_type"]);
    assert!(totals.len() >= 32);
}

#[test]
fn metadata_of_every_type_is_read_and_tensors_are_where_the_package_finds_them() {
    let header = read_gguf(&file("whole.gguf"));
    let (_, expected) = expected("whole.gguf").remove(0);
    for tensor in &header.tensors {
        let facts = json!([tensor.kind.name(), tensor.shape, tensor.elements, tensor.bytes.get(), tensor.offset.get()]);
        assert_eq!(facts, expected["tensors"][&tensor.name]);
    }
    assert_eq!(header.tensors.len(), 3);
    assert_eq!(json!(header.data_start.get()), expected["data_start"]);
    // The package pads the last tensor too.
    assert_eq!(json!(header.file_size().get().next_multiple_of(64)), expected["file_size"]);

    let field = |name: &str| header.field(&format!("example.{name}")).expect("a field").clone();
    for kind in ["uint8", "uint16", "uint32", "uint64"] {
        assert_eq!(field(kind), Field::Unsigned(7));
    }
    for kind in ["int8", "int16", "int32", "int64"] {
        assert_eq!(field(kind), Field::Signed(-7));
    }
    assert_eq!(field("float32"), Field::Float(0.5));
    assert_eq!(field("float64"), Field::Float(0.25));
    assert_eq!(field("bool"), Field::Bool(true));
    assert_eq!(field("text"), Field::Text("grüß dich".into()));
    assert_eq!(field("numbers"), Field::List { length: 3, numbers: vec![1, 2, 3] });
    assert_eq!(field("switches"), Field::List { length: 2, numbers: vec![1, 0] });
    assert_eq!(field("texts"), Field::List { length: 3, numbers: vec![] });
    assert_eq!(field("scores"), Field::List { length: 2, numbers: vec![] });
    assert_eq!(header.model(), Err(NoModel::UnknownArchitecture("example".into())));
}

#[test]
fn safetensors_files_have_the_tensors_and_the_parameters_that_were_written() {
    for (name, expected) in expected(".safetensors") {
        let header = read_safetensors(&name);
        assert_eq!(json!(header.tensors().len()), expected["tensors"], "{name}");
        assert_eq!(by_type(&header.totals()), expected["by_type"], "{name}");
        assert_eq!(json!(header.file_size().get()), expected["file_size"], "{name}");
        assert_eq!(FileKind::of(&file(&name)[..16]), Some(FileKind::Safetensors));

        let hint = match name.as_str() {
            "compressed-tensors-4.safetensors" | "compressed-tensors-8.safetensors" => {
                PackingHint { bits: None, group: Some(32) }
            }
            name if name.starts_with("mlx-") => PackingHint { bits: None, group: Some(64) },
            _ => PackingHint::default(),
        };
        match expected["parameters"].as_u64() {
            Some(parameters) => assert_eq!(header.parameters(hint), LogicalParameters::Exact(parameters), "{name}"),
            None => assert!(matches!(header.parameters(hint), LogicalParameters::Unknown { .. }), "{name}"),
        }
    }
}

#[test]
fn a_width_that_a_header_leaves_open_is_marked_as_assumed() {
    let packed = read_safetensors("compressed-tensors-4.safetensors");
    let LogicalParameters::Exact(exact) = packed.parameters(PackingHint { bits: Some(4), group: None }) else {
        panic!("the hint decides")
    };
    assert_eq!(packed.parameters(PackingHint::default()), LogicalParameters::Assumed(exact));
    let mlx = read_safetensors("mlx-mixed.safetensors");
    assert!(matches!(mlx.parameters(PackingHint::default()), LogicalParameters::Assumed(_)));

    let hint = |config: Value| PackingHint::of_config(&config.to_string());
    let groups = json!({ "group_0": { "weights": { "num_bits": 8, "group_size": 32 } } });
    assert_eq!(
        hint(json!({ "text_config": { "quantization_config": { "config_groups": groups } } })),
        PackingHint { bits: Some(8), group: Some(32) }
    );
    assert_eq!(
        hint(json!({ "quantization": { "bits": 4, "group_size": 64 } })),
        PackingHint { bits: Some(4), group: Some(64) }
    );
    assert_eq!(
        hint(json!({ "quantization_config": { "bits": 4, "group_size": -1 } })),
        PackingHint { bits: Some(4), group: None }
    );
    assert_eq!(PackingHint::of_config("no JSON"), PackingHint::default());
}

/// A caller that hands over the bytes asked for, and no more, arrives at the same header.
#[test]
fn readers_ask_for_more_until_the_header_is_complete() {
    for (name, _) in expected(".gguf") {
        let bytes = file(&name);
        let whole = read_gguf(&bytes);
        let (mut have, mut rounds) = (4, 0);
        let header = loop {
            match gguf::parse(&bytes[..have]) {
                Ok(header) => break header,
                Err(Unread::NeedMore { bytes: wanted }) => {
                    assert!(wanted >= 2 * have as u64, "{name}");
                    have = usize::try_from(wanted).expect("small").min(bytes.len());
                }
                Err(Unread::Broken(error)) => panic!("{name}: {error}"),
            }
            rounds += 1;
        };
        assert_eq!(header, whole, "{name}");
        assert!(rounds <= 16, "{name}: {rounds}");
    }
    let bytes = file("awq.safetensors");
    assert_eq!(safetensors::parse(&bytes[..3]), Err(Unread::NeedMore { bytes: 8 }));
    let end = 8 + safetensors::header_length(&bytes).expect("a length");
    assert_eq!(safetensors::parse(&bytes[..8]), Err(Unread::NeedMore { bytes: end }));
    let header = safetensors::parse(&bytes[..end as usize]).expect("the header without the data");
    assert_eq!(header.data_start.get(), end);
}

#[test]
fn an_index_lists_its_files() {
    let text = |total: &str, map: &str| format!(r#"{{"metadata":{{"total_size":{total}}},"weight_map":{map}}}"#);
    let index =
        index::parse(text("96.0", r#"{"b":"2.safetensors","a":"1.safetensors"}"#).as_bytes()).expect("an index");
    assert_eq!(index.total_size, Some(Bytes::new(96)));
    assert_eq!((index.shards.len(), index.tensors()), (2, 2));

    let error = |text: &str| index::parse(text.as_bytes()).expect_err("no index");
    assert_eq!(error(r#"{"model_type":"llama"}"#), HeaderError::NotA(FileKind::Json));
    assert!(matches!(error("{"), HeaderError::NotJson(_)));
    assert!(matches!(error(&text("1", "[]")), HeaderError::NotJson(_)));
    assert!(matches!(error(&text("1", r#"{"a":3}"#)), HeaderError::NotJson(_)));
    assert!(matches!(error(&text("-1", "{}")), HeaderError::Field { problem: FieldProblem::BadValue, .. }));
    assert!(matches!(
        error(&text("1", r#"{"a":"x","a":"y"}"#)),
        HeaderError::Tensor { problem: TensorProblem::Twice, .. }
    ));
    for file in ["../../etc/passwd", "/etc/passwd", r"..\\x", "https://example.org/x", ""] {
        let text = text("1", &format!(r#"{{"a":"{file}"}}"#));
        assert!(matches!(error(&text), HeaderError::Field { problem: FieldProblem::BadValue, .. }), "{file}");
    }
    assert!(matches!(error(&format!("{{\"x\":{}", "[".repeat(100_000))), HeaderError::NotJson(_)));
}

#[test]
fn the_first_bytes_tell_the_kind_of_file() {
    let kind = |bytes: &[u8]| FileKind::of(bytes);
    assert_eq!(kind(b"  {\n  \"weight_map\": {}}"), Some(FileKind::Json));
    assert_eq!(kind(b"\xef\xbb\xbf{}"), Some(FileKind::Json));
    assert_eq!(kind(b"{}"), Some(FileKind::Json));
    // A header of 123 bytes starts with the byte of an opening brace.
    assert_eq!(kind(b"{\0\0\0\0\0\0\0{\"a\":"), Some(FileKind::Safetensors));
    for other in [&b""[..], b"PK\x03\x04", b"\x80\x02}q\0", b"\x7fELF\x02\x01\x01\0{", b"hello", &[0; 64]] {
        assert_eq!(kind(other), None);
    }
}
