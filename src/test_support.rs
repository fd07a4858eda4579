//! Helpers that tests of several modules need.

use std::time::Duration;

/// A duration in milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
