//! Arithmetic on sixteen numbers at once: four SIMD vectors of wasm, so that one addition does not wait for another.
//!
//! On wasm the vectors are explicit, because the compiler does not vectorise loops when it optimises for size.
//! On other targets, the compiler vectorises. Each number is computed separately, with additions in the same order,
//! so both versions give the same results, bit by bit.

/// The number of numbers in a [`Lanes`].
pub(crate) const LANES: usize = 16;

/// Sixteen numbers.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lanes([f32; LANES]);

#[cfg(not(target_arch = "wasm32"))]
impl Lanes {
    pub fn new(numbers: [f32; LANES]) -> Self {
        Self(numbers)
    }

    pub fn numbers(self) -> [f32; LANES] {
        self.0
    }

    /// These numbers plus, for each input, its weights times its value.
    ///
    /// # Panics
    ///
    /// If an input's index is not below `weights.len()`.
    pub fn plus_weighted(mut self, weights: &[Self], inputs: &[(usize, f32)]) -> Self {
        for &(index, input) in inputs {
            for (sum, weight) in self.0.iter_mut().zip(&weights[index].0) {
                *sum += weight * input;
            }
        }
        self
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) use simd::Lanes;

#[cfg(target_arch = "wasm32")]
mod simd {
    use core::arch::wasm32::{f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, v128};

    use super::LANES;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Lanes([v128; LANES / 4]);

    impl Lanes {
        #[target_feature(enable = "simd128")]
        pub fn new(numbers: [f32; LANES]) -> Self {
            let four = |from: usize| f32x4(numbers[from], numbers[from + 1], numbers[from + 2], numbers[from + 3]);
            Self([four(0), four(4), four(8), four(12)])
        }

        #[target_feature(enable = "simd128")]
        pub fn numbers(self) -> [f32; LANES] {
            let mut numbers = [0.0; LANES];
            for (four, vector) in numbers.as_chunks_mut().0.iter_mut().zip(self.0) {
                *four = [
                    f32x4_extract_lane::<0>(vector),
                    f32x4_extract_lane::<1>(vector),
                    f32x4_extract_lane::<2>(vector),
                    f32x4_extract_lane::<3>(vector),
                ];
            }
            numbers
        }

        #[target_feature(enable = "simd128")]
        pub fn plus_weighted(self, weights: &[Self], inputs: &[(usize, f32)]) -> Self {
            let [mut a, mut b, mut c, mut d] = self.0;
            for &(index, input) in inputs {
                let (input, weights) = (f32x4_splat(input), &weights[index].0);
                a = f32x4_add(a, f32x4_mul(weights[0], input));
                b = f32x4_add(b, f32x4_mul(weights[1], input));
                c = f32x4_add(c, f32x4_mul(weights[2], input));
                d = f32x4_add(d, f32x4_mul(weights[3], input));
            }
            Self([a, b, c, d])
        }
    }

    impl PartialEq for Lanes {
        fn eq(&self, other: &Self) -> bool {
            self.numbers() == other.numbers()
        }
    }
}
