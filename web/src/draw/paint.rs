//! Painting a chart with plotters, on a canvas or any other of its backends.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle};
use plotters::prelude::{DrawingArea, DrawingBackend, IntoDrawingArea, RGBColor, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor};
use ridgepoint_calculator::chart::Chart;

use super::label::Area;
use super::scene::{Hidden, scene};
use super::shape::{Align, Face, Shape, Spot};

/// How a chart is to look.
pub struct Look<'a> {
    /// Width and height in CSS pixels.
    pub size: (f64, f64),
    /// Units of the backend for each CSS pixel.
    pub units: f64,
    /// The colour of a style token.
    pub colours: &'a dyn Fn(&'static str) -> RGBColor,
    /// The names of fonts, as in CSS.
    pub font: &'a str,
    /// Series to leave out.
    pub hidden: Hidden,
}

/// Paints a chart and returns the rectangle between its axes, in CSS pixels.
pub fn paint<DB: DrawingBackend>(
    backend: DB,
    chart: &Chart,
    look: &Look<'_>,
) -> Result<Area, DrawingAreaErrorKind<DB::ErrorType>> {
    let area = backend.into_drawing_area();
    let scene = scene(chart, look.size, look.hidden, &mut |words, face| {
        let width = area.estimate_text_size(words, &text_style(look, face, "text", Align::Start));
        width.map_or(0.0, |(width, _)| f64::from(width) / look.units)
    });
    for shape in &scene.shapes {
        paint_shape(&area, shape, look)?;
    }
    area.present()?;
    Ok(scene.plot)
}

fn paint_shape<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    shape: &Shape,
    look: &Look<'_>,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let units = |length: f64| (length * look.units).round() as i32;
    let at = |spot: &Spot| (units(spot.0), units(spot.1));
    let rectangle = |area: &Area, colour: RGBAColor| {
        Rectangle::new([at(&(area.left, area.top)), at(&(area.right(), area.bottom()))], colour.filled())
    };
    match shape {
        Shape::Line { points, colour, width, dashed } => {
            let style = (look.colours)(colour).stroke_width(units(*width).unsigned_abs());
            let points: Vec<_> = points.iter().map(at).collect();
            if *dashed {
                area.draw(&DashedPathElement::new(points, units(6.0), units(4.0), style))
            } else {
                area.draw(&PathElement::new(points, style))
            }
        }
        Shape::Disc { at: centre, radius, colour } => {
            area.draw(&Circle::new(at(centre), units(*radius), (look.colours)(colour).filled()))
        }
        Shape::Ground(ground) => area.draw(&rectangle(ground, (look.colours)("surface").mix(0.9))),
        Shape::Zone(zone) => area.draw(&rectangle(zone, (look.colours)("limit").mix(0.06))),
        Shape::Words { words, at: spot, align, face, colour } => {
            area.draw_text(words, &text_style(look, *face, colour, *align), at(spot))
        }
    }
}

fn text_style<'a>(look: &Look<'a>, face: Face, colour: &'static str, align: Align) -> TextStyle<'a> {
    let style = if face.bold { FontStyle::Bold } else { FontStyle::Normal };
    let side = match align {
        Align::Start => HPos::Left,
        Align::Middle => HPos::Center,
        Align::End => HPos::Right,
    };
    TextStyle {
        font: FontDesc::new(FontFamily::Name(look.font), face.size * look.units, style),
        color: (look.colours)(colour).to_backend_color(),
        pos: Pos::new(side, VPos::Center),
    }
}
