//! Handwritten digits as a report shows them: the prediction for each, and the picture as SVG paths.

use serde::{Deserialize, Serialize};

/// A handwritten digit and the classifier's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Digit {
    /// The brightness of its pixels, 0 to 1, row by row from the top: 64 values.
    pub pixels: Vec<f32>,
    /// The true digit, 0 to 9.
    pub label: u8,
    /// The digit that the classifier predicts, 0 to 9.
    pub predicted: u8,
}

impl Digit {
    /// True if the classifier is right.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.label == self.predicted
    }

    /// A sentence about digits that were drawn at random with a seed.
    #[must_use]
    pub fn summary(digits: &[Self], seed: u64) -> String {
        let (n, right) = (digits.len(), digits.iter().filter(|digit| digit.is_right()).count());
        format!("{n} images of the data set, chosen with seed {seed}. {right} of them were classified correctly.")
    }
}

/// The pixels of a digit in a box of 8 by 8: an opacity and a path for each of four levels of brightness. More levels
/// could not be seen at the size of a stamp.
#[must_use]
pub fn shades(digit: &Digit) -> Vec<(String, String)> {
    /// The side of a picture in pixels.
    const SIDE: usize = 8;
    let level = |brightness: f32| (brightness * 4.0).ceil() as u32;
    let path = |of: u32| {
        let places = digit.pixels.iter().enumerate().filter(|(_, brightness)| level(**brightness) == of);
        places.map(|(place, _)| format!("M{} {}h1v1h-1z", place % SIDE, place / SIDE)).collect::<String>()
    };
    (1..=4).map(|of| (format!("{:.2}", f64::from(of) / 4.0), path(of))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bright_pixel_is_in_one_shade() {
        let pixels = (0..64).map(|place| place as f32 / 63.0).collect();
        let shades = shades(&Digit { pixels, label: 0, predicted: 0 });
        let lit: usize = shades.iter().map(|(_, path)| path.matches('M').count()).sum();
        assert_eq!((shades.len(), lit), (4, 63));
        assert!(shades[3].0 == "1.00" && shades[3].1.ends_with("M7 7h1v1h-1z"));
    }
}
