//! Finding room for labels: near what they name, off the lines, and never over one another.

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Whether two areas share more than an edge.
    pub fn meets(&self, other: &Self) -> bool {
        self.left < other.right() && other.left < self.right() && self.top < other.bottom() && other.top < self.bottom()
    }

    /// Whether the other area lies within this one.
    pub fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    fn has(&self, (x, y): (f64, f64)) -> bool {
        self.left <= x && x <= self.right() && self.top <= y && y <= self.bottom()
    }
}

/// The room that is left in a plot.
#[derive(Debug)]
pub struct Room {
    bounds: Area,
    taken: Vec<Area>,
    /// Samples of the lines, each with the number of its line.
    ink: Vec<(usize, (f64, f64))>,
}

/// Distance between neighbouring samples of a line, in CSS pixels.
const SAMPLING: f64 = 4.0;

impl Room {
    /// An empty plot.
    pub fn new(bounds: Area) -> Self {
        Self { bounds, taken: Vec::new(), ink: Vec::new() }
    }

    /// Remembers a piece of a numbered line, which labels may cross if they must.
    pub fn draw_line(&mut self, number: usize, line: &[(f64, f64)]) {
        for pair in line.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let steps = (dx.hypot(dy) / SAMPLING).ceil().clamp(1.0, 1000.0);
            for step in 0..=steps as u32 {
                let t = f64::from(step) / steps;
                self.ink.push((number, (pair[0].0 + t * dx, pair[0].1 + t * dy)));
            }
        }
    }

    /// Remembers a mark, which no label may cover.
    pub fn take(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// The best of several places, in order of preference: inside the plot, over nothing else, across the least ink.
    /// A label of a line may cross that line. `None` when each place would cover another label or mark.
    pub fn place(&mut self, places: impl IntoIterator<Item = Area>, own: Option<usize>) -> Option<Area> {
        let crossed =
            |place: &Area| self.ink.iter().filter(|(line, spot)| Some(*line) != own && place.has(*spot)).count();
        let best = places
            .into_iter()
            .filter(|place| self.bounds.holds(place) && !self.taken.iter().any(|taken| taken.meets(place)))
            .map(|place| (crossed(&place), place))
            .min_by_key(|(crossed, _)| *crossed)?
            .1;
        self.taken.push(best);
        Some(best)
    }
}

/// Eight places around a point: above and below, right and left of it, level with it, and centred.
pub fn around((x, y): (f64, f64), (width, height): (f64, f64), gap: f64) -> impl Iterator<Item = Area> {
    let diagonal = gap * 0.7;
    [
        (x + diagonal, y - diagonal - height),
        (x - diagonal - width, y - diagonal - height),
        (x + diagonal, y + diagonal),
        (x - diagonal - width, y + diagonal),
        (x + gap, y - height / 2.0),
        (x - gap - width, y - height / 2.0),
        (x - width / 2.0, y - gap - height),
        (x - width / 2.0, y + gap),
    ]
    .into_iter()
    .map(move |(left, top)| Area { left, top, width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_point_do_not_cover_each_other() {
        let mut room = Room::new(Area { left: 0.0, top: 0.0, width: 400.0, height: 200.0 });
        let placed: Vec<Area> =
            (0..8).filter_map(|_| room.place(around((200.0, 100.0), (60.0, 14.0), 8.0), None)).collect();
        assert!(placed.len() >= 4);
        for (index, area) in placed.iter().enumerate() {
            assert!(placed[..index].iter().all(|other| !other.meets(area)));
        }
    }

    #[test]
    fn a_label_near_an_edge_flips_to_the_inside() {
        let mut room = Room::new(Area { left: 0.0, top: 0.0, width: 400.0, height: 200.0 });
        let placed = room.place(around((395.0, 5.0), (60.0, 14.0), 8.0), None);
        assert!(placed.is_some_and(|area| area.right() <= 395.0 && area.top >= 5.0));
    }

    #[test]
    fn a_label_keeps_off_a_line_when_it_can() {
        let mut room = Room::new(Area { left: 0.0, top: 0.0, width: 400.0, height: 200.0 });
        room.draw_line(0, &[(200.0, 100.0), (300.0, 50.0)]);
        let placed = room.place(around((200.0, 100.0), (60.0, 14.0), 8.0), None);
        assert!(placed.is_some_and(|area| area.right() <= 200.0));
    }
}
