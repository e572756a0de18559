//! The dialog: a model fetched by its name, pasted, or read from files.

use std::cell::Cell;

use js_sys::{Function, Uint8Array};
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::names;
use ridgepoint_importer::{self as importer, FIRST_BYTES, Failure, Files, Found, Outcome, Step};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal, DragEvent, Element, Event, File, HtmlInputElement};

use super::{fetch, files};
use crate::browser::listen::listen;
use crate::signals::{effect, flag, memo, words};
use crate::widgets::{DataTable, FactList};

/// Everything that the parts of the dialog share.
#[derive(Clone, Copy)]
struct Import {
    dialog: NodeRef<Dialog>,
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
    static DIALOG: Cell<Option<NodeRef<Dialog>>> = const { Cell::new(None) };
}

/// Opens the dialog. `found` is called with the bytes of each model and the id of the format of its weights, if that
/// is not the model's own. What is typed in the dialog stays when it closes.
pub fn open(found: Function) {
    let dialog = DIALOG.get().unwrap_or_else(|| {
        let dialog = NodeRef::new();
        mount_to_body(move || ImportDialog(ImportDialogProps { dialog, found }));
        DIALOG.set(Some(dialog));
        dialog
    });
    if let Some(dialog) = dialog.get_untracked() {
        // Refused only to a dialog that is open already.
        let _ = dialog.show_modal();
    }
}

#[component]
fn ImportDialog(
    /// The dialog's element.
    dialog: NodeRef<Dialog>,
    /// Hears of each model.
    found: Function,
) -> impl IntoView {
    let import = Import {
        dialog,
        found: StoredValue::new_local(found),
        outcome: RwSignal::new(Outcome::default()),
        progress: RwSignal::new(String::new()),
        earlier: StoredValue::new(Files::default()),
        running: StoredValue::new_local(None),
    };
    effect(move || {
        if let Some(dialog) = dialog.get() {
            for name in ["submit", "click", "change", "dragover", "drop", "close"] {
                listen(&dialog, name, Box::new(move |event| import.hear(&event)));
            }
        }
    });
    view! {
        <dialog node_ref=dialog class="import" aria-labelledby="import-title">
            <div class="ways" inner_html=WAYS></div>
            <Told import/>
        </dialog>
    }
}

/// How far the present attempt is, and what came of the last one.
#[component]
fn Told(import: Import) -> impl IntoView {
    let Import { outcome, progress, .. } = import;
    let is_idle = flag(move || progress.with(String::is_empty));
    let told = memo(move || {
        let progress = progress.get();
        if progress.is_empty() { outcome.with(|outcome| outcome.message.clone()) } else { progress }
    });
    let tone =
        Signal::derive(move || if is_idle.get() && outcome.with(|outcome| outcome.failed) { "bad" } else { "info" });
    let facts = move || outcome.with(|outcome| outcome.facts.clone());
    let table = move || outcome.with(|outcome| importer::types(&outcome.types));
    view! {
        <div class="told" data-tone=tone>
            <div class="row">
                <p role="status">{words(move || told.get())}</p>
                <button type="button" data-act="cancel" hidden=is_idle>"Cancel"</button>
            </div>
            <FactList facts=Box::new(facts)/>
            <div hidden=flag(move || outcome.with(|outcome| outcome.types.is_empty()))><DataTable table=Box::new(table)/></div>
        </div>
    }
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
        let field = self.dialog.get_untracked().and_then(|dialog| dialog.query_selector(field).ok()?);
        field
            .and_then(|field| js_sys::Reflect::get(&field, &JsValue::from_str("value")).ok()?.as_string())
            .unwrap_or_default()
    }

    fn close(self) {
        if let Some(dialog) = self.dialog.get_untracked() {
            dialog.close();
        }
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
