//! What the page shows, as data, and the comparison with what it should show.

use serde_json::Value;

use crate::Trouble;
use crate::page::Page;

impl Page<'_> {
    /// Everything that a reader finds in the page.
    pub async fn snapshot(&self) -> Result<Value, Trouble> {
        self.run(include_str!("scripts/snapshot.js"), Vec::new()).await
    }

    /// Opens the table below the chart of the cache, which exists only while it is open.
    pub async fn open_cache_table(&self) -> Result<(), Trouble> {
        self.wait_until("document.querySelector('#kv-cache details')").await?;
        if self.value_of("document.querySelector('#kv-cache details').open").await? == Value::Bool(false) {
            // By the summary's own action, which works in a closed view too.
            self.value_of("document.querySelector('#kv-cache summary').click()").await?;
        }
        self.wait_until("document.querySelector('#kv-cache details[open] tbody tr')").await
    }

    /// Waits until the page shows this. A failure names the first thing that differs.
    pub async fn wait_to_show(&self, expected: &Value) -> Result<(), Trouble> {
        let mut found = Value::Null;
        let shown = self
            .wait_for(async || {
                found = self.snapshot().await?;
                Ok((found == *expected).then_some(()))
            })
            .await?;
        match shown {
            Some(()) => Ok(()),
            None => Err(difference("page", &found, expected).unwrap_or_default().into()),
        }
    }
}

/// The first thing in which two values differ, with its way from the root; `None` if they are the same.
pub fn difference(way: &str, found: &Value, expected: &Value) -> Option<String> {
    match (found, expected) {
        _ if found == expected => None,
        (Value::Object(here), Value::Object(there)) => {
            let keys = here.keys().chain(there.keys().filter(|key| !here.contains_key(*key)));
            keys.into_iter().find_map(|key| difference(&format!("{way}.{key}"), &found[key], &expected[key]))
        }
        (Value::Array(here), Value::Array(there)) if here.len() == there.len() => {
            here.iter().zip(there).enumerate().find_map(|(index, (a, b))| difference(&format!("{way}[{index}]"), a, b))
        }
        _ => Some(format!("{way} shows {found}, expected {expected}")),
    }
}
