//! A chart as shapes in CSS pixels: where everything goes, before anything is painted.
//!
//! Nothing here knows a canvas or a colour. Colours are names of style tokens, and the width of words is asked for.

use ridgepoint_calculator::chart::{Axis, Chart, Mark, Point, Series, Stroke};
use ridgepoint_calculator::ink::Ink;

use super::clip;
use super::label::{Area, Room, around};
use super::shape::{Align, Face, Shape, Spot};

/// Everything to paint, and where the plot lies in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Shapes, back to front.
    pub shapes: Vec<Shape>,
    /// The rectangle between the axes.
    pub plot: Area,
}

/// A set of series by index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden(u32);

impl Hidden {
    /// Whether the series is in the set.
    pub fn has(self, series: usize) -> bool {
        series < 32 && self.0 >> series & 1 == 1
    }

    /// The set with the series added, or taken out if it was there.
    pub fn toggled(self, series: usize) -> Self {
        if series < 32 { Self(self.0 ^ 1 << series) } else { self }
    }
}

const TICK: Face = Face { size: 12.0, bold: false };
const TITLE: Face = Face { size: 12.0, bold: true };
const NAME: Face = Face { size: 12.0, bold: false };
const STRONG: Face = Face { size: 12.0, bold: true };
/// Height of a line of words.
const LINE: f64 = 16.0;
/// Between ticks and their words, and between words.
const GAP: f64 = 8.0;

/// Where a value pair lies.
pub fn spot(chart: &Chart, plot: Area, x: f64, y: f64) -> Spot {
    in_plot(plot, (chart.x.position(x), chart.y.position(y)))
}

/// Whether a value pair lies between the axes.
pub fn is_inside(chart: &Chart, x: f64, y: f64) -> bool {
    let between = |position: f64| (-1e-9..=1.0 + 1e-9).contains(&position);
    between(chart.x.position(x)) && between(chart.y.position(y))
}

fn in_plot(plot: Area, place: clip::Place) -> Spot {
    (plot.left + place.0 * plot.width, plot.bottom() - place.1 * plot.height)
}

/// Lays a chart out. `measure` gives the width of words in CSS pixels.
pub fn scene(chart: &Chart, size: (f64, f64), hidden: Hidden, measure: &mut dyn FnMut(&str, Face) -> f64) -> Scene {
    let plot = plot_area(chart, size, measure);
    let mut stage = Stage { chart, plot, room: Room::new(plot), shapes: Vec::new(), zones: Vec::new(), measure };
    stage.draw_axes(size);

    let shown = |is_cloud: bool| {
        let series = chart.series.iter().enumerate();
        series.filter(move |(index, series)| !hidden.has(*index) && (series.stroke == Stroke::Points) == is_cloud)
    };
    let lines: Vec<_> =
        shown(false).map(|(number, series)| (number, series, stage.draw_line(number, series))).collect();
    // Diamonds first: they are hollow, and a disc at the same place stays in sight.
    let (diamonds, discs): (Vec<_>, Vec<_>) = shown(true).partition(|(_, series)| is_angular(series.ink));
    let clouds = diamonds.into_iter().chain(discs);
    let clouds: Vec<_> = clouds.map(|(_, series)| (series, stage.draw_points(series))).collect();

    let marks: Vec<&Mark> = chart.marks.iter().filter(|mark| is_inside(chart, mark.x, mark.y)).collect();
    marks.iter().for_each(|mark| stage.draw_mark(mark));
    // The words that say where the scenario stands get the best place.
    let (current, others): (Vec<&Mark>, Vec<&Mark>) = marks.iter().partition(|mark| mark.ink == Ink::Current);
    current.into_iter().chain(others).for_each(|mark| stage.name_mark(mark));
    clouds.iter().for_each(|(series, spots)| stage.name_points(series, spots));
    lines.iter().for_each(|(number, series, pieces)| stage.name_line(*number, series, pieces));
    // A thin tint over everything else, grounds of labels included.
    stage.shapes.append(&mut stage.zones);
    Scene { shapes: stage.shapes, plot }
}

