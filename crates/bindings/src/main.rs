//! The calculator for JavaScript: `packages/ridgepoint` wraps these functions, which take and give text.
//!
//! What they give is what the command line prints with `--json`, to the byte; what they throw is its line of error.

use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::plan::Objective;
use ridgepoint_calculator::plan::answers::Answers;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, options};
use ridgepoint_importer::query;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {}

/// The report of a query or share link, in which the model of a `config.json`, if there is one, takes the place of the
/// query's. Throws one sentence if either cannot be read.
#[wasm_bindgen]
pub fn estimate(query: &str, config: Option<String>) -> Result<String, JsError> {
    let link = query::read_alone(query, custom(config)?).map_err(error)?;
    let report = Report::of(&link.scenario).with_fixes(&link.scenario);
    Ok(json::to_string_pretty(&report, &link.notices))
}

/// The layouts of a query's devices, for a model as in [`estimate`]. Throws as it does.
#[wasm_bindgen]
pub fn plan(query: &str, config: Option<String>) -> Result<String, JsError> {
    let link = query::read(query, custom(config)?).map_err(error)?;
    Ok(json::plan(&Answers::of(&link.scenario), &link, &Objective::ALL))
}

/// The models of the catalogue.
#[wasm_bindgen]
pub fn models() -> String {
    json::choices(&options::models())
}

/// The devices of the catalogue.
#[wasm_bindgen]
pub fn devices() -> String {
    json::choices(&options::devices())
}

fn custom(config: Option<String>) -> Result<Option<CustomModel>, JsError> {
    config.map(|text| query::config(&text, None)).transpose().map_err(error)
}

fn error(problem: String) -> JsError {
    JsError::new(&problem)
}
