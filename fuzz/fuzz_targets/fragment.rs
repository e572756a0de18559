//! Any bytes are refused as a packed model, or give one that is packed and read again without a difference.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use ridgepoint_importer::read_fragment;

fuzz_target!(|bytes: &[u8]| {
    // As the value of a link, which is text, and as what base64 hides in it.
    let text = String::from_utf8_lossy(bytes);
    for fragment in [text.into_owned(), format!("z1:{}", URL_SAFE_NO_PAD.encode(bytes))] {
        let Ok(model) = read_fragment(&fragment) else { continue };
        assert_eq!(read_fragment(model.fragment()).as_ref(), Ok(&model));
    }
});
