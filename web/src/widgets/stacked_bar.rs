//! A bar of labelled parts against a limit and a full length.

use leptos::prelude::*;
use ridgepoint_calculator::breakdown::{Bar, Marker, Segment};

/// The bar with its words, and a key that names each part whatever its size.
#[component]
pub fn StackedBar(
    /// What it shows.
    bar: Bar,
) -> impl IntoView {
    let Bar { label, summary, segments, limit, capacity } = bar;
    let mut end = 0.0;
    let parts = segments.iter().map(|segment| {
        end += segment.share;
        part(segment, end <= limit.position)
    });
    let parts = parts.collect_view();
    // What lies beyond the limit, so that an overfull bar looks overfull.
    let excess = (end - limit.position).max(0.0);
    let (limit_at, capacity_at) = (percent(limit.position), percent(capacity.position));
    view! {
        <div class="bar">
            <p class="bar-head"><b>{label}</b><span>{summary}</span></p>
            {marker("bar-marker above", limit)}
            <div class="bar-track" aria-hidden="true">
                {parts}
                <i class="bar-excess" style:left=limit_at.clone() style:width=percent(excess)></i>
                <i class="bar-limit" style:left=limit_at></i>
                <i class="bar-capacity" style:left=capacity_at></i>
            </div>
            {marker("bar-marker below", capacity)}
            <ul class="key">{segments.iter().map(key).collect_view()}</ul>
        </div>
    }
}

/// Words at a position, on that side of it where there is more room.
fn marker(class: &'static str, marker: Marker) -> impl IntoView {
    let is_far = marker.position > 0.5;
    view! {
        <div class=class style:left=percent(marker.position) class:far=is_far>
            <span>{marker.label}</span>
        </div>
    }
}

/// A part, which has its name on it unless the limit crosses it.
fn part(segment: &Segment, is_within: bool) -> impl IntoView + use<> {
    view! {
        <div class="bar-part" data-ink=segment.ink.token() style:width=percent(segment.share)>
            <span hidden=!is_within><b>{segment.label.clone()}</b></span>
        </div>
    }
}

fn key(segment: &Segment) -> impl IntoView + use<> {
    view! {
        <li>
            <i class="swatch" data-form="block" data-ink=segment.ink.token()></i>
            <span>{segment.label.clone()}</span>
            <b>{segment.value.clone()}</b>
        </li>
    }
}

fn percent(share: f64) -> String {
    format!("{:.3}%", share.clamp(0.0, 1.0) * 100.0)
}
