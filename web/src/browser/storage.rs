//! What the browser remembers for this page between visits. It may refuse, and then nothing is remembered.

use web_sys::Storage;

/// A remembered value.
pub fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remembers a value, or forgets it.
pub fn write(key: &str, value: Option<&str>) {
    if let Some(storage) = storage() {
        // Full or forbidden storage is no reason to bother the reader.
        let _ = match value {
            Some(value) => storage.set_item(key, value),
            None => storage.remove_item(key),
        };
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
