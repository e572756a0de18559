//! `ridgepoint inspect`, tested as people use it: files of every kind, far too large ones and broken ones.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/headers")
}

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a folder of an earlier run");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn inspect(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ridgepoint")).arg("inspect").args(arguments).output().expect("the program runs")
}

fn read(path: &Path) -> Value {
    let output = inspect(&[path.to_str().expect("UTF-8"), "--json"]);
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_gguf_file_is_told_in_tensors_and_in_the_words_of_its_model() {
    let path = cases().join("llama-3.1-8b-q4_k_m.gguf");
    let facts = read(&path);
    assert_eq!(facts["kind"], "GGUF");
    assert_eq!(facts["tensors"], 292);
    assert_eq!(facts["tensor_bytes"], 4_912_898_304_u64);
    assert_eq!(
        facts["types"][0],
        json!({ "type": "Q4_K", "tensors": 193, "elements": 6_498_025_472_u64, "bytes": 3_655_139_328_u64 })
    );
    assert_eq!(facts["model"]["parameters"], 8_030_261_248_u64);
    assert_eq!(facts["model"]["kv_cache_bytes_per_token"], 131_072);
    assert_eq!(facts["config"]["num_key_value_heads"], 8);
    assert_eq!(facts["metadata"]["tokenizer.ggml.tokens"], json!({ "entries": 8 }));
    // The fixture is a header without data.
    assert_eq!(facts["warnings"], json!(["the file is cut short: it has 18165 bytes of 4912916480"]));

    let text = String::from_utf8(inspect(&[path.to_str().expect("UTF-8")]).stdout).expect("UTF-8");
    for line in ["  Q4_K        193    6.50 B  3.40 GiB", "  kv cache per token   128 KiB in 16 bit"] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
}

#[test]
fn an_architecture_without_rules_gives_the_tensors_and_the_reason() {
    let facts = read(&cases().join("mamba.gguf"));
    assert_eq!(facts["tensors"], 3);
    assert_eq!(facts["no_model"], "paste the model's config.json; there are no rules for: mamba");
    assert_eq!(facts.get("model"), None);
}

#[test]
fn a_configuration_beside_the_weights_says_how_wide_they_are() {
    let folder = folder("hint");
    let path = folder.join("model.safetensors");
    fs::copy(cases().join("compressed-tensors-8.safetensors"), &path).expect("a copy");
    let assumed = read(&path);
    assert_eq!(assumed["parameters"], 64 * 128 * 2 + 9 * 128);
    assert_eq!(assumed["warnings"].as_array().map(Vec::len), Some(1));
    let config = json!({ "quantization_config": { "config_groups": { "a": { "weights": { "num_bits": 8 } } } } });
    fs::write(folder.join("config.json"), config.to_string()).expect("written");
    let exact = read(&path);
    assert_eq!(exact["parameters"], 64 * 128 + 9 * 128);
    assert_eq!(exact["warnings"], json!([]));
}

#[test]
fn an_index_is_told_with_the_files_beside_it() {
    let folder = folder("index");
    let index = folder.join("model.safetensors.index.json");
    let map = json!({ "a": "model-1.safetensors", "b": "model-2.safetensors" });
    fs::write(&index, json!({ "metadata": { "total_size": 1000 }, "weight_map": map }).to_string()).expect("written");
    let alone = read(&index);
    assert_eq!((&alone["files"], &alone["total_size"], &alone["tensors"]), (&json!(2), &json!(1000), &json!(2)));
    assert_eq!(alone["warnings"].as_array().map(Vec::len), Some(1));

    fs::copy(cases().join("awq.safetensors"), folder.join("model-1.safetensors")).expect("a copy");
    fs::copy(cases().join("dtypes.safetensors"), folder.join("model-2.safetensors")).expect("a copy");
    let whole = read(&index);
    assert_eq!(whole["tensors"], 5 + 18);
    assert_eq!(whole["parameters"], 9344 + 97);
    assert_eq!(whole["warnings"], json!([]));
}

#[test]
fn a_configuration_is_told_as_a_model() {
    let config = folder("config").join("config.json");
    let fields = json!({
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": false,
    });
    fs::write(&config, fields.to_string()).expect("written");
    let facts = read(&config);
    assert_eq!(facts["kind"], "configuration");
    assert_eq!(facts["model"]["by_component"]["attention"], 32 * (2 * 4096 * 4096 + 2 * 1024 * 4096));
    assert_eq!(facts["model"]["active"], 8_030_261_248_u64);
}

/// 200 GB that take no room on the disk: a header in front of a hole.
#[test]
fn a_file_larger_than_memory_is_answered_at_once() {
    const SIZE: u64 = 200_000_000_000;
    let folder = folder("sparse");
    let elements = 99_000_000_000_u64 / 16 * 16;
    let entry = json!({ "w": { "dtype": "BF16", "shape": [16, elements / 16], "data_offsets": [0, elements * 2] } });
    let safetensors = [&(entry.to_string().len() as u64).to_le_bytes(), entry.to_string().as_bytes()].concat();
    // One F16 tensor of two dimensions, no metadata.
    let mut gguf = [b"GGUF", &3_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
    gguf.extend([&1_u64.to_le_bytes()[..], b"w", &2_u32.to_le_bytes()].concat());
    gguf.extend([(elements / 16).to_le_bytes(), 16_u64.to_le_bytes()].concat());
    gguf.extend([&1_u32.to_le_bytes()[..], &0_u64.to_le_bytes()].concat());

    for (name, header) in [("model.safetensors", safetensors), ("model.gguf", gguf)] {
        let path = folder.join(name);
        let mut file = File::create(&path).expect("a file");
        file.write_all(&header).expect("a header");
        file.set_len(SIZE).expect("a sparse file");
        drop(file);
        let began = Instant::now();
        let facts = read(&path);
        assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
        assert_eq!(facts["tensor_bytes"], elements * 2, "{name}");
        assert_eq!(facts["parameters"], elements, "{name}");
        assert_eq!(facts["warnings"], json!([]), "{name}");
        fs::remove_file(&path).expect("removed");
    }
}

#[test]
fn standard_input_is_read_as_far_as_the_header_goes() {
    let bytes = fs::read(cases().join("qwen3-0.6b.gguf")).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_ridgepoint"))
        .args(["inspect", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("piped").write_all(&bytes).expect("the program reads its input");
    let output = child.wait_with_output().expect("the program ends");
    let facts: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(facts["config"]["model_type"], "qwen3");
}

#[test]
fn parts_of_a_model_are_told_together() {
    let folder = folder("parts");
    let part = |number: u16| {
        let mut bytes = [b"GGUF", &3_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &3_u64.to_le_bytes()].concat();
        for (name, value) in [("split.no", number), ("split.count", 2), ("split.tensors.count", 2)] {
            bytes.extend([&(name.len() as u64).to_le_bytes(), name.as_bytes(), &2_u32.to_le_bytes()].concat());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([&1_u64.to_le_bytes()[..], &[b'a' + number as u8], &1_u32.to_le_bytes()].concat());
        bytes.extend([&8_u64.to_le_bytes()[..], &0_u32.to_le_bytes(), &0_u64.to_le_bytes(), &[0; 64]].concat());
        bytes
    };
    let first = folder.join("m-00001-of-00002.gguf");
    fs::write(&first, part(0)).expect("written");
    let alone = read(&first);
    assert_eq!((&alone["tensors"], &alone["parts"]), (&json!(1), &json!(2)));
    assert_eq!(alone["no_model"], "all 2 parts of the model are needed; this is part: 1");
    fs::write(folder.join("m-00002-of-00002.gguf"), part(1)).expect("written");
    assert_eq!(read(&first)["tensors"], 2);
}

#[test]
fn what_is_no_model_ends_with_2_and_one_line() {
    let folder = folder("broken");
    let whole = fs::read(cases().join("whole.gguf")).expect("a file");
    let safetensors = fs::read(cases().join("awq.safetensors")).expect("a file");
    let files: [(&str, &[u8]); 9] = [
        ("empty.gguf", b""),
        ("text.gguf", b"hello"),
        ("cut.gguf", &whole[..100]),
        ("old.gguf", b"GGUF\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("long.gguf", b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0"),
        ("cut.safetensors", &safetensors[..50]),
        ("zip.safetensors", b"PK\x03\x04 and so on and on"),
        ("config.json", b"{ \"model_type\": \"resnet\" }"),
        ("escape.json", b"{ \"weight_map\": { \"\x1b[31m\": 3 } }"),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("written");
        let output = inspect(&[path.to_str().expect("UTF-8")]);
        let line = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{name}: {line}");
        assert!(output.stdout.is_empty(), "{name}");
        assert!(line.starts_with("ridgepoint: ") && line.lines().count() == 1 && !line.contains('\x1b'), "{line}");
    }
    for path in [folder.join("absent.gguf"), folder] {
        let output = inspect(&[path.to_str().expect("UTF-8")]);
        assert_eq!(output.status.code(), Some(2), "{}", path.display());
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    }
}
