//! Any bytes are refused as a safetensors file, or have tensors that add up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ridgepoint_importer::{Files, Step, read};
use ridgepoint_reader::headers::safetensors::{self, PackingHint};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = safetensors::parse(bytes) {
        let tensors: u64 = header.totals().iter().map(|total| total.tensors).sum();
        assert_eq!(tensors, header.tensors().len() as u64);
        assert!(header.file_size() >= header.data_start);
        header.parameters(PackingHint::default());
    }
    if let Ok(Step::Done(found)) = read(bytes, true) {
        let mut files = Files::default();
        if files.add("model.safetensors", found).is_ok() {
            let outcome = files.outcome();
            assert!(!outcome.message.is_empty());
        }
    }
});
