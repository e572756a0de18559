//! Broken and hostile headers: an error, never a panic, a hang or a heap of memory.

use ridgepoint_core::Bytes;
use ridgepoint_reader::headers::gguf::{self, NoModel};
use ridgepoint_reader::headers::safetensors::{self, PackingHint};
use ridgepoint_reader::headers::{FieldProblem, FileKind, HeaderError, TensorProblem, Unread};
use std::fs;
use std::path::PathBuf;

fn file(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/headers").join(name))
        .expect("a file of cases/headers")
}

fn read_gguf(bytes: &[u8]) -> gguf::Header {
    gguf::parse(bytes).expect("a header")
}

fn gguf_error(bytes: &[u8]) -> HeaderError {
    match gguf::parse(bytes) {
        Err(Unread::Broken(error)) => error,
        other => panic!("not broken: {other:?}"),
    }
}

fn read_safetensors(name: &str) -> safetensors::Header {
    safetensors::parse(&file(name)).expect("a header")
}

#[test]
fn a_file_that_is_cut_anywhere_asks_for_more() {
    for name in ["whole.gguf", "types.gguf", "deepseek-v3.gguf", "olmo-3-7b.gguf"] {
        let bytes = file(name);
        let header_only = name != "whole.gguf";
        let end = if header_only { bytes.len() } else { read_gguf(&bytes).data_start.get() as usize - 64 };
        for have in 0..end {
            assert!(matches!(gguf::parse(&bytes[..have]), Err(Unread::NeedMore { .. })), "{name} cut at {have}");
        }
    }
    for name in ["dtypes.safetensors", "gptq-4.safetensors", "mlx-4.safetensors"] {
        let bytes = file(name);
        let end = read_safetensors(name).data_start.get() as usize;
        for have in 0..end {
            assert!(matches!(safetensors::parse(&bytes[..have]), Err(Unread::NeedMore { .. })), "{name} cut at {have}");
        }
    }
}

/// Each byte of a header replaced: an answer, whatever it is, and a model only with the parameters of the tensors.
#[test]
fn no_damaged_byte_breaks_the_readers() {
    for name in ["whole.gguf", "deepseek-v2-lite.gguf", "falcon-40b.gguf"] {
        let mut bytes = file(name);
        let end = bytes.len().min(read_gguf(&bytes).data_start.get() as usize);
        for at in 0..end {
            let original = bytes[at];
            for damage in [0xff, original ^ 1] {
                bytes[at] = damage;
                if let Ok(header) = gguf::parse(&bytes) {
                    let _ = (header.totals(), header.file_size(), header.model());
                }
            }
            bytes[at] = original;
        }
    }
    for name in ["gptq-4.safetensors", "mlx-mixed.safetensors", "nvfp4.safetensors", "dtypes.safetensors"] {
        let mut bytes = file(name);
        for at in 0..read_safetensors(name).data_start.get() as usize {
            let original = bytes[at];
            for damage in [0, b'"', b'{', b'[', b'0', b'9', b'-', 0xff, original ^ 1] {
                bytes[at] = damage;
                if let Ok(header) = safetensors::parse(&bytes) {
                    let _ = (header.totals(), header.file_size(), header.parameters(PackingHint::default()));
                }
            }
            bytes[at] = original;
        }
    }
}

/// A GGUF header written by hand.
#[derive(Default)]
struct Written {
    fields: Vec<Vec<u8>>,
    tensors: Vec<Vec<u8>>,
}

impl Written {
    fn text(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes(), text].concat()
    }

    fn field(mut self, name: &[u8], kind: u32, value: &[u8]) -> Self {
        self.fields.push([&Self::text(name), &kind.to_le_bytes()[..], value].concat());
        self
    }

    fn tensor(mut self, name: &[u8], shape: &[u64], kind: u32, offset: u64) -> Self {
        let mut tensor = Self::text(name);
        tensor.extend((shape.len() as u32).to_le_bytes());
        shape.iter().for_each(|dimension| tensor.extend(dimension.to_le_bytes()));
        tensor.extend(kind.to_le_bytes());
        tensor.extend(offset.to_le_bytes());
        self.tensors.push(tensor);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        self.counted(3, self.tensors.len() as u64, self.fields.len() as u64)
    }

    fn counted(&self, version: u32, tensors: u64, fields: u64) -> Vec<u8> {
        let start = [b"GGUF", &version.to_le_bytes()[..], &tensors.to_le_bytes(), &fields.to_le_bytes()].concat();
        [start, self.fields.concat(), self.tensors.concat()].concat()
    }
}

