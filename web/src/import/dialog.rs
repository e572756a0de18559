//! The dialog: a model fetched by its name, pasted, or read from files.

use std::cell::RefCell;

use js_sys::{Function, Uint8Array};
use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::names;
use ridgepoint_importer::{self as importer, FIRST_BYTES, Failure, Files, Found, Outcome, Step};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal, DragEvent, Element, Event, File, HtmlDialogElement, HtmlInputElement};

use super::{fetch, files};
use crate::element::{El, el};
use crate::widgets::{DataTable, FactList};

/// Everything that the parts of the dialog share.
#[derive(Clone, Copy)]
struct Import {
    dialog: StoredValue<HtmlDialogElement, LocalStorage>,
    /// Hears of each model.
    found: StoredValue<Function, LocalStorage>,
    /// What came of the last attempt.
    outcome: RwSignal<Outcome>,
    /// How far the present attempt is; empty when there is none.
    progress: RwSignal<String>,
    /// Weights that wait for their configuration.
    earlier: StoredValue<Files>,
    /// Ends the present attempt. What still comes of it is dropped.
    running: StoredValue<Option<AbortController>, LocalStorage>,
}

/// The fields. They are plain HTML, because nothing in them ever changes but by the reader's hand: the browser keeps
/// what is typed, and every event of theirs comes to the dialog.
const WAYS: &str = include_str!("dialog.html");

/// Where a file comes from.
enum Source {
    File(File),
    Web(importer::Request),
}

thread_local! {
    /// The dialog of this page, once it has been opened.
    static DIALOG: RefCell<Option<HtmlDialogElement>> = const { RefCell::new(None) };
}

/// Opens the dialog. `found` is called with the bytes of each model and the id of the format of its weights, if that
/// is not the model's own. What is typed in the dialog stays when it closes.
pub fn open(found: Function) {
    let dialog = DIALOG.with_borrow_mut(|dialog| dialog.get_or_insert_with(|| make(found)).clone());
    // Refused only to a dialog that is open already.
    let _ = dialog.show_modal();
}

fn make(found: Function) -> HtmlDialogElement {
    let dialog = el("dialog");
    let node: HtmlDialogElement = dialog.node().clone().unchecked_into();
    let made = node.clone();
    mount_to_body(move || fill(dialog, node, found));
    made
}

/// Fills the dialog's element.
fn fill(dialog: El, node: HtmlDialogElement, found: Function) -> El {
    let import = Import {
        dialog: StoredValue::new_local(node),
        found: StoredValue::new_local(found),
        outcome: RwSignal::new(Outcome::default()),
        progress: RwSignal::new(String::new()),
        earlier: StoredValue::new(Files::default()),
        running: StoredValue::new_local(None),
    };
    let ways = el("div").class("ways");
    ways.node().set_inner_html(WAYS);
    let dialog = dialog.class("import").with("aria-labelledby", "import-title").child(ways).child(told(import));
    let events = ["submit", "click", "change", "dragover", "drop", "close"];
    events.into_iter().fold(dialog, |dialog, event| dialog.on(event, move |event| import.hear(&event)))
}

/// How far the present attempt is, and what came of the last one.
fn told(import: Import) -> El {
    let Import { outcome, progress, .. } = import;
    let is_idle = move || progress.with(String::is_empty);
    let told = move || {
        let progress = progress.get();
        if progress.is_empty() { outcome.with(|outcome| outcome.message.clone()) } else { progress }
    };
    let tone = move || if is_idle() && outcome.with(|outcome| outcome.failed) { "bad" } else { "info" }.to_owned();
    let facts = move || outcome.with(|outcome| outcome.facts.clone());
    let table = move || outcome.with(|outcome| importer::types(&outcome.types));
    let cancel = el("button").with("type", "button").with("data-act", "cancel").hidden(is_idle).text("Cancel");
    let types = el("div")
        .hidden(move || outcome.with(|outcome| outcome.types.is_empty()))
        .child(view! { <DataTable table=Box::new(table)/> });
    el("div")
        .class("told")
        .live("data-tone", tone)
        .child(el("div").class("row").child(el("p").with("role", "status").words(told)).child(cancel))
        .child(view! { <FactList facts=Box::new(facts)/> })
        .child(types)
}

