//! The canvas of a chart and the crosshair over it.
//!
//! It acts as a slider over the points of the chart, so that the keyboard moves it and it says what it reads.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlCanvasElement, PointerEvent};

use super::crisp::Crisp;
use super::crosshair::{Reading, Step, nearest, point, step};
use super::label::Area;
use super::paint::{Look, paint};
use super::palette::Palette;
use super::scene::{Hidden, spot};
use crate::browser::animation::Frame;
use crate::browser::density::pixel_ratio;
use crate::browser::listen::{key, listen, listen_to_size};
use crate::browser::theme::IsDark;
use crate::element::{El, el};
use crate::signals::{derived, effect};
use crate::widgets::piece::{Piece, pieces, tag};

/// The point under the crosshair, as the page shows it.
#[derive(Clone, Default, PartialEq)]
struct Aim {
    is_there: bool,
    /// In CSS pixels from the left and top of the canvas.
    left: f64,
    top: f64,
    /// Whether the words go to its left, and below it, to stay inside.
    is_far: bool,
    is_high: bool,
    words: String,
    ink: &'static str,
    index: usize,
}

/// The canvas and its crosshair.
#[component]
pub fn Plot(
    /// The chart.
    chart: Memo<Chart>,
    /// The series that are hidden.
    hidden: RwSignal<Hidden>,
) -> El {
    let canvas = el("canvas").with("aria-hidden", "true");
    let area = RwSignal::new(Area::default());
    let reading = RwSignal::new(None::<Reading>);
    redraw(canvas.node().clone().unchecked_into(), chart, hidden, area);

    let aim = derived(move || {
        let aim = reading.get().and_then(|reading| chart.with(|chart| aim(chart, area.get(), reading)));
        aim.unwrap_or_default()
    });
    let point_at = move |event: Event| {
        let event = event.unchecked_ref::<PointerEvent>();
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let (area, hidden) = (area.get_untracked(), hidden.get_untracked());
        reading.set(chart.with_untracked(|chart| nearest(chart, area, hidden, x, y)));
    };
    let leave = move |event: Event| {
        // A finger that is lifted leaves what it found.
        if event.unchecked_ref::<PointerEvent>().pointer_type() == "mouse" {
            reading.set(None);
        }
    };
    let press = move |event: Event| {
        let from = reading.get_untracked();
        let key = key(&event);
        if key == "Escape" {
            reading.set(None);
        } else if let Some(way) = step_of(&key) {
            event.prevent_default();
            reading.set(chart.with_untracked(|chart| step(chart, hidden.get_untracked(), from, way)));
        }
    };
    let spoken = move || {
        let aim = aim.get();
        if aim.is_there { aim.words } else { "no point: the arrow keys choose one".to_owned() }
    };
    el("div")
        .class("plot")
        .with("role", "slider")
        .with("tabindex", "0")
        .live("aria-label", move || chart.with(|chart| format!("Points of the chart: {}", chart.title)))
        .with("aria-valuemin", "0")
        .live("aria-valuemax", move || chart.with(point_count).to_string())
        .live("aria-valuenow", move || aim.with(|aim| aim.index).to_string())
        .live("aria-valuetext", spoken)
        .on("pointermove", point_at)
        .on("pointerdown", point_at)
        .on("pointerleave", leave)
        .on("keydown", press)
        .on("blur", move |_| reading.set(None))
        .child(canvas)
        .child(pieces(move || aim.with(|aim| crosshair(aim, area.get()))))
}

/// A hair line, a ring and the words.
fn crosshair(aim: &Aim, area: Area) -> Vec<Piece> {
    let left = pixels(aim.left);
    let top = pixels(aim.top);
    let sides = match (aim.is_far, aim.is_high) {
        (false, false) => "reading",
        (true, false) => "reading far",
        (false, true) => "reading high",
        (true, true) => "reading far high",
    };
    let hair = tag("i").with("class", "hair").style("left", left.clone());
    tag("div")
        .with("class", if aim.is_there { "crosshair" } else { "crosshair none" })
        .with("data-ink", aim.ink)
        .child(hair.style("top", pixels(area.top)).style("height", pixels(area.height)))
        .child(tag("i").with("class", "aim").style("left", left.clone()).style("top", top.clone()))
        .child(
            tag("output")
                .with("class", sides)
                .with("aria-live", "off")
                .style("left", left)
                .style("top", top)
                .text(&aim.words),
        )
        .only()
}