const F32: u32 = 0;
const Q4_K: u32 = 12;
const U32: u32 = 4;
const TEXT: u32 = 8;
const LIST: u32 = 9;

#[test]
fn hostile_gguf_headers_are_refused() {
    let new = Written::default;
    let tensor = |problem| HeaderError::Tensor { name: "t".into(), problem };
    let field = |name: &str, problem| HeaderError::Field { name: name.into(), problem };
    let list = |kind: u32, length: u64| [&kind.to_le_bytes()[..], &length.to_le_bytes()].concat();
    let cases = [
        (new().counted(1, 0, 0), HeaderError::Version(1)),
        (new().counted(4, 0, 0), HeaderError::Version(4)),
        (new().counted(3_u32.swap_bytes(), 0, 0), HeaderError::BigEndian),
        (b"GGML\x03\0\0\0".to_vec(), HeaderError::NotA(FileKind::Gguf)),
        (
            new().counted(3, 1_000_000_000, 0),
            HeaderError::TooLong { claimed: 24 + 24_000_000_000, most: gguf::LONGEST_HEADER },
        ),
        (new().counted(3, u64::MAX, u64::MAX), HeaderError::TooLong { claimed: u64::MAX, most: gguf::LONGEST_HEADER }),
        (
            new().field(b"n", TEXT, &(1_u64 << 63).to_le_bytes()).bytes(),
            HeaderError::TooLong { claimed: (1 << 63) + 45, most: gguf::LONGEST_HEADER },
        ),
        (
            new().field(b"n", LIST, &list(10, u64::MAX)).bytes(),
            HeaderError::TooLong { claimed: u64::MAX, most: gguf::LONGEST_HEADER },
        ),
        (new().field(b"n", 13, &[0; 8]).bytes(), field("n", FieldProblem::UnknownType)),
        (new().field(b"n", LIST, &list(99, 1)).bytes(), field("n", FieldProblem::UnknownType)),
        (new().field(b"n", 7, &[2]).bytes(), field("n", FieldProblem::BadValue)),
        (new().field(b"\xff", U32, &[0; 4]).bytes(), field("\u{fffd}", FieldProblem::NotUtf8)),
        (new().field(b"n", TEXT, &Written::text(b"\xff")).bytes(), field("n", FieldProblem::NotUtf8)),
        (new().field(b"n", U32, &[0; 4]).field(b"n", U32, &[0; 4]).bytes(), field("n", FieldProblem::Twice)),
        (new().field(b"n", LIST, &list(LIST, 1).repeat(100)).bytes(), field("n", FieldProblem::TooDeep)),
        (
            new().field(b"general.alignment", U32, &48_u32.to_le_bytes()).bytes(),
            field("general.alignment", FieldProblem::BadValue),
        ),
        (
            new().tensor(b"\xff", &[1], F32, 0).bytes(),
            HeaderError::Tensor { name: "\u{fffd}".into(), problem: TensorProblem::NotUtf8 },
        ),
        (new().tensor(b"t", &[1; 5], F32, 0).bytes(), tensor(TensorProblem::TooManyDimensions)),
        // 4 and 9 are types that ggml has removed or never writes.
        (new().tensor(b"t", &[32], 4, 0).bytes(), tensor(TensorProblem::UnknownType)),
        (new().tensor(b"t", &[32], 9, 0).bytes(), tensor(TensorProblem::UnknownType)),
        (new().tensor(b"t", &[1 << 32, 1 << 32], F32, 0).bytes(), tensor(TensorProblem::TooLarge)),
        (new().tensor(b"t", &[1 << 62], F32, 0).bytes(), tensor(TensorProblem::TooLarge)),
        (new().tensor(b"t", &[255, 2], Q4_K, 0).bytes(), tensor(TensorProblem::PartialBlock)),
        (new().tensor(b"t", &[8], F32, 16).bytes(), tensor(TensorProblem::Misplaced)),
        (new().tensor(b"s", &[16], F32, 0).tensor(b"t", &[16], F32, 32).bytes(), tensor(TensorProblem::Overlap)),
        (new().tensor(b"t", &[8], F32, 0).tensor(b"t", &[8], F32, 32).bytes(), tensor(TensorProblem::Twice)),
        (new().tensor(b"t", &[1 << 60], F32, u64::MAX - 31).bytes(), tensor(TensorProblem::Misplaced)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(gguf_error(&bytes), expected);
        assert!(!expected.to_string().contains('\n'));
    }
    // Counts that may be true are believed only as far as bytes arrive.
    assert!(matches!(gguf::parse(&new().counted(3, 1_000_000, 0)), Err(Unread::NeedMore { .. })));
    // Version 2 is version 3 without big-endian files; nested lists are allowed, though nobody writes them.
    assert!(gguf::parse(&new().counted(2, 0, 0)).is_ok());
    let nested = [list(LIST, 2), list(0, 1), vec![7], list(TEXT, 1), Written::text(b"x")].concat();
    assert!(gguf::parse(&new().field(b"n", LIST, &nested).bytes()).is_ok());
    // A dimension of zero is an empty tensor, whatever the others are.
    let empty = new().tensor(b"t", &[u64::MAX, u64::MAX, 0], F32, 0).bytes();
    assert_eq!(read_gguf(&empty).bytes(), Bytes::ZERO);
}

#[test]
fn very_many_tensors_and_fields_are_read_in_reasonable_time() {
    let mut written = Written::default();
    for index in 0..200_000_u64 {
        written = written.tensor(format!("blk.{index}.weight").as_bytes(), &[8], F32, index * 32);
        written = written.field(format!("llama.{index}").as_bytes(), U32, &[0; 4]);
    }
    let header = read_gguf(&written.bytes());
    assert_eq!(header.tensors.len(), 200_000);
    assert_eq!(header.model(), Err(NoModel::NoArchitecture));
}

#[test]
fn gguf_files_without_a_model_say_why() {
    let text = |text: &str| Written::text(text.as_bytes());
    let llama = || Written::default().field(b"general.architecture", TEXT, &text("llama"));
    let model = |written: Written| read_gguf(&written.bytes()).model().expect_err("no model");
    let size = |written: Written, name: &str, value: u32| {
        written.field(format!("llama.{name}").as_bytes(), U32, &value.to_le_bytes())
    };
    assert_eq!(model(Written::default()), NoModel::NoArchitecture);
    assert_eq!(model(llama()), NoModel::Missing("llama.block_count".into()));
    assert_eq!(model(llama().field(b"general.type", TEXT, &text("adapter"))), NoModel::NotAModel("adapter".into()));
    assert_eq!(
        model(llama().field(b"llama.block_count", TEXT, &text("32"))),
        NoModel::WrongType("llama.block_count".into())
    );
    let sized =
        |written| size(size(size(written, "block_count", 2), "embedding_length", 64), "feed_forward_length", 128);
    let per_layer = [&U32.to_le_bytes()[..], &2_u64.to_le_bytes(), &4_u32.to_le_bytes(), &8_u32.to_le_bytes()].concat();
    assert_eq!(
        model(sized(llama()).field(b"llama.attention.head_count", LIST, &per_layer)),
        NoModel::LayersDiffer("llama.attention.head_count".into())
    );
    let described = size(size(sized(llama()), "attention.head_count", 4), "vocab_size", 100);
    // Embedding 100 x 64, final norm, and two layers of 4 x 64 x 64 + 3 x 64 x 128 + 2 x 64; tied, for want of a head.
    let parameters = 100 * 64 + 64 + 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64);
    let nothing = NoModel::DoesNotAddUp { described: parameters, stored: 0 };
    assert_eq!(model(described), nothing);
    assert_eq!(
        nothing.to_string(),
        "paste the model's config.json; the metadata describe 88640 parameters, and the tensors have: 0"
    );
    let absurd = size(size(size(llama(), "block_count", u32::MAX), "embedding_length", 64), "feed_forward_length", 1);
    let absurd = size(size(absurd, "attention.head_count", 4), "attention.sliding_window", 9);
    assert!(matches!(model(size(absurd, "vocab_size", 9)), NoModel::Config(_)));
}

