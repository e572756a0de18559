//! Parts of the page that are data: rows of tables, bars, facts, choices.
//!
//! A view of Leptos is code of its own, two to seven kilobytes for each kind of list. Lists of plain elements are
//! drawn from values here instead, by the one function [`patch`], which changes what differs from what it drew before.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, Node};

use crate::element::{El, el};

/// An element or a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// An element.
    Element(Tag),
}

/// An element with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    /// Set one by one, because the page's security policy forbids the attribute.
    styles: Vec<(&'static str, String)>,
    children: Vec<Piece>,
}

/// An element called `name`.
pub fn tag(name: &'static str) -> Tag {
    Tag { name, attributes: Vec::new(), styles: Vec::new(), children: Vec::new() }
}

impl Tag {
    /// With an attribute.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With a class or none; an element that may have one always says which.
    pub fn class(self, name: &'static str, is_on: bool) -> Self {
        self.with("class", if is_on { name } else { "" })
    }

    /// With a property of its style.
    pub fn style(mut self, name: &'static str, value: String) -> Self {
        self.styles.push((name, value));
        self
    }

    /// With words at its end.
    pub fn text(mut self, words: impl Into<String>) -> Self {
        self.children.push(Piece::Text(words.into()));
        self
    }

    /// With an element at its end.
    pub fn child(mut self, child: Tag) -> Self {
        self.children.push(Piece::Element(child));
        self
    }

    /// With elements at its end.
    pub fn children(mut self, children: impl IntoIterator<Item = Tag>) -> Self {
        self.children.extend(children.into_iter().map(Piece::Element));
        self
    }

    /// Alone.
    pub fn only(self) -> Vec<Piece> {
        vec![Piece::Element(self)]
    }
}

/// Which of the elements with a `data-index` an event came from.
pub fn index_of(event: &Event) -> Option<usize> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest("[data-index]").ok()??.get_attribute("data-index")?.parse().ok()
}

/// Pieces that follow what `read` reads, where they stand among other elements.
pub fn pieces(read: impl Fn() -> Vec<Piece> + 'static) -> El {
    el("div").class("pieces").pieces(read)
}

/// Makes the children of `parent`, which are `before`, those that `after` says.
pub fn patch(parent: &Node, before: &[Piece], after: &[Piece]) {
    let mut next = parent.first_child();
    for (index, piece) in after.iter().enumerate() {
        let child = next.take();
        next = child.as_ref().and_then(Node::next_sibling);
        match (child, before.get(index), piece) {
            (Some(_), Some(old), new) if old == new => {}
            (Some(child), Some(Piece::Text(_)), Piece::Text(words)) => child.set_text_content(Some(words)),
            (Some(child), Some(Piece::Element(old)), Piece::Element(new)) if old.is_like(new) => {
                new.dress(&child, Some(old));
                patch(&child, &old.children, &new.children);
            }
            (child, _, new) => {
                let made = new.make();
                // Refused only if somebody else had moved the children.
                let _ = match (child, made) {
                    (Some(child), Some(made)) => parent.replace_child(&made, &child),
                    (None, Some(made)) => parent.append_child(&made),
                    (_, None) => return,
                };
            }
        }
    }
    while let Some(child) = next {
        next = child.next_sibling();
        let _ = parent.remove_child(&child);
    }
}

impl Piece {
    fn make(&self) -> Option<Node> {
        let document = web_sys::window()?.document()?;
        match self {
            Self::Text(words) => Some(document.create_text_node(words).into()),
            Self::Element(tag) => {
                let made = document.create_element(tag.name).ok()?;
                tag.dress(&made, None);
                patch(&made, &[], &tag.children);
                Some(made.into())
            }
        }
    }
}

impl Tag {
    /// Whether one can become the other by new values alone.
    fn is_like(&self, other: &Self) -> bool {
        let names = |tag: &Self| tag.attributes.iter().chain(&tag.styles).map(|(name, _)| *name).collect::<Vec<_>>();
        self.name == other.name && names(self) == names(other)
    }

    /// Gives an element its attributes and style, as far as they differ from those that it has.
    fn dress(&self, element: &Node, before: Option<&Self>) {
        for (index, (name, value)) in self.attributes.iter().enumerate() {
            if before.is_none_or(|before| before.attributes[index].1 != *value)
                && let Some(element) = element.dyn_ref::<Element>()
            {
                // Names of attributes are ours, and right.
                let _ = element.set_attribute(name, value);
            }
        }
        for (index, (name, value)) in self.styles.iter().enumerate() {
            if before.is_none_or(|before| before.styles[index].1 != *value)
                && let Some(element) = element.dyn_ref::<HtmlElement>()
            {
                let _ = element.style().set_property(name, value);
            }
        }
    }
}