fn plot_area(chart: &Chart, (width, height): (f64, f64), measure: &mut dyn FnMut(&str, Face) -> f64) -> Area {
    let widest = chart.y.ticks.iter().map(|tick| measure(&tick.label, TICK)).fold(0.0, f64::max);
    let overhang = chart.x.ticks.last().map_or(0.0, |tick| {
        let half = measure(&tick.label, TICK) / 2.0;
        half - (1.0 - chart.x.position(tick.value)) * (width - widest)
    });
    let left = (widest + GAP).ceil();
    let top = LINE + GAP;
    Area {
        left,
        top,
        width: (width - left - overhang.max(2.0).ceil()).max(1.0),
        height: (height - top - 2.0 * LINE - GAP).max(1.0),
    }
}

struct Stage<'a> {
    chart: &'a Chart,
    plot: Area,
    room: Room,
    shapes: Vec<Shape>,
    zones: Vec<Shape>,
    measure: &'a mut dyn FnMut(&str, Face) -> f64,
}

impl Stage<'_> {
    fn draw_axes(&mut self, (width, height): (f64, f64)) {
        let (chart, plot) = (self.chart, self.plot);
        for tick in chart.y.ticks.iter().filter(|tick| on_axis(&chart.y, tick.value)) {
            let y = in_plot(plot, (0.0, chart.y.position(tick.value))).1;
            self.rule((plot.left, y), (plot.right(), y), "grid");
        }
        for tick in chart.x.ticks.iter().filter(|tick| on_axis(&chart.x, tick.value)) {
            let x = in_plot(plot, (chart.x.position(tick.value), 0.0)).0;
            self.rule((x, plot.top), (x, plot.bottom()), "grid");
        }
        self.rule((plot.left, plot.bottom()), (plot.right(), plot.bottom()), "axis");
        self.rule((plot.left, plot.top), (plot.left, plot.bottom()), "axis");

        let level = |axis: &Axis, value: f64| axis.position(value);
        let mut last = f64::INFINITY;
        for tick in chart.y.ticks.iter().filter(|tick| !tick.label.is_empty() && on_axis(&chart.y, tick.value)) {
            let y = in_plot(plot, (0.0, level(&chart.y, tick.value))).1;
            if last - y >= LINE {
                self.words(&tick.label, (plot.left - GAP, y), Align::End, TICK, "muted");
                last = y;
            }
        }
        let below = plot.bottom() + GAP / 2.0 + LINE / 2.0;
        for (x, label) in self.labels_with_room() {
            self.words(&label, (x, below), Align::Middle, TICK, "muted");
        }
        self.words(&chart.y.label, (0.0, LINE / 2.0), Align::Start, TITLE, "muted");
        let middle = if width < 480.0 { width / 2.0 } else { plot.left + plot.width / 2.0 };
        self.words(&chart.x.label, (middle, height - LINE / 2.0), Align::Middle, TITLE, "muted");
    }

    /// Each label of the horizontal axis, or every second, third and so on: as many as fit side by side.
    fn labels_with_room(&mut self) -> Vec<(f64, String)> {
        let axis = &self.chart.x;
        let ticks: Vec<(f64, f64, &str)> = axis
            .ticks
            .iter()
            .filter(|tick| !tick.label.is_empty() && on_axis(axis, tick.value))
            .map(|tick| {
                let x = in_plot(self.plot, (axis.position(tick.value), 0.0)).0;
                (x, (self.measure)(&tick.label, TICK), tick.label.as_str())
            })
            .collect();
        let has_room = |step: usize| {
            let kept: Vec<_> = ticks.iter().step_by(step).collect();
            kept.windows(2).all(|pair| pair[0].0 + (pair[0].1 + pair[1].1) / 2.0 + GAP <= pair[1].0)
        };
        let step = (1..=ticks.len()).find(|step| has_room(*step)).unwrap_or(1);
        ticks.iter().step_by(step).map(|(x, _, label)| (*x, (*label).to_owned())).collect()
    }

    /// Draws a line and returns its visible pieces.
    fn draw_line(&mut self, number: usize, series: &Series) -> Vec<Vec<Spot>> {
        let chart = self.chart;
        let place = |point: &Point| (chart.x.position(point.x), chart.y.position(point.y));
        let places: Vec<clip::Place> = series.points.iter().map(place).collect();
        let pieces: Vec<Vec<Spot>> = clip::inside(&places)
            .into_iter()
            .map(|piece| piece.into_iter().map(|place| in_plot(self.plot, place)).collect())
            .collect();
        if series.ink == Ink::Limit {
            self.zones.extend(pieces.iter().filter_map(|piece| zone_above(self.plot, piece)));
        }
        for points in &pieces {
            self.room.draw_line(number, points);
            self.shapes.push(Shape::Line {
                points: points.clone(),
                colour: series.ink.token(),
                width: if series.emphasis { 2.75 } else { 1.5 },
                dashed: series.stroke == Stroke::Dashed,
            });
        }
        pieces
    }

    /// Draws marks at the points between the axes and returns where they are.
    fn draw_points(&mut self, series: &Series) -> Vec<Spot> {
        let chart = self.chart;
        let spots: Vec<Spot> = series
            .points
            .iter()
            .filter(|point| is_inside(chart, point.x, point.y))
            .map(|point| spot(chart, self.plot, point.x, point.y))
            .collect();
        let radius = if series.emphasis { 5.5 } else { 4.0 };
        for at in &spots {
            self.dot(*at, radius, series.ink);
        }
        spots
    }

    fn draw_mark(&mut self, mark: &Mark) {
        let at = spot(self.chart, self.plot, mark.x, mark.y);
        if mark.ink == Ink::Current {
            self.shapes.push(Shape::Disc { at, radius: 8.0, colour: "current" });
            self.shapes.push(Shape::Disc { at, radius: 6.0, colour: "surface" });
            self.shapes.push(Shape::Disc { at, radius: 3.5, colour: "current" });
            self.room.take(square(at, 8.0));
        } else {
            self.dot(at, 4.0, mark.ink);
        }
    }

    /// A small mark with a rim, so that marks over marks stay apart. Its form says what its colour says: a disc has
    /// room in a diamond.
    fn dot(&mut self, at: Spot, radius: f64, ink: Ink) {
        let colour = ink.token();
        if is_angular(ink) {
            self.shapes.push(Shape::Disc { at, radius: radius + 1.0, colour: "surface" });
            for (width, colour) in [(4.5, "surface"), (2.0, colour)] {
                self.shapes.push(Shape::Line { points: diamond(at, radius + 4.0), colour, width, dashed: false });
            }
        } else {
            self.shapes.push(Shape::Disc { at, radius: radius + 1.5, colour: "surface" });
            self.shapes.push(Shape::Disc { at, radius, colour });
        }
        self.room.take(square(at, radius + 1.0));
    }

    fn name_mark(&mut self, mark: &Mark) {
        let at = spot(self.chart, self.plot, mark.x, mark.y);
        let face = if mark.ink == Ink::Current { STRONG } else { NAME };
        let size = self.label_size(&mark.label, face);
        let place = self.room.place(around(at, size, 10.0), None);
        self.label(place, &mark.label, face, mark.ink);
    }

    fn name_points(&mut self, series: &Series, spots: &[Spot]) {
        let size = self.label_size(&series.name, NAME);
        let place = self.room.place(spots.iter().rev().flat_map(|spot| around(*spot, size, 8.0)), None);
        self.label(place, &series.name, NAME, series.ink);
    }

    /// Names a line by words set into it, near its end or further back where there is more room.
    fn name_line(&mut self, number: usize, series: &Series, pieces: &[Vec<Spot>]) {
        let face = if series.emphasis { STRONG } else { NAME };
        let (width, height) = self.label_size(&series.name, face);
        let Some(longest) = pieces.iter().max_by(|a, b| length(a).total_cmp(&length(b))) else { return };
        let shares = || (1..20).rev().map(|step| f64::from(step) / 20.0);
        let total = length(longest);
        // Where the line is straight for as long as the words are; else above it.
        let is_straight = |share: f64, (x, y): Spot| {
            let reach = width / 2.0 / total;
            let (before, after) = (along(longest, share - reach), along(longest, share + reach));
            before.zip(after).is_some_and(|(a, b)| ((a.0 + b.0) / 2.0 - x).hypot((a.1 + b.1) / 2.0 - y) < 1.0)
        };
        let spots = || shares().filter_map(|share| along(longest, share).map(|spot| (share, spot)));
        let centred = |(x, top): Spot| Area { left: x - width / 2.0, top, width, height };
        let into = spots().filter(|(share, spot)| is_straight(*share, *spot)).map(|(_, (x, y))| (x, y - height / 2.0));
        let above = spots().map(|(_, (x, y))| (x, y - height - 3.0));
        let place = self.room.place(into.map(centred), Some(number));
        let place = place.or_else(|| self.room.place(above.map(centred), None));
        self.label(place, &series.name, face, series.ink);
    }

    fn label_size(&mut self, words: &str, face: Face) -> (f64, f64) {
        ((self.measure)(words, face) + GAP, LINE)
    }

    fn label(&mut self, place: Option<Area>, words: &str, face: Face, ink: Ink) {
        if let Some(place) = place.filter(|_| !words.is_empty()) {
            let middle = (place.left + place.width / 2.0, place.top + place.height / 2.0);
            self.shapes.push(Shape::Ground(place));
            self.words(words, middle, Align::Middle, face, ink.token());
        }
    }

    fn words(&mut self, words: &str, at: Spot, align: Align, face: Face, colour: &'static str) {
        self.shapes.push(Shape::Words { words: words.to_owned(), at, align, face, colour });
    }

    fn rule(&mut self, from: Spot, to: Spot, colour: &'static str) {
        self.shapes.push(Shape::Line { points: vec![from, to], colour, width: 1.0, dashed: false });
    }
}

