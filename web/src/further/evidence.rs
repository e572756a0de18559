//! How good the predictions are. The measurements are a file of their own, fetched when the view opens.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::evidence;
use ridgepoint_calculator::options::{Choice, Group};
use ridgepoint_catalog::evidence::Evidence;

use crate::browser::files;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::panels::card;
use crate::signals::{derived, memo};
use crate::widgets::{DataTable, Select};

/// Errors by what was measured, and predictions over measurements of one group at a time.
pub fn view() -> El {
    let found = RwSignal::new(None::<Result<Arc<Evidence>, String>>);
    spawn_local(async move {
        let evidence = files::evidence().await.map(Arc::new);
        found.try_set(Some(evidence));
    });
    let words = move || match found.get() {
        None => "Loading the measurements".to_owned(),
        Some(Err(problem)) => problem,
        Some(Ok(_)) => String::new(),
    };
    let is_there = memo(move || usize::from(matches!(found.get(), Some(Ok(_)))));
    let content = move |_| match found.get_untracked() {
        Some(Ok(evidence)) => content(evidence),
        Some(Err(_)) | None => el("div"),
    };
    el("div")
        .class("pieces")
        .child(el("p").with("role", "status").words(words))
        .child(el("div").class("pieces").rows(is_there, content))
}

fn content(evidence: Arc<Evidence>) -> El {
    let group = RwSignal::new(0_usize);
    let choices = vec![Group {
        label: "What was measured".into(),
        choices: evidence.groups.iter().enumerate().map(|(index, group)| choice(index, group.name)).collect(),
    }];
    let (table, memory) = (evidence::errors(&evidence), evidence::memory(&evidence));
    let chart = derived(move || evidence::chart(&evidence, group.get()));
    let worst = move || chart.with(|chart| chart.table.clone());
    let value = memo(move || group.get().to_string());
    let choose = Callback::new(move |id: String| group.set(id.parse().unwrap_or_default()));
    let select = view! { <Select label="What was measured" id="evidence-group" groups=Box::new(move || choices.clone()) value on_change=choose/> };
    el("div")
        .class("pieces")
        .child(
            card("errors", "How far predictions are from published measurements")
                .child(view! { <DataTable table=Box::new(move || table.clone())/> }),
        )
        .child(select)
        .child(view! { <Figure chart without_table=true/> })
        .child(card("worst", "The worst of them").child(view! { <DataTable table=Box::new(worst)/> }))
        .child(
            card("memory-errors", "How far memory is from what engines log")
                .child(view! { <DataTable table=Box::new(move || memory.clone())/> }),
        )
}

fn choice(index: usize, name: &str) -> Choice {
    Choice { id: index.to_string(), name: name.to_owned(), detail: String::new(), keywords: String::new() }
}
