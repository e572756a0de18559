//! Files of the reader's machine, of which as much is read as is needed.

use js_sys::Uint8Array;
use ridgepoint_importer::Failure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, FileList};

/// The files of a list.
pub(super) fn files(list: Option<FileList>) -> Vec<File> {
    list.map(|list| (0..list.length()).filter_map(|index| list.get(index)).collect()).unwrap_or_default()
}

/// Adds bytes of a file to those that are already here, up to `wanted` from its start; returns whether that is all of
/// it.
pub(super) async fn read_more(file: &File, wanted: u64, bytes: &mut Vec<u8>) -> Result<bool, Failure> {
    // Browsers count bytes of files in floating point; no file reaches where it is not exact.
    let end = file.size().min(wanted as f64);
    let slice = file.slice_with_f64_and_f64(bytes.len() as f64, end).map_err(|_| Failure::Unreadable)?;
    let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|_| Failure::Unreadable)?;
    bytes.extend(Uint8Array::new(&buffer).to_vec());
    Ok(end >= file.size())
}