/// The part of the plot beyond a level limit.
fn zone_above(plot: Area, limit: &[Spot]) -> Option<Shape> {
    let (from, to) = (limit.first()?, limit.last()?);
    let zone = Area { left: from.0, top: plot.top, width: to.0 - from.0, height: from.1 - plot.top };
    (from.1 == to.1).then_some(Shape::Zone(zone))
}

/// Whether marks of this ink are diamonds rather than discs.
pub fn is_angular(ink: Ink) -> bool {
    ink == Ink::Prefill
}

fn on_axis(axis: &Axis, value: f64) -> bool {
    (-1e-9..=1.0 + 1e-9).contains(&axis.position(value))
}

fn square((x, y): Spot, half: f64) -> Area {
    Area { left: x - half, top: y - half, width: 2.0 * half, height: 2.0 * half }
}

fn length(line: &[Spot]) -> f64 {
    line.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum()
}

fn diamond((x, y): Spot, radius: f64) -> Vec<Spot> {
    vec![(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius)]
}

/// The spot at a share of a line's length.
fn along(line: &[Spot], share: f64) -> Option<Spot> {
    let mut left = share * length(line);
    for pair in line.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let step = dx.hypot(dy);
        if left <= step && step > 0.0 {
            return Some((pair[0].0 + dx * left / step, pair[0].1 + dy * left / step));
        }
        left -= step;
    }
    line.last().copied()
}