#[test]
fn parts_of_a_split_gguf_make_a_model_together() {
    let split = |written: Written, part: u16| {
        let written = written.field(b"split.no", 2, &part.to_le_bytes());
        let written = written.field(b"split.count", 2, &2_u16.to_le_bytes());
        written.field(b"split.tensors.count", 5, &2_i32.to_le_bytes())
    };
    let first = split(Written::default(), 0).tensor(b"output_norm.weight", &[8], F32, 0);
    let second = split(Written::default(), 1).tensor(b"output.weight", &[8, 4], F32, 0);
    let mut whole = read_gguf(&first.bytes());
    let NoModel::Part(split) = whole.model().expect_err("one part") else { panic!("a part") };
    assert_eq!((split.part, split.parts, split.tensors), (0, 2, 2));
    assert_eq!(
        whole.clone().add_part(read_gguf(&first.bytes())),
        Err(HeaderError::Tensor { name: "output_norm.weight".into(), problem: TensorProblem::Twice })
    );
    whole.add_part(read_gguf(&second.bytes())).expect("other tensors");
    assert_eq!(whole.elements(), 40);
    assert_eq!(whole.model(), Err(NoModel::NoArchitecture));
}

fn safetensors_error(json: &str) -> HeaderError {
    let bytes = [&(json.len() as u64).to_le_bytes(), json.as_bytes()].concat();
    match safetensors::parse(&bytes) {
        Err(Unread::Broken(error)) => error,
        other => panic!("not broken: {other:?}"),
    }
}