impl Import {
    /// Every event of the dialog comes here.
    fn hear(self, event: &Event) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(target) = target else { return };
        match event.type_().as_str() {
            "submit" => {
                event.prevent_default();
                if target.id() == "import-fetch" { self.fetch() } else { self.paste() }
            }
            "click" => {
                let act =
                    target.closest("[data-act]").ok().flatten().and_then(|button| button.get_attribute("data-act"));
                match act.as_deref() {
                    Some("close") => self.close(),
                    Some(_) => self.stop(),
                    None => {}
                }
            }
            "change" => {
                if let Some(input) = target.dyn_ref::<HtmlInputElement>().filter(|input| input.type_() == "file") {
                    self.read_files(files::files(input.files()));
                    // The same file can be chosen again.
                    input.set_value("");
                }
            }
            "dragover" => event.prevent_default(),
            "drop" => {
                event.prevent_default();
                let dropped = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer);
                self.read_files(files::files(dropped.and_then(|dropped| dropped.files())));
            }
            _ => {
                self.stop();
                self.outcome.set(Outcome::default());
                self.earlier.set_value(Files::default());
            }
        }
    }

    fn fetch(self) {
        match importer::request(&self.typed("#import-source"), &self.typed("#import-hub")) {
            Ok(request) => self.start(vec![Source::Web(request)]),
            Err(reason) => self.fail(reason),
        }
    }

    fn paste(self) {
        self.stop();
        let mut files = Files::default();
        match importer::read_text(&self.typed("#import-config")).and_then(|found| files.add("", found)) {
            Ok(()) => self.finish(files),
            Err(reason) => self.fail(reason),
        }
    }

    fn read_files(self, files: Vec<File>) {
        if !files.is_empty() {
            self.start(files.into_iter().map(Source::File).collect());
        }
    }

    /// What the reader typed into a field.
    fn typed(self, field: &str) -> String {
        let field = self.dialog.with_value(|dialog| dialog.query_selector(field).ok().flatten());
        field
            .and_then(|field| js_sys::Reflect::get(&field, &JsValue::from_str("value")).ok()?.as_string())
            .unwrap_or_default()
    }

    fn close(self) {
        self.dialog.with_value(HtmlDialogElement::close);
    }

    /// Ends the present attempt.
    fn stop(self) {
        if let Some(Some(running)) = self.running.try_update_value(Option::take) {
            running.abort();
        }
        self.progress.set(String::new());
    }

    fn fail(self, reason: String) {
        self.stop();
        self.outcome.set(Outcome::failure(reason));
    }

    /// Reads files one after the other, and then uses what they say together.
    fn start(self, sources: Vec<Source>) {
        self.stop();
        let Ok(controller) = AbortController::new() else { return };
        let signal = controller.signal();
        self.running.set_value(Some(controller));
        self.outcome.set(Outcome::default());
        spawn_local(async move {
            let result = self.read_all(sources, &signal).await;
            // A newer attempt, Cancel or a closed dialog wins.
            if signal.aborted() {
                return;
            }
            self.stop();
            match result {
                Ok(files) => self.finish(files),
                Err(reason) => self.fail(reason),
            }
        });
    }

    async fn read_all(self, sources: Vec<Source>, signal: &AbortSignal) -> Result<Files, String> {
        let several = sources.len() > 1;
        let mut files = Files::default();
        for source in sources {
            let name = match &source {
                Source::File(file) => file.name(),
                Source::Web(request) => request.name.clone(),
            };
            let found = self.read(&source, &name, signal).await;
            let added = found.and_then(|found| files.add(&name, found));
            added.map_err(|reason| if several { format!("{name}: {reason}") } else { reason })?;
        }
        Ok(files)
    }

    /// Reads as much of a file as its kind needs.
    async fn read(self, source: &Source, name: &str, signal: &AbortSignal) -> Result<Found, String> {
        let show = |bytes| {
            if !signal.aborted() {
                self.progress.set(importer::progress(name, bytes));
            }
        };
        show(0);
        let mut bytes = Vec::new();
        let mut wanted = FIRST_BYTES;
        loop {
            let before = bytes.len();
            let is_whole = match source {
                Source::File(file) => files::read_more(file, wanted, &mut bytes).await,
                Source::Web(request) => fetch::fetch_more(request, wanted, &mut bytes, signal, &show).await,
            };
            let is_whole = is_whole.map_err(|failure| failure.to_string())?;
            if signal.aborted() || (bytes.len() == before && !is_whole) {
                return Err(Failure::Unreachable.to_string());
            }
            match importer::read(&bytes, is_whole)? {
                Step::Done(found) => return Ok(found),
                Step::More(more) => wanted = more,
            }
            show(bytes.len() as u64);
        }
    }

    /// Hands a model over to the page.
    fn tell(self, outcome: &Outcome) {
        let Some(model) = &outcome.model else { return };
        let bytes = Uint8Array::from(model.to_bytes().as_slice());
        let format = outcome.format.map_or(JsValue::UNDEFINED, |format| names::weight_format(format).id.into());
        self.found.with_value(|found| {
            // What goes wrong in the page is the page's to tell.
            let _ = found.call2(&JsValue::NULL, &bytes, &format);
        });
    }

    /// Uses what was read. The dialog stays open where it has more to show.
    fn finish(self, mut files: Files) {
        self.earlier.update_value(|earlier| files.complete(std::mem::take(earlier)));
        let outcome = files.outcome();
        // What has become a model waits for nothing.
        self.earlier.set_value(if outcome.model.is_some() { Files::default() } else { files });
        self.tell(&outcome);
        let is_done = outcome.model.is_some() && outcome.facts.is_empty();
        self.outcome.set(outcome);
        if is_done {
            self.close();
        }
    }
}