/// A length as CSS has it, to a tenth of a pixel.
fn pixels(length: f64) -> String {
    let tenths = (length.max(0.0) * 10.0).round() as u32;
    format!("{}.{}px", tenths / 10, tenths % 10)
}

fn step_of(key: &str) -> Option<Step> {
    match key {
        "ArrowLeft" => Some(Step::Back),
        "ArrowRight" => Some(Step::On),
        "Home" => Some(Step::First),
        "End" => Some(Step::Last),
        "ArrowUp" => Some(Step::Up),
        "ArrowDown" => Some(Step::Down),
        _ => None,
    }
}

/// Room that the words need above a point, in CSS pixels.
const HEADROOM: f64 = 56.0;

fn aim(chart: &Chart, area: Area, reading: Reading) -> Option<Aim> {
    let point = point(chart, reading)?;
    let before: usize = chart.series.iter().take(reading.series).map(|series| series.points.len()).sum();
    let (left, top) = spot(chart, area, point.x, point.y);
    Some(Aim {
        is_there: true,
        left,
        top,
        is_far: left > area.left + area.width / 2.0,
        is_high: top < area.top + HEADROOM,
        words: point.reading.clone(),
        ink: chart.series.get(reading.series)?.ink.token(),
        index: before + reading.point,
    })
}

fn point_count(chart: &Chart) -> usize {
    chart.series.iter().map(|series| series.points.len()).sum()
}

/// Draws the chart now and whenever it, its size, its colours or the density of the display change.
fn redraw(canvas: HtmlCanvasElement, chart: Memo<Chart>, hidden: RwSignal<Hidden>, area: RwSignal<Area>) {
    let is_dark = use_context::<IsDark>();
    let ratio = pixel_ratio();
    // Asked for when the browser has just laid the page out; at other times the question would make it do so.
    let size = StoredValue::new((0.0, 0.0));
    let palette = StoredValue::new(None::<Palette>);
    let drawn_on = canvas.clone();
    let draw = move || {
        let (hidden, size, ratio) = (hidden.try_get_untracked()?, size.try_get_value()?, ratio.try_get_untracked()?);
        let drawn = palette.try_update_value(|palette| {
            let palette = palette.get_or_insert_with(Palette::of_page);
            chart.try_with_untracked(|chart| draw(&drawn_on, size, ratio, palette, chart, hidden))?
        });
        area.try_set(drawn??);
        Some(())
    };
    let framed = draw.clone();
    let frame = Frame::new(Box::new(move || _ = framed()));
    effect(move || {
        chart.track();
        hidden.track();
        ratio.track();
        frame.request();
    });
    effect(move || {
        if let Some(IsDark(is_dark)) = is_dark {
            is_dark.track();
        }
        palette.set_value(None);
        frame.request();
    });
    let measured = canvas.clone();
    let measure = move || {
        let area = measured.get_bounding_client_rect();
        size.try_set_value((area.width(), area.height()));
        frame.request();
    };
    listen_to_size(&canvas, Box::new(measure));
    if let Some(window) = web_sys::window() {
        // The theme has put light colours on by now, and no frame comes before the paper.
        let print = move |_| {
            palette.try_set_value(None);
            draw();
        };
        listen(&window, "beforeprint", Box::new(print.clone()));
        listen(&window, "afterprint", Box::new(print));
    }
}

fn draw(
    canvas: &HtmlCanvasElement,
    size: (f64, f64),
    pixel_ratio: f64,
    palette: &Palette,
    chart: &Chart,
    hidden: Hidden,
) -> Option<Area> {
    if size.0 < 1.0 || size.1 < 1.0 {
        return None;
    }
    let look = Look {
        size,
        units: Crisp::units_per_pixel(pixel_ratio),
        colours: &|token| palette.colour(token),
        font: palette.font(),
        hidden,
    };
    paint(Crisp::on(canvas, size.0, size.1, pixel_ratio)?, chart, &look).ok()
}
