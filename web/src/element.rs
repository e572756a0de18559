//! Elements that stand in the page from the start, each with what keeps it up to date.
//!
//! A view of Leptos is a type of its own and becomes code of its own. Here every element has the one type [`El`], what
//! follows a signal or hears an event is a box, and a panel is a row of calls. Leptos mounts an element as any other
//! view; its signals, effects and owners do the rest. What changes its shape and not only its values is a list of
//! [`Piece`]s.

use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::Rndr;
use leptos::tachys::view::{Mountable, Position, PositionState};
use leptos::tachys::{html::attribute::any_attribute::AnyAttribute, no_attrs};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, HtmlTemplateElement};

use crate::browser::listen::listen;
use crate::signals::effect;
use crate::widgets::piece::{Piece, patch};

/// An element of the page.
///
/// ```no_run
/// # use leptos::prelude::*;
/// # use ridgepoint_web::element::el;
/// let count = RwSignal::new(0);
/// let more = move |_| count.update(|count| *count += 1);
/// el("p")
///     .child(el("output").words(move || count.get().to_string()))
///     .child(el("button").with("type", "button").text("More").on("click", more));
/// ```
#[derive(Clone, Debug)]
pub struct El(Element);

/// An element called `name`.
pub fn el(name: &'static str) -> El {
    El(Rndr::create_element(name, None))
}

/// An element of a drawing.
pub fn svg(name: &'static str) -> El {
    El(Rndr::create_element(name, Some("http://www.w3.org/2000/svg")))
}

/// What of an element follows a value.
enum Part {
    Attribute(&'static str),
    Property(&'static str),
    Style(&'static str),
    Words,
}

impl Part {
    fn set(&self, element: &Element, value: &str) {
        match self {
            Self::Attribute(name) => Rndr::set_attribute(element, name, value),
            Self::Property(name) => Rndr::set_property(element, name, &JsValue::from_str(value)),
            Self::Style(name) => {
                // Names of properties are ours, and right.
                let _ = element.unchecked_ref::<HtmlElement>().style().set_property(name, value);
            }
            Self::Words => element.set_text_content(Some(value)),
        }
    }
}

impl El {
    /// With an attribute.
    pub fn with(self, name: &'static str, value: &str) -> Self {
        Rndr::set_attribute(&self.0, name, value);
        self
    }

    /// With a class.
    pub fn class(self, name: &'static str) -> Self {
        self.with("class", name)
    }

    /// With words at its end.
    pub fn text(self, words: &str) -> Self {
        Rndr::create_text_node(words).mount(&self.0, None);
        self
    }

    /// With an element at its end.
    pub fn child(self, child: impl Into<El>) -> Self {
        child.into().0.mount(&self.0, None);
        self
    }

    /// With elements at its end.
    pub fn children(self, children: impl IntoIterator<Item = El>) -> Self {
        children.into_iter().fold(self, El::child)
    }

    /// With a copy of what the template of that id in `index.html` holds.
    pub fn template(self, id: &'static str) -> Self {
        let template = document().get_element_by_id(id).and_then(|found| found.dyn_into::<HtmlTemplateElement>().ok());
        if let Some(Ok(mut copy)) = template.map(|template| template.content().clone_node_with_deep(true)) {
            copy.mount(&self.0, None);
        }
        self
    }

    /// With an attribute that follows what `read` reads.
    pub fn live(self, name: &'static str, read: impl Fn() -> String + 'static) -> Self {
        self.follow(Part::Attribute(name), Box::new(read))
    }

    /// With a yes or no as ARIA writes it.
    pub fn aria(self, name: &'static str, read: impl Fn() -> bool + 'static) -> Self {
        self.live(name, move || if read() { "true" } else { "false" }.to_owned())
    }

    /// With words that follow what `read` reads, and nothing else in it.
    pub fn words(self, read: impl Fn() -> String + 'static) -> Self {
        self.follow(Part::Words, Box::new(read))
    }

    /// A field, with a value that follows what `read` reads.
    pub fn value(self, read: impl Fn() -> String + 'static) -> Self {
        self.follow(Part::Property("value"), Box::new(read))
    }

    /// With a property of its style that follows what `read` reads.
    pub fn style(self, name: &'static str, read: impl Fn() -> String + 'static) -> Self {
        self.follow(Part::Style(name), Box::new(read))
    }

    fn follow(self, part: Part, read: Box<dyn Fn() -> String>) -> Self {
        let element = self.0.clone();
        let mut before = None;
        effect(move || {
            let now = read();
            if before.as_ref() != Some(&now) {
                part.set(&element, &now);
                before = Some(now);
            }
        });
        self
    }

    /// Hidden while `read` says so.
    pub fn hidden(self, read: impl Fn() -> bool + 'static) -> Self {
        self.flag("hidden", Box::new(read))
    }

    /// A radio button, chosen while `read` says so.
    pub fn checked(self, read: impl Fn() -> bool + 'static) -> Self {
        self.flag("checked", Box::new(read))
    }

    fn flag(self, property: &'static str, read: Box<dyn Fn() -> bool>) -> Self {
        let element = self.0.clone();
        effect(move || Rndr::set_property(&element, property, &JsValue::from_bool(read())));
        self
    }

    /// With children that follow what `read` reads, and no others.
    pub fn pieces(self, read: impl Fn() -> Vec<Piece> + 'static) -> Self {
        self.patched(Box::new(read))
    }

    fn patched(self, read: Box<dyn Fn() -> Vec<Piece>>) -> Self {
        let element = self.0.clone();
        let mut drawn = Vec::new();
        effect(move || {
            let pieces = read();
            patch(&element, &drawn, &pieces);
            drawn = pieces;
        });
        self
    }

    /// With as many of the elements that `make` makes as `count` says, at this place among its children.
    pub fn rows(self, count: Memo<usize>, make: impl Fn(usize) -> El + 'static) -> Self {
        let element = self.0.clone();
        let mut end = Rndr::create_placeholder();
        end.mount(&element, None);
        let owner = Owner::current().unwrap_or_default();
        let mut rows: Vec<(Owner, El)> = Vec::new();
        effect(move || {
            let count = count.get();
            for (owner, El(row)) in rows.drain(count.min(rows.len())..) {
                owner.cleanup();
                row.remove();
            }
            while rows.len() < count {
                let owner = owner.child();
                let mut row = owner.with(|| untrack(|| make(rows.len())));
                row.0.mount(&element, Some(&end));
                rows.push((owner, row));
            }
        });
        self
    }

    /// Calls `act` at each event of that name, in it or in what it holds.
    pub fn on(self, event: &'static str, act: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, event, Box::new(act));
        self
    }

    /// The element itself.
    pub fn node(&self) -> &Element {
        &self.0
    }
}

/// What `view!` makes of a component that is an element.
impl From<View<El>> for El {
    fn from(view: View<El>) -> Self {
        view.into_inner()
    }
}

impl Render for El {
    type State = Element;

    fn build(self) -> Element {
        self.0
    }

    fn rebuild(self, state: &mut Element) {
        let mut before = std::mem::replace(state, self.0);
        before.insert_before_this(state);
        before.unmount();
    }
}

no_attrs!(El);

/// The page is never rendered on a server; Leptos asks every view how it would be.
impl RenderHtml for El {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, buf: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {
        buf.push_str(&self.0.outer_html());
    }

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Element {
        self.0
    }

    fn into_owned(self) -> Self {
        self
    }
}
