//! Bars of labelled parts against a limit and a full length.

use leptos::prelude::*;
use ridgepoint_calculator::breakdown::{Bar, Marker, Segment};

use super::piece::{Piece, Tag, pieces, tag};
use crate::element::El;

/// The bars with their words, and for each a key that names every part whatever its size.
#[component]
pub fn StackedBars(
    /// What they show.
    bars: Box<dyn Fn() -> Vec<Bar>>,
) -> El {
    pieces(move || bars().iter().map(|bar| Piece::Element(whole(bar))).collect())
}

fn whole(bar: &Bar) -> Tag {
    let Bar { label, summary, segments, notes, limit, capacity } = bar;
    // Nothing is beyond a limit that there is not.
    let most = limit.as_ref().map_or(f64::INFINITY, |limit| limit.position);
    let mut end = 0.0;
    let parts: Vec<Tag> = segments
        .iter()
        .map(|segment| {
            end += segment.share;
            part(segment, end <= most)
        })
        .collect();
    let mut track = tag("div").with("class", "bar-track").with("aria-hidden", "true").children(parts);
    if let Some(limit) = limit {
        // What lies beyond the limit, so that an overfull bar looks overfull.
        let (at, excess) = (percent(limit.position), percent((end - limit.position).max(0.0)));
        track = track
            .child(tag("i").with("class", "bar-excess").style("left", at.clone()).style("width", excess))
            .child(tag("i").with("class", "bar-limit").style("left", at));
    }
    if let Some(capacity) = capacity {
        track = track.child(tag("i").with("class", "bar-capacity").style("left", percent(capacity.position)));
    }
    tag("div")
        .with("class", "bar")
        .child(tag("p").with("class", "bar-head").child(tag("b").text(label)).child(tag("span").text(summary)))
        .children(limit.iter().map(|limit| marker("above", limit)))
        .child(track)
        .children(capacity.iter().map(|capacity| marker("below", capacity)))
        .child(tag("ul").with("class", "key").children(segments.iter().map(key)).children(notes.iter().map(note)))
}

/// Words at a position, on that side of it where there is more room.
fn marker(side: &str, marker: &Marker) -> Tag {
    let far = if marker.position > 0.5 { " far" } else { "" };
    tag("div")
        .with("class", format!("bar-marker {side}{far}"))
        .style("left", percent(marker.position))
        .child(tag("span").text(&marker.label))
}

/// A part, which has its name on it unless the limit crosses it.
fn part(segment: &Segment, is_within: bool) -> Tag {
    tag("div")
        .with("class", "bar-part")
        .with("data-ink", segment.ink.token())
        .style("width", percent(segment.share))
        .child(tag("span").class("unnamed", !is_within).child(tag("b").text(&segment.label)))
}

fn key(segment: &Segment) -> Tag {
    tag("li")
        .child(tag("i").with("class", "swatch").with("data-form", "block").with("data-ink", segment.ink.token()))
        .child(tag("span").text(&segment.label))
        .child(tag("b").text(&segment.value))
}

fn note((label, value): &(String, String)) -> Tag {
    tag("li").child(tag("span").text(label)).child(tag("b").text(value))
}

/// A share as CSS has it, to a thousandth of a percent.
fn percent(share: f64) -> String {
    let thousandths = (share.clamp(0.0, 1.0) * 100_000.0).round() as u32;
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}
