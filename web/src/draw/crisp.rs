//! The canvas backend of plotters with sub-pixel coordinates, so that lines are smooth and edges sharp at any density.
//!
//! Plotters counts in whole pixels. Here one device pixel counts as [`GRID`] units, and the canvas' own transformation
//! scales them down again.

use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Units of a device pixel.
const GRID: i32 = 16;

/// A canvas that counts in sixteenths of a device pixel.
pub struct Crisp {
    canvas: CanvasBackend,
    context: CanvasRenderingContext2d,
    units: (u32, u32),
}

/// What goes wrong on a canvas, and the result of drawing on it.
type Drawn = Result<(), DrawingErrorKind<<CanvasBackend as DrawingBackend>::ErrorType>>;

impl Crisp {
    /// Clears a canvas and gives it the resolution for a size in CSS pixels at a number of device pixels for each.
    pub fn on(canvas: &HtmlCanvasElement, width: f64, height: f64, pixel_ratio: f64) -> Option<Self> {
        let pixels = |length: f64| (length * pixel_ratio).round().max(1.0) as u32;
        canvas.set_width(pixels(width));
        canvas.set_height(pixels(height));
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let scale = 1.0 / f64::from(GRID);
        context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).ok()?;
        context.set_line_join("round");
        let units = (canvas.width() * GRID as u32, canvas.height() * GRID as u32);
        Some(Self { canvas: CanvasBackend::with_canvas_object(canvas.clone())?, context, units })
    }

    /// Units of a CSS pixel.
    pub fn units_per_pixel(pixel_ratio: f64) -> f64 {
        pixel_ratio * f64::from(GRID)
    }
}

/// A stroke of another width than the one asked for.
struct Widened {
    colour: BackendColor,
    width: u32,
}

impl BackendStyle for Widened {
    fn color(&self) -> BackendColor {
        self.colour
    }

    fn stroke_width(&self) -> u32 {
        self.width
    }
}

/// The nearest edge between two device pixels.
fn edge(unit: i32) -> i32 {
    (unit + GRID / 2).div_euclid(GRID) * GRID
}

/// Where an upright or level stroke of so many device pixels covers them fully.
fn centre(unit: i32, width: i32) -> i32 {
    if width % 2 == 0 { edge(unit) } else { unit.div_euclid(GRID) * GRID + GRID / 2 }
}

impl DrawingBackend for Crisp {
    type ErrorType = <CanvasBackend as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.units
    }

    fn ensure_prepared(&mut self) -> Drawn {
        self.canvas.ensure_prepared()
    }

    fn present(&mut self) -> Drawn {
        self.canvas.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        self.canvas.draw_pixel(point, colour)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Drawn {
        self.canvas.draw_rect((edge(from.0), edge(from.1)), (edge(to.0), edge(to.1)), style, fill)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let mut path: Vec<BackendCoord> = path.into_iter().collect();
        let mut width = style.stroke_width() as i32;
        if let [from, to] = path.as_mut_slice()
            && (from.0 == to.0 || from.1 == to.1)
        {
            let pixels = ((width + GRID / 2) / GRID).max(1);
            width = pixels * GRID;
            if from.0 == to.0 {
                from.0 = centre(from.0, pixels);
                to.0 = from.0;
            } else {
                from.1 = centre(from.1, pixels);
                to.1 = from.1;
            }
        }
        self.canvas.draw_path(path, &Widened { colour: style.color(), width: width as u32 })
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Drawn {
        self.canvas.draw_circle(centre, radius, style, fill)
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.canvas.fill_polygon(path, style)
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn {
        self.canvas.draw_text(text, style, (at.0, edge(at.1)))
    }

    /// As wide as the browser will draw it. The method of plotters would put an element into the page to find out.
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Self::ErrorType>> {
        let (face, size) = (style.style(), style.size());
        self.context.set_font(&format!("{} {size}px {}", face.as_str(), style.family().as_str()));
        let width = self.context.measure_text(text).map_or(0.0, |measured| measured.width());
        Ok((width.ceil() as u32, size.ceil() as u32))
    }
}
