//! Any bytes are refused as a GGUF file, or have tensors that add up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ridgepoint_importer::{Files, Step, read};
use ridgepoint_reader::headers::gguf;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = gguf::parse(bytes) {
        let elements: u64 = header.totals().iter().map(|total| total.elements).sum();
        assert_eq!(elements, header.elements());
        assert!(header.file_size() >= header.data_start);
    }
    if let Ok(Step::Done(found)) = read(bytes, true) {
        let mut files = Files::default();
        if files.add("model.gguf", found).is_ok() {
            let outcome = files.outcome();
            assert!(!outcome.message.is_empty());
        }
    }
});