#[test]
fn hostile_safetensors_headers_are_refused() {
    let tensor = |problem| HeaderError::Tensor { name: "t".into(), problem };
    let entry = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"t":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    let cases = [
        (entry("F32", "[2]", "[0,4]"), tensor(TensorProblem::WrongSize)),
        (entry("F32", "[2]", "[8,0]"), tensor(TensorProblem::WrongSize)),
        (entry("F7", "[2]", "[0,8]"), tensor(TensorProblem::UnknownType)),
        (entry("F32", "[4294967296,4294967296]", "[0,8]"), tensor(TensorProblem::TooLarge)),
        (entry("F32", "[9223372036854775808]", "[0,8]"), tensor(TensorProblem::TooLarge)),
        (entry("F32", "[2]", "[8,16]"), tensor(TensorProblem::Misplaced)),
        (
            r#"{"t":{"dtype":"I8","shape":[4],"data_offsets":[2,6]},"s":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#
                .into(),
            tensor(TensorProblem::Overlap),
        ),
        (
            r#"{"t":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"t":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}}"#
                .into(),
            tensor(TensorProblem::Twice),
        ),
        ("[]".into(), HeaderError::NotA(FileKind::Safetensors)),
    ];
    for (json, expected) in cases {
        assert_eq!(safetensors_error(&json), expected);
    }
    for json in [
        "{".to_owned(),
        r#"{"t":3}"#.to_owned(),
        entry("F32", "[-1]", "[0,4]"),
        entry("F32", "[1.5]", "[0,6]"),
        entry("F32", "[1]", "[0,4,8]"),
        format!("{{\"t\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{\"t\":{}{}}}", r#"{"dtype":"#.repeat(100_000), "}".repeat(100_000)),
        r#"{"__metadata__":{"format":3}}"#.to_owned(),
    ] {
        assert!(matches!(safetensors_error(&json), HeaderError::NotJson(_)));
    }
    let not_utf8 = [&4_u64.to_le_bytes()[..], b"{\"\xff\""].concat();
    assert!(matches!(safetensors::parse(&not_utf8), Err(Unread::Broken(HeaderError::NotJson(_)))));
    for length in [1_u64 << 63, u64::MAX, 100_000_001] {
        assert_eq!(
            safetensors::parse(&[&length.to_le_bytes()[..], b"{}"].concat()),
            Err(Unread::Broken(HeaderError::TooLong { claimed: length, most: 100_000_000 }))
        );
    }
}
