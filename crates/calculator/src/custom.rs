//! A model that is not in the catalogue: pasted, dropped or fetched.

use std::sync::Arc;

use ridgepoint_core::{Model, packed};

/// A model with its name, and the form in which it travels in links.
#[derive(Clone, Debug)]
pub struct CustomModel(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    name: String,
    fragment: String,
    model: Arc<Model>,
    warnings: Vec<String>,
}

impl PartialEq for CustomModel {
    /// Two custom models are the same if they are called and configured the same, which is what the fragment says.
    fn eq(&self, other: &Self) -> bool {
        self.0.fragment == other.0.fragment
    }
}

impl CustomModel {
    /// A model called `name`, whose link carries `fragment`, and what had to be assumed to read it.
    pub fn new(name: String, fragment: String, model: Model, warnings: Vec<String>) -> Self {
        Self(Arc::new(Parts { name, fragment, model: Arc::new(model), warnings }))
    }

    /// What people see.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The value of `c` in the fragment of a link.
    pub fn fragment(&self) -> &str {
        &self.0.fragment
    }

    /// The model.
    pub fn model(&self) -> Arc<Model> {
        Arc::clone(&self.0.model)
    }

    /// What had to be assumed to read it.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// All of it as bytes, for the way from the module that reads models to the one that shows them: lines of text, a
    /// zero, and the packed model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Parts { name, fragment, model, warnings } = &*self.0;
        let lines: Vec<String> =
            [name, fragment].into_iter().chain(warnings).map(|line| line.replace(char::is_control, " ")).collect();
        let mut bytes = lines.join("\n").into_bytes();
        bytes.push(0);
        bytes.extend(packed::pack(&**model));
        bytes
    }

    /// Reads what [`CustomModel::to_bytes`] wrote; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == 0)?;
        let (lines, model) = bytes.split_at(end);
        let mut lines = core::str::from_utf8(lines).ok()?.split('\n').map(str::to_owned);
        let (name, fragment) = (lines.next()?, lines.next()?);
        Some(Self::new(name, fragment, packed::unpack(model.get(1..)?)?, lines.collect()))
    }
}
