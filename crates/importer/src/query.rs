//! Queries of programs. People get a notice and the nearest valid value; a program gets an answer to what it asked, or
//! one sentence that says why there is none.

use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::link::{self, Link, Notice, Severity};

/// Reads the text of a `config.json`. The name is what people see; without one the configuration names itself.
///
/// # Errors
/// One sentence that says what is wrong with it.
pub fn config(text: &str, name: Option<&str>) -> Result<CustomModel, String> {
    crate::read_config(text, name).map_err(|error| format!("config: {error}"))
}

/// Reads a query or a link, in which this custom model takes the place of the model.
///
/// ```
/// # use ridgepoint_importer::query::read;
/// let batch = |query| read(query, None).map(|link| link.scenario.workload.batch);
/// assert_eq!(batch("model=phi-4&batch=8"), Ok(8));
/// assert_eq!(batch("model=phi-4&batch=-1"), Ok(1));
/// assert_eq!(batch("model=phi-400").unwrap_err(), "model: “phi-400” is not in the catalogue (did you mean phi-4?)");
/// assert!(batch("phi-4").is_err());
/// ```
///
/// # Errors
/// One sentence, if the text has no setting, or asks for a model or device that is not known: a program would take
/// another one's figures for it.
pub fn read(query: &str, config: Option<CustomModel>) -> Result<Link, String> {
    if !query.contains('=') && !query.contains("://") {
        let query = query.escape_debug();
        return Err(format!(
            "no setting found in “{query}”: write key=value pairs joined by &, such as model=llama-3.1-8b"
        ));
    }
    let link = match config {
        Some(model) => link::decode_for(query, model),
        None => crate::decode(query),
    };
    match link.notices.iter().find(|notice| notice.severity == Severity::Replaced) {
        Some(notice) => Err(notice.problem.clone()),
        None => Ok(link),
    }
}

/// Reads a query of which only the first scenario is wanted, and says so if there are others.
///
/// # Errors
/// As [`read`].
pub fn read_alone(query: &str, config: Option<CustomModel>) -> Result<Link, String> {
    let mut link = read(query, config)?;
    if !link.others.is_empty() {
        link.notices.push(Notice {
            severity: Severity::Adjusted,
            problem: "the link compares several scenarios".into(),
            instead: "this is the first; ridgepoint compare has all".into(),
        });
    }
    Ok(link)
}
