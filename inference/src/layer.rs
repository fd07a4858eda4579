//! One fully connected layer: `outputs = weight × inputs + bias`.
//!
//! Only inputs above zero are used. Half of a digit's pixels are zero, and so are the hidden units that relu turns off,
//! which saves half of the arithmetic. For this, the weights of an input are next to each other in memory, and sixteen
//! outputs are summed at a time.

use crate::lanes::{LANES, Lanes};

/// The weights of one layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    inputs: usize,
    outputs: usize,
    tiles: Vec<Tile>,
}

/// Sixteen outputs of a layer. The last tile is padded with zeros.
#[derive(Clone, Debug, PartialEq)]
struct Tile {
    bias: Lanes,
    /// By input, then by output.
    weight: Vec<Lanes>,
}

/// The inputs above zero, each with its index.
#[derive(Debug, Default)]
pub(crate) struct ActiveInputs {
    kept: usize,
    /// Only the first `kept` entries are valid.
    entries: Vec<(usize, f32)>,
}

impl Layer {
    /// A layer from its weight, `[bias.len(), inputs]` row by row, and its bias.
    pub(crate) fn new(inputs: usize, weight: &[f32], bias: &[f32]) -> Self {
        debug_assert_eq!(weight.len(), inputs * bias.len());
        let rows: Vec<_> = weight.chunks_exact(inputs.max(1)).collect();
        let tiles =
            rows.chunks(LANES).zip(bias.chunks(LANES)).map(|(rows, bias)| Tile::new(inputs, rows, bias)).collect();
        Self { inputs, outputs: bias.len(), tiles }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of trained parameters.
    pub(crate) fn parameters(&self) -> usize {
        (self.inputs + 1) * self.outputs
    }

    /// Replaces `outputs` with the layer's outputs for the inputs, `[outputs]`.
    ///
    /// # Panics
    ///
    /// If an input's index is not below `inputs`.
    pub(crate) fn forward(&self, inputs: &ActiveInputs, outputs: &mut Vec<f32>) {
        outputs.clear();
        for tile in &self.tiles {
            outputs.extend_from_slice(&tile.bias.plus_weighted(&tile.weight, inputs.entries()).numbers());
        }
        outputs.truncate(self.outputs);
    }
}

impl Tile {
    fn new(inputs: usize, rows: &[&[f32]], bias: &[f32]) -> Self {
        let weight = (0..inputs).map(|input| padded(rows.iter().map(|row| row[input]))).collect();
        Self { bias: padded(bias.iter().copied()), weight }
    }
}

impl ActiveInputs {
    /// Keeps the values above zero, which is relu as well.
    pub(crate) fn keep(&mut self, values: &[f32]) {
        self.entries.resize(values.len().max(self.entries.len()), (0, 0.0));
        self.kept = 0;
        // Always written, but counted only if positive: a branch would be mispredicted too often.
        for (index, &value) in values.iter().enumerate() {
            self.entries[self.kept] = (index, value);
            self.kept += usize::from(value > 0.0);
        }
    }

    fn entries(&self) -> &[(usize, f32)] {
        &self.entries[..self.kept]
    }
}

fn padded(values: impl Iterator<Item = f32>) -> Lanes {
    let mut tile = [0.0; LANES];
    for (slot, value) in tile.iter_mut().zip(values) {
        *slot = value;
    }
    Lanes::new(tile)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn forward(layer: &Layer, inputs: &[f32]) -> Vec<f32> {
        let (mut positive, mut outputs) = (ActiveInputs::default(), Vec::new());
        positive.keep(inputs);
        layer.forward(&positive, &mut outputs);
        outputs
    }

    #[test]
    fn an_output_is_the_weighted_sum_of_its_inputs_and_its_bias() {
        let layer = Layer::new(3, &[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], &[0.5, -0.5]);
        assert_eq!(forward(&layer, &[1.0, 0.0, 2.0]), [7.5, 69.5]);
    }

    #[test]
    fn inputs_below_zero_count_as_zero() {
        let layer = Layer::new(2, &[1.0, 1.0], &[0.0]);
        assert_eq!(forward(&layer, &[-1.0, 2.0]), [2.0]);
        assert_eq!(forward(&layer, &[-1.0, -2.0]), [0.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_layer_of_any_size_equals_the_plain_formula(inputs in 1..40usize, outputs in 1..40usize, seed in 0..1000usize) {
            let number = |index: usize| ((index * 37 + seed) % 17) as f32 - 8.0;
            let weight: Vec<_> = (0..inputs * outputs).map(number).collect();
            let bias: Vec<_> = (0..outputs).map(number).collect();
            let values: Vec<_> = (0..inputs).map(|index| number(index).max(0.0)).collect();

            let expected: Vec<f32> = (0..outputs)
                .map(|output| bias[output] + (0..inputs).map(|input| weight[output * inputs + input] * values[input]).sum::<f32>())
                .collect();
            // Whole numbers of this size are exact in f32 whatever the order of the sum.
            prop_assert_eq!(forward(&Layer::new(inputs, &weight, &bias), &values), expected);
        }
    }
}
