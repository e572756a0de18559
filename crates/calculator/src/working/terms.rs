//! Sums in words and in numbers, and where the constants in them come from.

use ridgepoint_catalog::{Basis, engine_origin};
use ridgepoint_core::{Bytes, Engine};

use super::Working;
use crate::numbers;

/// An expression in words and in numbers, side by side.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Terms {
    pub(super) words: String,
    pub(super) numbers: String,
}

impl Terms {
    pub(super) fn new(words: impl Into<String>, numbers: impl Into<String>) -> Self {
        Self { words: words.into(), numbers: numbers.into() }
    }

    /// Adds a term.
    pub(super) fn plus(&mut self, words: &str, numbers: &str) {
        for (text, term) in [(&mut self.words, words), (&mut self.numbers, numbers)] {
            if !text.is_empty() {
                text.push_str(" + ");
            }
            text.push_str(term);
        }
    }

    /// Adds what layers keep, given how many there are of each kind; kinds that keep the same are counted together.
    pub(super) fn plus_layers(&mut self, layers: impl Iterator<Item = (u64, Self)>) {
        let mut kinds: Vec<(u64, Self)> = Vec::new();
        for (count, each) in layers {
            match kinds.iter_mut().find(|(_, known)| *known == each) {
                Some((sum, _)) => *sum += count,
                None => kinds.push((count, each)),
            }
        }
        for (count, Self { words, numbers }) in kinds {
            self.plus(&format!("layers × {words}"), &format!("{count} × {numbers}"));
        }
    }

    /// Adds an amount, if there is any.
    pub(super) fn plus_bytes(&mut self, words: &str, bytes: Bytes) {
        if bytes > Bytes::ZERO {
            self.plus(words, &exact(bytes));
        }
    }

    /// The sum times `count`.
    pub(super) fn times(self, words: &str, count: u64) -> Self {
        if self.numbers.is_empty() {
            return self;
        }
        let around = |text: String| if text.contains(" + ") { format!("({text})") } else { text };
        Self::new(
            format!("{words} × {}", around(self.words)),
            format!("{} × {}", numbers::count(count), around(self.numbers)),
        )
    }

    pub(super) fn working(self, figure: &'static str, result: String, known: Known) -> Working {
        let Self { words, numbers } = self;
        let nothing = |text: String, instead: &str| if text.is_empty() { instead.into() } else { text };
        Working {
            figure,
            formula: nothing(words, "nothing is kept"),
            substituted: nothing(numbers, "0 B"),
            result,
            basis: known.basis,
            sources: known.sources,
        }
    }
}

/// Bytes without loss: in the largest unit that divides them.
pub(super) fn exact(bytes: Bytes) -> String {
    let bytes = bytes.get();
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    let (shift, unit) = unit.unwrap_or((0, "B"));
    format!("{} {unit}", numbers::count(bytes >> shift))
}

/// A difference that stops at zero.
pub(super) fn less(from: Bytes, less: Bytes) -> String {
    if from >= less { format!("({} − {})", exact(from), exact(less)) } else { "0 B".into() }
}

/// What is known of the constants in a figure.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) basis: Option<Basis>,
    pub(super) sources: Vec<&'static str>,
}

impl Known {
    /// What is known of a sum of these figures: as much as of the least certain, with the sources of such.
    pub(super) fn least<'a>(workings: impl IntoIterator<Item = &'a Working>) -> Self {
        workings.into_iter().fold(Self::default(), |known, working| known.with(working.basis, &working.sources))
    }

    /// The same with another figure in the sum.
    pub(super) fn and(&self, other: &Self) -> Self {
        self.clone().with(other.basis, &other.sources)
    }

    fn with(mut self, basis: Option<Basis>, sources: &[&'static str]) -> Self {
        if basis > self.basis {
            self = Self { basis, sources: Vec::new() };
        }
        if basis == self.basis {
            for &source in sources {
                if !self.sources.contains(&source) {
                    self.sources.push(source);
                }
            }
        }
        self
    }
}

/// Where the constants of an engine's version come from.
pub(super) struct Origins<'a> {
    pub(super) engine: Engine,
    pub(super) version: Option<&'a str>,
}

impl Origins<'_> {
    /// What is known of these constants.
    pub(super) fn of(&self, names: &[&str]) -> Known {
        let mut known = Known::default();
        for (basis, source) in names.iter().filter_map(|name| engine_origin(self.engine, self.version, name)) {
            known.basis = known.basis.max(Some(basis));
            if !known.sources.contains(&source) {
                known.sources.push(source);
            }
        }
        known
    }
}
