//! Random numbers that depend only on the seed and on a key that names their purpose.
//!
//! Each request to the server, each task of the page and each of its attempts has its own generator. So the order in
//! which they run changes nothing: the same link gives the same delays and the same failures on every machine.

use std::fmt::{self, Write};

/// A small seeded generator: wyrand, from the `fastrand` crate. A test holds its first numbers, so that an update that
/// would change the results of old links is noticed.
pub type Rng = fastrand::Rng;

/// The generator for one purpose.
#[must_use]
pub fn rng_for(seed: u64, key: impl fmt::Display) -> Rng {
    let mut hash = Fnv1a(0xcbf2_9ce4_8422_2325 ^ scramble(seed));
    write!(hash, "{key}").expect("a hash accepts any text");
    Rng::with_seed(scramble(hash.0))
}

/// The FNV-1a hash, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). The standard library's hashers may
/// return other values in the next version, or on a machine with another word size.
struct Fnv1a(u64);

impl Write for Fnv1a {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014), so that neighbouring seeds give unrelated numbers.
fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(seed: u64, key: &str) -> [u64; 3] {
        let mut rng = rng_for(seed, key);
        [rng.u64(..), rng.u64(..), rng.u64(..)]
    }

    #[test]
    fn the_same_seed_and_key_draw_the_same_numbers() {
        assert_eq!(draws(7, "sample 3"), draws(7, "sample 3"));
        assert_ne!(draws(7, "sample 3"), draws(8, "sample 3"));
        assert_ne!(draws(7, "sample 3"), draws(7, "sample 4"));
    }

    #[test]
    fn the_first_draws_never_change() {
        // `tests/runtime.rs` expects the same numbers in browsers.
        let mut rng = rng_for(7, "golden");
        let draws: Vec<u32> = (0..4).map(|_| rng.u32(..1_000)).collect();
        assert_eq!(draws, [762, 477, 833, 277]);
    }

    #[test]
    fn draws_for_one_key_do_not_change_those_for_another() {
        let alone = draws(7, "b");
        let mut other = rng_for(7, "a");
        other.u64(..);
        assert_eq!(draws(7, "b"), alone);
    }

    #[test]
    fn neighbouring_seeds_spread_over_the_whole_range() {
        let mean = (0..1_000).map(|seed| rng_for(seed, "x").f64()).sum::<f64>() / 1_000.0;
        assert!((mean - 0.5).abs() < 0.05, "the mean of 1,000 seeds' first draws is {mean}");
    }
}
