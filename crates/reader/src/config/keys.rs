//! Reading a configuration: one name for each field, what an absent field means, and what went wrong on the way.

use super::fields::{limit, spellings};
use super::{ConfigError, ConfigWarning};
use core::cell::RefCell;
use serde_json::{Map, Number, Value};
use std::sync::LazyLock;

/// What the library's configuration classes assume where a file is silent.
static CLASS_DEFAULTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/class_defaults.json")).unwrap_or_default());

/// What went wrong, and what had to be assumed, while one file was read.
#[derive(Default)]
pub(super) struct Problems {
    missing: RefCell<Vec<String>>,
    error: RefCell<Option<ConfigError>>,
    warnings: RefCell<Vec<ConfigWarning>>,
}

impl Problems {
    /// Keeps the first error; the others usually follow from it.
    pub(super) fn error(&self, error: ConfigError) {
        self.error.borrow_mut().get_or_insert(error);
    }

    /// Adds a warning, once.
    pub(super) fn warn(&self, warning: ConfigWarning) {
        let mut warnings = self.warnings.borrow_mut();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// The warnings of a file that could be read, or why it could not.
    pub(super) fn finish(self) -> Result<Vec<ConfigWarning>, ConfigError> {
        let missing = self.missing.into_inner();
        match self.error.into_inner() {
            // A field that is not there contradicts the others; to add it comes first.
            Some(ConfigError::Inconsistent(_)) | None if !missing.is_empty() => Err(ConfigError::Missing(missing)),
            Some(error) => Err(error),
            None => Ok(self.warnings.into_inner()),
        }
    }
}

/// One object of a configuration with the defaults of its class.
///
/// An absent field takes the class default; an explicit `null` means "derive it", which for most fields is `None`.
/// A field that cannot be used is noted in [`Problems`] and reads as the smallest possible value, so that one pass
/// finds everything that is missing.
#[derive(Clone, Copy)]
pub(super) struct Config<'a> {
    fields: &'a Map<String, Value>,
    class: Option<&'static Map<String, Value>>,
    path: &'static str,
    /// Whether embedding and head are one matrix, where the object around this one decides.
    tied: Option<bool>,
    /// Whether class defaults are used without a warning.
    silent: bool,
    problems: &'a Problems,
}

impl<'a> Config<'a> {
    /// The fields of a file, which has no class yet.
    pub(super) fn new(fields: &'a Map<String, Value>, problems: &'a Problems) -> Self {
        Self { fields, class: None, path: "", tied: None, silent: false, problems }
    }

    /// The same fields read by another class.
    pub(super) fn of_class(self, class: &str) -> Self {
        Self { class: class_defaults(class), ..self }
    }

    /// The same fields in a composite that decides whether embedding and head are one matrix.
    pub(super) fn tied(self, tied: bool) -> Self {
        Self { tied: Some(tied), ..self }
    }

    /// No fields at all, only the defaults of a class.
    pub(super) fn emptied(self, class: &str) -> Self {
        static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        Self { fields: &NOTHING, class: class_defaults(class), silent: true, ..self }
    }

