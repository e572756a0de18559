//! What a file holds, as text and as JSON.

use std::io::{self, Write};

use ridgepoint_calculator::{names, numbers};
use ridgepoint_core::{Bytes, Component, KvFormat, Model, bytes_per_token};
use ridgepoint_reader::ParsedConfig;
use ridgepoint_reader::headers::TypeTotal;
use ridgepoint_reader::headers::safetensors::{self, LogicalParameters, PackingHint};
use serde_json::{Map, Value, json};

use crate::text;

/// What a file holds, in the order in which it is told.
#[derive(Default)]
pub(super) struct Contents {
    /// What kind of file it is.
    pub(super) kind: &'static str,
    /// Facts for people and, under the same names, for programs.
    pub(super) facts: Vec<(&'static str, String, Value)>,
    /// Its tensors by number format.
    pub(super) types: Vec<TypeTotal>,
    /// The model that it describes, or why there is none.
    pub(super) model: Option<Result<ParsedConfig, String>>,
    /// The same model as a `config.json`, where the file is something else.
    pub(super) config: Option<String>,
    /// What is wrong with the file as a whole.
    pub(super) warnings: Vec<String>,
}

fn size(bytes: Bytes) -> String {
    numbers::bytes(bytes).to_string()
}

impl Contents {
    pub(super) fn fact(&mut self, name: &'static str, shown: String, value: Value) {
        self.facts.push((name, shown, value));
    }

    pub(super) fn size(&mut self, name: &'static str, bytes: Bytes) {
        self.fact(name, size(bytes), json!(bytes.get()));
    }

    pub(super) fn count(&mut self, name: &'static str, count: u64) {
        self.fact(name, numbers::count(count), json!(count));
    }

    pub(super) fn amount(&mut self, name: &'static str, count: u64) {
        self.fact(name, numbers::parameters(count).to_string(), json!(count));
    }

    pub(super) fn total(&mut self, types: Vec<TypeTotal>) {
        self.count("tensors", types.iter().map(|total| total.tensors).sum());
        self.size("tensor_bytes", types.iter().map(|total| total.bytes).sum());
        self.types = types;
    }

    /// The tensors of safetensors files.
    pub(super) fn weights(&mut self, header: &safetensors::Header, hint: PackingHint) {
        self.total(header.totals());
        match header.parameters(hint) {
            LogicalParameters::Exact(parameters) => self.amount("parameters", parameters),
            LogicalParameters::Assumed(parameters) => {
                self.amount("parameters", parameters);
                self.warnings.push(
                    "packed weights are counted as 4 bits each; a config.json beside the file says how many they have"
                        .into(),
                );
            }
            LogicalParameters::Unknown { tensor } => {
                self.warnings.push(format!("the number of parameters is not in the header: {}", tensor.escape_debug()));
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut all = Map::new();
        all.insert("kind".into(), json!(self.kind));
        for (name, _, value) in &self.facts {
            all.insert((*name).into(), value.clone());
        }
        let types = self.types.iter().map(|total| {
            let (elements, bytes) = (total.elements, total.bytes.get());
            json!({ "type": total.name, "tensors": total.tensors, "elements": elements, "bytes": bytes })
        });
        if !self.types.is_empty() {
            all.insert("types".into(), types.collect());
        }
        match &self.model {
            None => {}
            Some(Err(reason)) => {
                all.insert("no_model".into(), json!(reason));
            }
            Some(Ok(parsed)) => {
                let warnings = parsed.warnings.iter().map(|warning| json!(warning.to_string()));
                all.insert("model".into(), model_json(&parsed.model));
                all.insert("model_warnings".into(), warnings.collect());
            }
        }
        if let Some(config) = self.config.as_deref().and_then(|config| serde_json::from_str(config).ok()) {
            all.insert("config".into(), config);
        }
        all.insert("warnings".into(), json!(self.warnings));
        Value::Object(all)
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", self.kind)?;
        for (name, shown, _) in self.facts.iter().filter(|(_, shown, _)| !shown.is_empty()) {
            writeln!(out, "  {:<20} {shown}", words(name))?;
        }
        if !self.types.is_empty() {
            writeln!(out, "\nTensors by number format\n{}", text::table(&ridgepoint_importer::types(&self.types)))?;
        }
        match &self.model {
            None => {}
            Some(Err(reason)) => writeln!(out, "\nno model: {reason}")?,
            Some(Ok(parsed)) => {
                writeln!(out, "\nModel")?;
                for (label, value) in model_facts(&parsed.model) {
                    writeln!(out, "  {:<20} {value}", words(label))?;
                }
                for warning in &parsed.warnings {
                    writeln!(out, "warning: {warning}")?;
                }
            }
        }
        for warning in &self.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        Ok(())
    }
}

/// A name of a field as people read it: "general.size_label" is "size label".
fn words(name: &str) -> String {
    name.trim_start_matches("general.").replace('_', " ")
}

fn model_facts(model: &Model) -> Vec<(&'static str, String)> {
    let parameters = model.parameters();
    let amount = |count| numbers::parameters(count).to_string();
    let mut facts = vec![
        ("parameters", format!("{} ({})", amount(parameters.total()), numbers::count(parameters.total()))),
        ("active", amount(parameters.active)),
    ];
    let parts = Component::ALL.into_iter().map(|component| (names::component(component).id, parameters.of(component)));
    facts.extend(parts.filter(|(_, count)| *count > 0).map(|(name, count)| (name, amount(count))));
    if model.mtp_parameters > 0 {
        facts.push(("mtp", amount(model.mtp_parameters)));
    }
    facts.push(("layers", numbers::count(model.layers.len() as u64)));
    facts.push(("hidden_size", numbers::count(model.hidden_size)));
    facts.push(("vocab_size", numbers::count(model.vocab_size)));
    if let Some(limit) = model.context_limit {
        facts.push(("context_limit", numbers::context(limit)));
    }
    facts.push(("kv_cache_per_token", format!("{} in 16 bit", size(bytes_per_token(model, KvFormat::Fp16)))));
    facts
}

fn model_json(model: &Model) -> Value {
    let parameters = model.parameters();
    let parts =
        Component::ALL.into_iter().map(|part| (names::component(part).id.to_owned(), json!(parameters.of(part))));
    json!({
        "parameters": parameters.total(),
        "active": parameters.active,
        "by_component": parts.collect::<Map<_, _>>(),
        "mtp": model.mtp_parameters,
        "layers": model.layers.len(),
        "hidden_size": model.hidden_size,
        "vocab_size": model.vocab_size,
        "context_limit": model.context_limit,
        "kv_cache_bytes_per_token": bytes_per_token(model, KvFormat::Fp16).get(),
    })
}
