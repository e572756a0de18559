//! The rules of accessibility that a program can check: axe-core, which looks at the page from inside.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

use crate::Trouble;
use crate::page::Page;

impl Page<'_> {
    /// What axe-core objects to in the page as it stands, one line for each element.
    pub async fn violations(&self) -> Result<Vec<String>, Trouble> {
        if self.value_of("typeof axe").await? == json!("undefined") {
            self.run(&source()?, Vec::new()).await?;
        }
        let run =
            "return axe.run(document, { resultTypes: ['violations'] }).then(results => results.violations.flatMap(
            rule => rule.nodes.map(node => `${rule.id} (${rule.impact}): ${node.target}: ${node.failureSummary}`)))";
        let found = self.run(run, Vec::new()).await?;
        let found = found.as_array().ok_or("axe-core gave no list")?;
        Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

/// The program, which `cargo xtask test` installs below `target/tools`.
fn source() -> Result<String, Trouble> {
    let file = folder()?.join("node_modules").join("axe-core").join("axe.min.js");
    fs::read_to_string(&file).map_err(|error| {
        let advice = "install it with: cargo xtask test (it needs Node.js: sudo apt-get install -y nodejs npm)";
        format!("axe-core is missing: {}: {error}; {advice}", file.display()).into()
    })
}

/// `target/tools`, beside the folder of this test program, which is `target/debug/deps`.
fn folder() -> Result<PathBuf, Trouble> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(3).ok_or("the test program is not in a target folder")?;
    Ok(target.join("tools"))
}
