//! A classifier of digits: a logistic regression, or a multilayer perceptron with relu between its layers.
//!
//! The logits of an image do not depend on the other images in its batch, so any batching gives the same numbers, bit
//! by bit. `layer` multiplies, and `weights` reads and checks files.

use thiserror::Error;

use crate::digits::{CLASSES, Digits, PIXELS};
use crate::layer::{ActiveInputs, Layer};
pub use crate::weights::ClassifierError;
use crate::weights::Weights;

/// Trained weights that give each image a score for each digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    name: String,
    description: String,
    layers: Vec<Layer>,
}

/// The reason numbers are not valid images.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InputError {
    /// The numbers are not a whole number of images.
    #[error("{found} numbers are not whole images: each has {PIXELS}")]
    WrongLength {
        /// The number of numbers.
        found: usize,
    },
    /// A pixel is not from 0 to 1, or not a number; perhaps it was not scaled.
    #[error("pixel {pixel} of image {image} is {found}, but must be from 0 to 1")]
    OutOfRange {
        /// The index of the image, from 0.
        image: usize,
        /// The index of the pixel in the image, from 0.
        pixel: usize,
        /// The pixel's value.
        found: f32,
    },
}

impl Classifier {
    /// Reads a classifier from a safetensors file.
    ///
    /// The file contains `layers.0.weight` `[outputs, 64]`, `layers.0.bias` `[outputs]` and so on up to 10 outputs, all
    /// float32. Its metadata contain a `name`. The memory used is proportional to the number of bytes, not to the sizes
    /// that the file declares.
    ///
    /// # Errors
    ///
    /// If the bytes are not such a file.
    ///
    /// ```
    /// use inference::classifier::Classifier;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let classifier = Classifier::from_safetensors(&std::fs::read("../static/models/mlp-64-32.safetensors")?)?;
    /// assert_eq!(classifier.name(), "mlp-64-32");
    /// assert_eq!(classifier.layer_sizes(), [64, 64, 32, 10]);
    /// assert_eq!(classifier.parameters(), 6570);
    ///
    /// let error = Classifier::from_safetensors(b"<!DOCTYPE html>").unwrap_err();
    /// assert_eq!(error.to_string(), "found a web page instead of a safetensors file");
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, ClassifierError> {
        let Weights { name, description, layers } = Weights::from_safetensors(bytes)?;
        Ok(Self { name, description, layers })
    }

    /// The classifier's name in its file, such as `mlp-64`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A description in one line, or empty if its file has none.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The width of the input and of each layer's output: 64 first, 10 last.
    #[must_use]
    pub fn layer_sizes(&self) -> Vec<usize> {
        let outputs = self.layers.iter().map(Layer::outputs);
        std::iter::once(PIXELS).chain(outputs).collect()
    }

    /// The number of trained parameters: all weights and biases.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(Layer::parameters).sum()
    }

    /// The score of each digit for each image, `[n, 10]` row by row, before any softmax.
    ///
    /// `images` is `[n, 64]` row by row, with pixels from 0 to 1 as [`Digits::scale`] gives them. Without images
    /// there are no logits. Logits are finite unless the weights are so large that sums overflow.
    ///
    /// # Errors
    ///
    /// If the numbers are not whole images, or one of them is not from 0 to 1.
    pub fn logits(&self, images: &[f32]) -> Result<Vec<f32>, InputError> {
        check_images(images)?;
        let mut logits = Vec::with_capacity(images.len() / PIXELS * CLASSES);
        self.for_each_logits(images, |row| logits.extend_from_slice(row));
        Ok(logits)
    }

    /// The digit with the greatest score for each image, `[n]`. If two scores are equal, the smaller digit.
    ///
    /// `images` is `[n, 64]` row by row, with pixels from 0 to 1 as [`Digits::scale`] gives them.
    ///
    /// # Errors
    ///
    /// If the numbers are not whole images, or one of them is not from 0 to 1.
    pub fn predict(&self, images: &[f32]) -> Result<Vec<u8>, InputError> {
        check_images(images)?;
        let mut digits = Vec::with_capacity(images.len() / PIXELS);
        self.for_each_logits(images, |row| digits.push(greatest(row)));
        Ok(digits)
    }

    /// The number of images whose prediction equals the label, from 0 to `digits.len()`.
    #[must_use]
    pub fn correct(&self, digits: &Digits) -> usize {
        let mut labels = digits.labels().iter();
        let mut correct = 0;
        self.for_each_logits(&digits.scale(), |row| correct += usize::from(labels.next() == Some(&greatest(row))));
        correct
    }

    /// Calls `take` with the logits of each image. All images share the same memory.
    fn for_each_logits(&self, images: &[f32], mut take: impl FnMut(&[f32])) {
        let mut inputs = ActiveInputs::default();
        let mut outputs = Vec::new();
        for image in images.chunks_exact(PIXELS) {
            inputs.keep(image);
            for (index, layer) in self.layers.iter().enumerate() {
                if index > 0 {
                    inputs.keep(&outputs);
                }
                layer.forward(&inputs, &mut outputs);
            }
            take(&outputs);
        }
    }
}

fn check_images(images: &[f32]) -> Result<(), InputError> {
    if !images.len().is_multiple_of(PIXELS) {
        return Err(InputError::WrongLength { found: images.len() });
    }
    // All pixels are checked first, without an early return, so that the compiler can use vectors.
    if images.iter().fold(true, |scaled, pixel| scaled & is_scaled(pixel)) {
        return Ok(());
    }
    match images.iter().position(|pixel| !is_scaled(pixel)) {
        Some(index) => {
            Err(InputError::OutOfRange { image: index / PIXELS, pixel: index % PIXELS, found: images[index] })
        }
        None => Ok(()),
    }
}

fn is_scaled(pixel: &f32) -> bool {
    (0.0..=1.0).contains(pixel)
}

/// The index of the greatest score. If several are equal, the first.
pub(crate) fn greatest(scores: &[f32]) -> u8 {
    let mut best = 0;
    for (digit, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = digit;
        }
    }
    best as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_score_wins_and_the_smaller_digit_if_two_are_equal() {
        assert_eq!(greatest(&[0.0, 3.0, 1.0]), 1);
        assert_eq!(greatest(&[2.0, 3.0, 3.0]), 1);
        assert_eq!(greatest(&[0.0; CLASSES]), 0);
        assert_eq!(greatest(&[-2.0, -3.0, -1.0]), 2);
        assert_eq!(greatest(&[]), 0);
    }

    #[test]
    fn numbers_that_are_not_images_are_refused_with_the_cause() {
        assert_eq!(check_images(&[0.5; 2 * PIXELS]), Ok(()));
        assert_eq!(check_images(&[]), Ok(()));
        assert_eq!(check_images(&[0.5; 65]), Err(InputError::WrongLength { found: 65 }));

        let mut images = [0.5; 2 * PIXELS];
        images[PIXELS + 3] = 16.0;
        let error = check_images(&images).expect_err("16 is not a scaled pixel");
        assert_eq!(error.to_string(), "pixel 3 of image 1 is 16, but must be from 0 to 1");
        images[PIXELS + 3] = f32::NAN;
        let error = check_images(&images).expect_err("NaN is not a pixel");
        assert!(matches!(error, InputError::OutOfRange { image: 1, pixel: 3, .. }));
        assert_eq!(error.to_string(), "pixel 3 of image 1 is NaN, but must be from 0 to 1");
    }
}
