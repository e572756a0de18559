//! Cutting lines at the edges of the plot. Plotters would bend them along the edge instead.

/// A position in the plot: 0 to 1 rightwards and upwards.
pub type Place = (f64, f64);

/// The pieces of a line that lie inside the unit square, as polylines.
///
/// ```
/// # use ridgepoint_web::draw::clip::inside;
/// // A line that enters on the left and leaves through the top.
/// assert_eq!(inside(&[(-0.5, 0.0), (0.5, 0.5), (1.0, 1.5)]), [vec![(0.0, 0.25), (0.5, 0.5), (0.75, 1.0)]]);
/// ```
pub fn inside(line: &[Place]) -> Vec<Vec<Place>> {
    let mut pieces: Vec<Vec<Place>> = Vec::new();
    for pair in line.windows(2) {
        let Some((from, to)) = segment_inside(pair[0], pair[1]) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&from) => piece.push(to),
            Some(_) | None => pieces.push(vec![from, to]),
        }
    }
    pieces
}

/// The part of a segment inside the unit square, by the method of Liang and Barsky.
fn segment_inside(from: Place, to: Place) -> Option<(Place, Place)> {
    if ![from.0, from.1, to.0, to.1].iter().all(|value| value.is_finite()) {
        return None;
    }
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (speed, distance) in [(-dx, from.0), (dx, 1.0 - from.0), (-dy, from.1), (dy, 1.0 - from.1)] {
        if speed == 0.0 {
            if distance < 0.0 {
                return None;
            }
        } else if speed < 0.0 {
            enters = enters.max(distance / speed);
        } else {
            leaves = leaves.min(distance / speed);
        }
    }
    let at = |t: f64| {
        if t <= 0.0 {
            from
        } else if t >= 1.0 {
            to
        } else {
            (from.0 + t * dx, from.1 + t * dy)
        }
    };
    (enters <= leaves).then(|| (at(enters), at(leaves)))
}
