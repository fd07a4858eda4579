//! The bands of the timeline: how high each part of a run is drawn, and whether its tasks have lanes of their own.

/// The height of a lane with room for a name, in CSS pixels.
pub const LANE: f64 = 18.0;

/// The lowest lane in which a bar can still be pointed at.
const LOWEST_LANE: f64 = 5.0;

/// The height of a part that is folded into one shape.
const FOLDED: f64 = 44.0;

/// The greatest height of a part that the reader has opened.
const OPENED: f64 = 288.0;

/// The lanes of one part of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The height of all its lanes, in CSS pixels.
    pub height: f64,
    /// The height of one lane; `None` if the part is folded into one shape.
    pub lane: Option<f64>,
}

impl Band {
    fn with_lanes(rows: u32, lane: f64) -> Self {
        Self { height: (f64::from(rows.max(1)) * lane).round(), lane: Some(lane) }
    }

    /// The number of lanes that are visible at once, which may be a fraction.
    #[must_use]
    pub fn visible_rows(self) -> f64 {
        self.lane.map_or(0.0, |lane| self.height / lane)
    }
}

/// The bands of parts with these numbers of rows, so that all of them need at most `room` CSS pixels, if that is
/// possible. Lanes get lower first; then the parts with most rows are folded. The part that the reader has opened has
/// lanes in any case; if it has more than can be seen, it shows some of them.
///
/// ```
/// use interleave::figures::bands::bands;
///
/// let heights = |rows: &[u32]| bands(rows, 200.0, None).iter().map(|band| band.height).collect::<Vec<_>>();
/// assert_eq!(heights(&[1, 2]), [18.0, 36.0]);
/// assert_eq!(heights(&[1, 10_000]), [18.0, 44.0]);
/// ```
#[must_use]
pub fn bands(rows: &[u32], room: f64, opened: Option<usize>) -> Vec<Band> {
    let mut bands: Vec<Option<Band>> = vec![None; rows.len()];
    let mut left = room;
    if let Some(rows) = opened.and_then(|opened| rows.get(opened)) {
        let band = open(*rows);
        left -= band.height;
        bands[opened.unwrap_or_default()] = Some(band);
    }
    loop {
        let free: Vec<usize> = (0..rows.len()).filter(|part| bands[*part].is_none()).collect();
        let lanes: f64 = free.iter().map(|part| f64::from(rows[*part].max(1))).sum();
        let lane = (left / lanes).floor().min(LANE);
        if free.is_empty() || lane >= LOWEST_LANE {
            let complete = |(part, band): (usize, Option<Band>)| band.unwrap_or(Band::with_lanes(rows[part], lane));
            return bands.into_iter().enumerate().map(complete).collect();
        }
        // A part with few rows would not get lower by folding.
        let largest = free.into_iter().max_by_key(|part| rows[*part]).unwrap_or_default();
        let lowest = Band::with_lanes(rows[largest], LOWEST_LANE);
        let band = if lowest.height > FOLDED { Band { height: FOLDED, lane: None } } else { lowest };
        left -= band.height;
        bands[largest] = Some(band);
    }
}

/// The band of the part that the reader has opened.
fn open(rows: u32) -> Band {
    let all = Band::with_lanes(rows, LANE);
    Band { height: all.height.min(OPENED), ..all }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lanes_get_lower_before_a_part_is_folded() {
        let lower = bands(&[10, 10], 200.0, None);
        assert_eq!(lower, [Band { height: 100.0, lane: Some(10.0) }; 2]);
        let folded = bands(&[10, 100], 200.0, None);
        assert_eq!(folded, [Band { height: 150.0, lane: Some(15.0) }, Band { height: 44.0, lane: None }]);
    }

    #[test]
    fn an_opened_part_has_lanes_and_shows_some_of_them() {
        let opened = bands(&[1, 10_000], 200.0, Some(1));
        assert_eq!(opened[1], Band { height: 288.0, lane: Some(18.0) });
        assert_eq!(opened[1].visible_rows(), 16.0);
        assert_eq!(bands(&[1, 3], 200.0, Some(1))[1].height, 54.0);
    }

    #[test]
    fn no_parts_and_parts_without_rows_have_bands_too() {
        assert_eq!(bands(&[], 200.0, Some(3)), []);
        assert_eq!(bands(&[0], 200.0, None), [Band { height: 18.0, lane: Some(18.0) }]);
    }

    proptest! {
        #[test]
        fn the_bands_fit_unless_all_parts_are_as_low_as_they_get(
            rows in prop::collection::vec(0..2_000_u32, 0..20), room in 50.0..800.0_f64,
        ) {
            let bands = bands(&rows, room, None);
            let height: f64 = bands.iter().map(|band| band.height).sum();
            let is_lowest = bands.iter().all(|band| band.lane.is_none_or(|lane| lane <= LOWEST_LANE));
            prop_assert!(height <= room || is_lowest, "{} in {}", height, room);
        }
    }
}
