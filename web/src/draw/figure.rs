//! A chart in the page: its title and sentence, the canvas, a crosshair, the legend and the table of the same figures.

use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::html::Canvas;
use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use web_sys::HtmlCanvasElement;

use super::crisp::Crisp;
use super::crosshair::{self, Reading, Step};
use super::label::Area;
use super::legend::Legend;
use super::paint::{Look, paint};
use super::palette::Palette;
use super::scene::{Hidden, Spot, spot};
use crate::browser::animation::Frame;
use crate::browser::density::pixel_ratio;
use crate::browser::listen::{listen, listen_to_size};
use crate::browser::theme::IsDark;
use crate::widgets::DataTable;

/// A chart with everything around it.
#[component]
pub fn Figure(
    /// The chart.
    #[prop(into)]
    chart: Signal<Chart>,
    /// Whether its table stands elsewhere in the page.
    #[prop(optional)]
    without_table: bool,
) -> impl IntoView {
    let hidden = RwSignal::new(Hidden::default());
    let table = Memo::new(move |_| chart.with(|chart| chart.table.clone()));
    let is_open = RwSignal::new(false);
    let id = chart.with_untracked(|chart| chart.id);
    view! {
        <figure class="figure" id=id>
            <figcaption>
                <h3>{move || chart.with(|chart| chart.title.clone())}</h3>
                <p>{move || chart.with(|chart| chart.caption.clone())}</p>
            </figcaption>
            <Plot chart hidden/>
            <Legend chart hidden/>
            {(!without_table).then(|| view! {
                <details on:toggle=move |_| is_open.update(|open| *open = !*open)>
                    <summary>"Figures of this chart"</summary>
                    <Show when=move || is_open.get()>
                        <DataTable table/>
                    </Show>
                </details>
            })}
        </figure>
    }
}

/// What the crosshair points at: where, and in which words and colour.
#[derive(Clone, PartialEq)]
struct Aim {
    at: Spot,
    words: String,
    ink: &'static str,
    index: usize,
}

/// The canvas and its crosshair. It acts as a slider over the points of the chart, so that it says what it reads.
#[component]
fn Plot(#[prop(into)] chart: Signal<Chart>, hidden: RwSignal<Hidden>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let area = RwSignal::new(Area::default());
    let reading = RwSignal::new(None::<Reading>);
    redraw(canvas, chart, hidden, area);

    let aim = Memo::new(move |_| {
        let (reading, area) = (reading.get()?, area.get());
        chart.with(|chart| aim(chart, area, reading))
    });
    let point_at = move |event: PointerEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        reading.set(
            chart.with_untracked(|chart| crosshair::nearest(chart, area.get_untracked(), hidden.get_untracked(), x, y)),
        );
    };
    let leave = move |event: PointerEvent| {
        // A finger that is lifted leaves what it found.
        if event.pointer_type() == "mouse" {
            reading.set(None);
        }
    };
    let press = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            reading.set(None);
        } else if let Some(step) = step_of(&event.key()) {
            event.prevent_default();
            let from = reading.get_untracked();
            reading.set(chart.with_untracked(|chart| crosshair::step(chart, hidden.get_untracked(), from, step)));
        }
    };
    let px = |length: f64| format!("{length}px");
    let left = move || aim.with(|aim| px(aim.as_ref().map_or(0.0, |aim| aim.at.0)));
    let top = move || aim.with(|aim| px(aim.as_ref().map_or(0.0, |aim| aim.at.1)));
    let is_far =
        move || aim.with(|aim| aim.as_ref().is_some_and(|aim| aim.at.0 > area.get().left + area.get().width / 2.0));
    let is_high = move || aim.with(|aim| aim.as_ref().is_some_and(|aim| aim.at.1 < area.get().top + 64.0));
    let words = move || aim.with(|aim| aim.as_ref().map(|aim| aim.words.clone()));
    view! {
        <div
            class="plot"
            role="slider"
            tabindex="0"
            aria-label=move || chart.with(|chart| format!("Points of the chart: {}", chart.title))
            aria-valuemin="0"
            aria-valuemax=move || chart.with(point_count)
            aria-valuenow=move || aim.with(|aim| aim.as_ref().map_or(0, |aim| aim.index))
            aria-valuetext=move || words().unwrap_or_else(|| "no point: the arrow keys choose one".to_owned())
            on:pointermove=point_at
            on:pointerdown=point_at
            on:pointerleave=leave
            on:keydown=press
            on:blur=move |_| reading.set(None)
        >
            <canvas node_ref=canvas aria-hidden="true"></canvas>
            <div class="crosshair" hidden=move || aim.with(Option::is_none) data-ink=move || aim.with(|aim| aim.as_ref().map(|aim| aim.ink))>
                <i class="hair" style:left=left style:top=move || px(area.get().top) style:height=move || px(area.get().height)></i>
                <i class="aim" style:left=left style:top=top></i>
                <output
                    class="reading"
                    aria-live="off"
                    class:far=is_far
                    class:high=is_high
                    style:left=left
                    style:top=top
                >
                    {words}
                </output>
            </div>
        </div>
    }
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

fn aim(chart: &Chart, area: Area, reading: Reading) -> Option<Aim> {
    let point = crosshair::point(chart, reading)?;
    let before: usize = chart.series.iter().take(reading.series).map(|series| series.points.len()).sum();
    Some(Aim {
        at: spot(chart, area, point.x, point.y),
        words: point.reading.clone(),
        ink: chart.series.get(reading.series)?.ink.token(),
        index: before + reading.point,
    })
}

fn point_count(chart: &Chart) -> usize {
    chart.series.iter().map(|series| series.points.len()).sum()
}

/// Draws the chart now and whenever it, its size, its colours or the density of the display change.
fn redraw(canvas: NodeRef<Canvas>, chart: Signal<Chart>, hidden: RwSignal<Hidden>, area: RwSignal<Area>) {
    let is_dark = use_context::<IsDark>();
    let ratio = pixel_ratio();
    let draw = move || {
        let canvas = canvas.try_get_untracked().flatten()?;
        let hidden = hidden.try_get_untracked()?;
        let drawn = chart.try_with_untracked(|chart| draw(&canvas, chart, hidden, ratio.get_untracked()))??;
        area.try_set(drawn);
        Some(())
    };
    let frame = Frame::new(Box::new(move || _ = draw()));
    Effect::new(move |_| {
        chart.track();
        hidden.track();
        ratio.track();
        if let Some(IsDark(is_dark)) = is_dark {
            is_dark.track();
        }
        frame.request();
    });
    Effect::new(move |_| {
        if let Some(canvas) = canvas.get() {
            listen_to_size(&canvas, Box::new(move || frame.request()));
        }
    });
    if let Some(window) = web_sys::window() {
        // The theme has put light colours on by now, and no frame comes before the paper.
        listen(&window, "beforeprint", Box::new(move |_| _ = draw()));
        listen(&window, "afterprint", Box::new(move |_| frame.request()));
    }
}

fn draw(canvas: &HtmlCanvasElement, chart: &Chart, hidden: Hidden, pixel_ratio: f64) -> Option<Area> {
    let size = canvas.get_bounding_client_rect();
    let size = (size.width(), size.height());
    if size.0 < 1.0 || size.1 < 1.0 {
        return None;
    }
    let palette = Palette::of_page();
    let look = Look {
        size,
        units: Crisp::units_per_pixel(pixel_ratio),
        colours: &|token| palette.colour(token),
        font: &palette.font(),
        hidden,
    };
    paint(Crisp::on(canvas, size.0, size.1, pixel_ratio)?, chart, &look).ok()
}
