//! What each version of each engine keeps and how it schedules, unless told otherwise.
//!
//! The figures and their sources are in `data/engines/*.json`; the build checks them and writes the table behind
//! [`engine_profile`].

use ridgepoint_core::engine::sglang::Tier;
use ridgepoint_core::{Bytes, Engine, LlamaCpp, Mlx, Profile, Sglang, TensorRtLlm, Transformers, Vllm};

use crate::catalogue::origins;

/// A profile and the first version that it holds for, as [`version_number`] has it.
struct Version {
    since: u64,
    profile: Profile,
}

static VERSIONS: [&[Version]; Engine::ALL.len()] = include!(concat!(env!("OUT_DIR"), "/engines.rs"));

/// The profile of an engine's version, or of the newest one where the version is not given or cannot be read.
///
/// ```
/// # use ridgepoint_catalog::engine_profile;
/// # use ridgepoint_core::{Engine, Profile};
/// let sequences = |version| match engine_profile(Engine::Vllm, version) {
///     Profile::Vllm(vllm) => vllm.max_sequences_large,
///     other => panic!("not vLLM: {other:?}"),
/// };
/// assert_eq!([sequences(Some("0.7.3")), sequences(Some("0.10.2")), sequences(None)], [256, 1024, 1024]);
/// ```
pub fn engine_profile(engine: Engine, version: Option<&str>) -> &'static Profile {
    let versions = VERSIONS[engine as usize];
    let wanted = version.and_then(version_number).unwrap_or(u64::MAX);
    let newer = versions.partition_point(|version| version.since <= wanted);
    &versions[newer.saturating_sub(1)].profile
}

/// How a figure is known, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The engine's documentation or code says so.
    Documented,
    /// Somebody read it off.
    Measured,
    /// It makes a rule agree with what somebody read off.
    Fitted,
    /// It is plausible.
    Assumed,
}

impl Basis {
    /// Every basis.
    pub const ALL: [Self; 4] = [Self::Documented, Self::Measured, Self::Fitted, Self::Assumed];
}

/// How a figure of an engine's profile is known, by its name in `data/engines`, and who says so. `None` if the engine
/// has no such figure.
///
/// ```
/// # use ridgepoint_catalog::{Basis, engine_origin};
/// # use ridgepoint_core::Engine;
/// let (basis, source) = engine_origin(Engine::Vllm, Some("0.10"), "memory_fraction").expect("vLLM has one");
/// assert_eq!(basis, Basis::Documented);
/// assert!(source.contains("gpu_memory_utilization"));
/// assert_eq!(engine_origin(Engine::Mlx, None, "memory_fraction"), None);
/// ```
pub fn engine_origin(engine: Engine, version: Option<&str>, name: &str) -> Option<(Basis, &'static str)> {
    let wanted = version.and_then(version_number).unwrap_or(u64::MAX);
    let origins = origins().get(engine as usize)?;
    let origin = origins.iter().rev().find(|origin| origin.name == name && origin.since <= wanted)?;
    Some((*Basis::ALL.get(usize::from(origin.basis))?, origin.source))
}

/// Whether the engine's profile depends on its version.
pub fn has_versions(engine: Engine) -> bool {
    VERSIONS[engine as usize].len() > 1
}

/// The versions from which on an engine's profile is another one, newest first, as the engine writes its versions.
///
/// ```
/// # use ridgepoint_catalog::engine_versions;
/// # use ridgepoint_core::Engine;
/// assert!(engine_versions(Engine::Vllm).contains(&"0.8.4".to_string()));
/// assert!(engine_versions(Engine::LlamaCpp).iter().all(|version| version.starts_with('b')));
/// assert!(engine_versions(Engine::Mlx).is_empty());
/// ```
pub fn engine_versions(engine: Engine) -> Vec<String> {
    let numbers = VERSIONS[engine as usize].iter().rev().map(|version| version.since).filter(|&since| since > 0);
    let words = |number: u64| {
        let (major, minor, patch) = (number / 1_000_000, number / 1000 % 1000, number % 1000);
        match (engine, patch) {
            (Engine::LlamaCpp, _) => format!("b{major}"),
            (_, 0) => format!("{major}.{minor}"),
            (_, patch) => format!("{major}.{minor}.{patch}"),
        }
    };
    numbers.map(words).collect()
}

/// A version as a number that orders versions, parts that are left out standing for the newest; `None` if it does not
/// begin with a number.
///
/// ```
/// # use ridgepoint_catalog::version_number;
/// assert!(version_number("0.8.5.post1") < version_number("v0.8"));
/// assert!(version_number("b10644") > version_number("b5192"));
/// assert_eq!(version_number("newest"), None);
/// ```
pub fn version_number(text: &str) -> Option<u64> {
    let mut parts = text.trim_start_matches(['v', 'b']).split('.').map(leading_digits);
    let major = parts.next()??;
    // A version without its last parts is the newest of that name: 0.8 is the last 0.8.x.
    let mut next = || parts.next().map_or(999, |part| part.unwrap_or(0).min(999));
    let (minor, patch) = (next(), next());
    Some(((major.min(1_000_000) * 1000) + minor) * 1000 + patch)
}

fn leading_digits(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
