//! Painting a chart with plotters, on a canvas or any other of its backends.

use plotters::element::{DashedPathElement, Drawable};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, RGBAColor, RGBColor, TextStyle};
use plotters_backend::{DrawingBackend, DrawingErrorKind};
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
    mut backend: DB,
    chart: &Chart,
    look: &Look<'_>,
) -> Result<Area, DrawingErrorKind<DB::ErrorType>> {
    backend.ensure_prepared()?;
    let scene = scene(chart, look.size, look.hidden, &mut |words, face| {
        let width = backend.estimate_text_size(words, &text_style(look, face, "text", Align::Start));
        width.map_or(0.0, |(width, _)| f64::from(width) / look.units)
    });
    for shape in &scene.shapes {
        paint_shape(&mut backend, shape, look)?;
    }
    backend.present()?;
    Ok(scene.plot)
}

fn paint_shape<DB: DrawingBackend>(
    backend: &mut DB,
    shape: &Shape,
    look: &Look<'_>,
) -> Result<(), DrawingErrorKind<DB::ErrorType>> {
    let units = |length: f64| (length * look.units).round() as i32;
    let at = |spot: &Spot| (units(spot.0), units(spot.1));
    let fill = |backend: &mut DB, area: &Area, colour: RGBAColor| {
        backend.draw_rect(at(&(area.left, area.top)), at(&(area.right(), area.bottom())), &colour, true)
    };
    match shape {
        Shape::Line { points, colour, width, dashed } => {
            let style = (look.colours)(colour).stroke_width(units(*width).unsigned_abs());
            let points: Vec<_> = points.iter().map(at).collect();
            if *dashed {
                let size = backend.get_size();
                DashedPathElement::new(points.clone(), units(6.0), units(4.0), style).draw(
                    points.into_iter(),
                    backend,
                    size,
                )
            } else {
                backend.draw_path(points, &style)
            }
        }
        Shape::Disc { at: centre, radius, colour } => {
            backend.draw_circle(at(centre), units(*radius).unsigned_abs(), &(look.colours)(colour), true)
        }
        Shape::Ground(ground) => fill(backend, ground, (look.colours)("surface").mix(0.9)),
        Shape::Zone(zone) => fill(backend, zone, (look.colours)("limit").mix(0.06)),
        Shape::Words { words, at: spot, align, face, colour } => {
            backend.draw_text(words, &text_style(look, *face, colour, *align), at(spot))
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