    /// Where errors and warnings go.
    pub(super) fn problems(self) -> &'a Problems {
        self.problems
    }

    /// A nested object, or `None` where there is none.
    pub(super) fn child(self, key: &'static str) -> Option<Self> {
        let fields = self.typed(key, "an object", Value::as_object)?;
        Some(Self { fields, class: None, path: key, tied: None, ..self })
    }

    /// The configuration of an encoder. Its defaults need no warning: nested objects are published without them.
    pub(super) fn encoder(self, key: &'static str, class: &str) -> Option<Self> {
        Some(Self { class: class_defaults(class), silent: true, ..self.child(key)? })
    }

    /// A nested object that must exist.
    pub(super) fn required_child(self, key: &'static str) -> Option<Self> {
        if !self.says(key) {
            self.miss(key);
        }
        self.child(key)
    }

    /// A list of objects.
    pub(super) fn children(self, key: &'static str) -> Vec<Self> {
        let object = |item: &'a Value| item.as_object().or_else(|| self.wrong(key, "a list of objects"));
        let items = self.list(key).unwrap_or_default().iter().filter_map(object);
        items.map(|fields| Self { fields, class: None, path: key, ..self }).collect()
    }

    /// Whether the file itself has something other than `null` under `key`.
    pub(super) fn says(self, key: &str) -> bool {
        self.written(key).is_some_and(|value| !value.is_null())
    }

    /// A dimension that must be known and at least 1.
    pub(super) fn size(self, key: &'static str) -> u64 {
        if !self.silent
            && self.written(key).is_none()
            && let Some(value) = self.optional(key)
        {
            self.problems.warn(ConfigWarning::DefaultUsed { key: self.full_name(key), value });
        }
        match self.optional(key) {
            Some(0) => {
                self.out_of_range(key, &Number::from(0));
                1
            }
            Some(value) => value,
            None => {
                self.miss(key);
                1
            }
        }
    }

    /// A dimension that must be known and may be 0.
    pub(super) fn size_or_none(self, key: &'static str) -> u64 {
        self.optional(key).unwrap_or_else(|| self.size(key))
    }

    /// A whole number. Absent and `null` are both `None` unless the class has a default.
    pub(super) fn optional(self, key: &'static str) -> Option<u64> {
        let number = self.typed(key, "a whole number", Value::as_number)?;
        self.bounded(key, number)
    }

    /// A whole number of at least 1, or `fallback` where the file says nothing.
    pub(super) fn size_or(self, key: &'static str, fallback: u64) -> u64 {
        match self.optional(key) {
            Some(0) => {
                self.out_of_range(key, &Number::from(0));
                1
            }
            Some(value) => value,
            None => fallback,
        }
    }

    /// A number of things of which there may be none.
    pub(super) fn count(self, key: &'static str) -> u64 {
        self.optional(key).unwrap_or(0)
    }

    /// The index of a last layer; -1 stands for the last of all.
    pub(super) fn last_layer(self, key: &'static str, layers: u64) -> u64 {
        match self.value(key) {
            Some(Value::Number(number)) if number.as_i64().is_some_and(|index| index >= 0) => self.count(key),
            _ => layers.saturating_sub(1),
        }
    }

    /// A factor that need not be whole.
    pub(super) fn factor(self, key: &'static str) -> Option<f64> {
        self.typed(key, "a number", Value::as_f64)
    }

    /// A switch that is off unless the file or the class turns it on.
    pub(super) fn flag(self, key: &'static str) -> bool {
        self.flag_or(key, false)
    }

    /// A switch.
    pub(super) fn flag_or(self, key: &'static str, fallback: bool) -> bool {
        if let (Some(tied), "tie_word_embeddings") = (self.tied, key) {
            return tied;
        }
        // Some files write 0 and 1.
        let on = |value: &Value| value.as_bool().or_else(|| value.as_u64().map(|number| number != 0));
        self.typed(key, "true or false", on).unwrap_or(fallback)
    }

    /// A word.
    pub(super) fn text(self, key: &'static str) -> Option<&'a str> {
        self.typed(key, "a text", Value::as_str)
    }

    /// A word that must be there.
    pub(super) fn required_text(self, key: &'static str) -> Option<&'a str> {
        let text = self.text(key);
        if text.is_none() {
            self.miss(key);
        }
        text
    }

    /// A list, whatever is in it.
    pub(super) fn list(self, key: &'static str) -> Option<&'a [Value]> {
        self.typed(key, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// A list of words of any length.
    pub(super) fn words(self, key: &'static str) -> Option<Vec<&'a str>> {
        let words = self.list(key)?.iter().map(|item| item.as_str().or_else(|| self.wrong(key, "a list of texts")));
        words.collect()
    }

    /// A list of words with one entry for each layer, if the file has it.
    pub(super) fn layer_words(self, key: &'static str, layers: u64) -> Option<Vec<&'a str>> {
        self.one_per_layer(key, self.words(key)?, layers)
    }

    /// A list of whole numbers with one entry for each layer, if the file has it. True and false count as 1 and 0.
    pub(super) fn layer_numbers(self, key: &'static str, layers: u64) -> Option<Vec<u64>> {
        let number = |item: &Value| match (item.as_bool(), item.as_number()) {
            (Some(on), _) => Some(u64::from(on)),
            (None, Some(number)) => self.bounded(key, number),
            (None, None) => self.wrong(key, "a list of whole numbers"),
        };
        self.one_per_layer(key, self.list(key)?.iter().map(number).collect::<Option<_>>()?, layers)
    }

    /// A list of whole numbers of any length.
    pub(super) fn numbers(self, key: &'static str) -> Vec<u64> {
        let items = self.list(key).unwrap_or_default();
        items.iter().filter_map(Value::as_u64).collect()
    }

    /// Whether the value under `key` is a list.
    pub(super) fn is_list(self, key: &str) -> bool {
        self.written(key).is_some_and(Value::is_array)
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(self) -> bool {
        self.fields.is_empty()
    }

    /// Whether the file has `key` with an explicit `null`.
    pub(super) fn is_null(self, key: &str) -> bool {
        self.written(key).is_some_and(Value::is_null)
    }

    /// Whether the value under `key` is a number below zero.
    pub(super) fn is_negative(self, key: &str) -> bool {
        self.written(key).and_then(Value::as_i64).is_some_and(|number| number < 0)
    }

    /// The entries of an object whose keys are names. An entry that is no object is `None`.
    pub(super) fn members(self, key: &'static str) -> Vec<(&'a str, Option<Self>)> {
        let object = self.typed(key, "an object", Value::as_object);
        object.into_iter().flatten().map(|(name, value)| (name.as_str(), self.member(key, value))).collect()
    }

    /// How many entries the object under `key` has; 0 where there is none.
    pub(super) fn entries(self, key: &'static str) -> u64 {
        self.typed(key, "an object", Value::as_object).map_or(0, |object| object.len() as u64)
    }

    /// The entries of this object that are objects or `false`.
    pub(super) fn members_or_false(self) -> Vec<(&'a str, Option<Self>)> {
        let entries = self.fields.iter().filter(|(_, value)| value.is_object() || value.as_bool() == Some(false));
        entries.map(|(name, value)| (name.as_str(), self.member(self.path, value))).collect()
    }

    fn member(self, path: &'static str, value: &'a Value) -> Option<Self> {
        Some(Self { fields: value.as_object()?, class: None, path, tied: None, ..self })
    }

    /// Whether the value under `key` is a text.
    pub(super) fn is_text(self, key: &str) -> bool {
        self.written(key).is_some_and(Value::is_string)
    }

    /// Notes that two fields contradict each other.
    pub(super) fn contradiction(self, sentence: String) {
        self.problems.error(ConfigError::Inconsistent(sentence));
    }

    /// Lists may be longer than the model (a trimmed model keeps its parent's list) but not shorter.
    fn one_per_layer<T>(self, key: &'static str, mut items: Vec<T>, layers: u64) -> Option<Vec<T>> {
        if (items.len() as u64) < layers {
            let (key, n) = (self.full_name(key), items.len());
            self.contradiction(format!("{key} has fewer entries than the model has layers: {n} for {layers}"));
            return None;
        }
        items.truncate(usize::try_from(layers).unwrap_or(usize::MAX));
        Some(items)
    }

    /// What the file says, under any spelling. A spelling with a value beats one with `null`.
    fn written(self, key: &str) -> Option<&'a Value> {
        let only = [key];
        let spellings = spellings(key).unwrap_or(&only);
        let found = || spellings.iter().filter_map(|name| self.fields.get(*name));
        found().find(|value| !value.is_null()).or_else(|| found().next())
    }

    /// What the file says, else what the class says.
    fn value(self, key: &str) -> Option<&'a Value> {
        self.written(key).or_else(|| self.class?.get(key))
    }

    /// What the file or the class says, converted; `null` and absence are `None`, anything else is an error.
    fn typed<T>(
        self,
        key: &'static str,
        expected: &'static str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key).filter(|value| !value.is_null())?;
        convert(value).or_else(|| self.wrong(key, expected))
    }

    fn bounded(self, key: &'static str, number: &Number) -> Option<u64> {
        let whole = number.as_u64().or_else(|| {
            // 4096.0 is a whole number in a file that Python wrote, and so is 1e18.
            number.as_f64().filter(|value| value.fract() == 0.0 && *value >= 0.0).map(|value| value as u64)
        });
        let Some(value) = whole.filter(|value| *value <= limit(key)) else {
            self.out_of_range(key, number);
            return None;
        };
        Some(value)
    }

    fn out_of_range(self, key: &'static str, number: &Number) {
        let (key, most) = (self.full_name(key), limit(key));
        self.problems.error(ConfigError::OutOfRange { key, value: number.to_string(), most });
    }

    fn miss(self, key: &'static str) {
        let key = self.full_name(key);
        let mut missing = self.problems.missing.borrow_mut();
        if !missing.contains(&key) {
            missing.push(key);
        }
    }

    fn wrong<T>(self, key: &'static str, expected: &'static str) -> Option<T> {
        self.problems.error(ConfigError::WrongType { key: self.full_name(key), expected });
        None
    }

    fn full_name(self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn class_defaults(class: &str) -> Option<&'static Map<String, Value>> {
    CLASS_DEFAULTS.get("classes")?.get(class)?.as_object()
}
