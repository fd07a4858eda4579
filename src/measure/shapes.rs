//! Outlines of what was measured, as paths of SVG: the page and the report that leaves it draw the same.

use crate::measure::decimal::fixed;
use crate::measure::report::Digit;

/// Equal steps in a box of 1000 by 100, each as high as its share of the greatest value, up to a share of the width: where
/// something is over there is no line.
#[must_use]
pub fn steps(values: &[f64], most: f64, until: f64) -> String {
    let end = (until * 1e3).round() as usize;
    let step = |(place, value): (usize, &f64)| {
        let to = ((place + 1) * 1_000 / values.len()).min(end);
        // A little room above, so that no line is cut in half.
        format!("V{}H{to}", fixed(100.0 - value / most * 98.0, 1))
    };
    let is_reached = |(place, _): &(usize, &f64)| place * 1_000 < end * values.len();
    let steps: String = values.iter().enumerate().take_while(is_reached).map(step).collect();
    format!("M0 100{steps}V100")
}

/// The pixels of a digit in a box of 8 by 8: an opacity and a path for each quarter of brightness, which is as much as
/// the eye tells apart at the size of a stamp.
#[must_use]
pub fn shades(digit: &Digit) -> Vec<(String, String)> {
    /// The side of a picture in pixels.
    const SIDE: usize = 8;
    let level = |brightness: f32| (brightness * 4.0).ceil() as u32;
    let path = |of: u32| {
        let places = digit.pixels.iter().enumerate().filter(|(_, brightness)| level(**brightness) == of);
        places.map(|(place, _)| format!("M{} {}h1v1h-1z", place % SIDE, place / SIDE)).collect::<String>()
    };
    (1..=4).map(|of| (fixed(f64::from(of) / 4.0, 2), path(of))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_where_something_is_over() {
        assert_eq!(steps(&[1.0, 2.0, 4.0, 4.0], 4.0, 0.5), "M0 100V75.5H250V51.0H500V100");
    }

    #[test]
    fn every_pixel_that_is_lit_stands_in_one_shade() {
        let pixels = (0..64).map(|place| place as f32 / 63.0).collect();
        let shades = shades(&Digit { pixels, label: 0, predicted: 0 });
        let lit: usize = shades.iter().map(|(_, path)| path.matches('M').count()).sum();
        assert_eq!((shades.len(), lit), (4, 63));
        assert!(shades[3].0 == "1.00" && shades[3].1.ends_with("M7 7h1v1h-1z"));
    }
}
