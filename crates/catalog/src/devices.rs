//! The devices that Ridgepoint knows: memory, bandwidth, arithmetic and links, each figure with its source.
//!
//! The facts are in `data/devices/*.json`; the build checks them and packs them.

use crate::catalogue::catalogue;
pub use crate::device::*;

/// All devices, by class.
pub fn devices() -> &'static [Device] {
    &catalogue().devices
}

/// The device with this id, name or alias; case and punctuation do not count.
///
/// ```
/// # use ridgepoint_catalog::devices::find_device;
/// let a100 = find_device("A100_80GB").expect("an alias");
/// assert_eq!(a100.id, "a100-sxm-80gb");
/// assert_eq!(find_device("GeForce RTX 4090"), find_device("4090"));
/// assert_eq!(find_device("abacus"), None);
/// ```
pub fn find_device(name: &str) -> Option<&'static Device> {
    devices().iter().find(|device| {
        let known = [device.id, device.name];
        known.iter().chain(&device.aliases).any(|known| plain(known).eq(plain(name)))
    })
}

/// The full citation behind a key in [`Device::sources`].
pub fn citation(key: &str) -> Option<&'static str> {
    catalogue().citations.iter().find(|(known, _)| *known == key).map(|(_, citation)| *citation)
}

fn plain(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase())
}
