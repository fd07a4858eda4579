//! Helpers that tests of several modules need.

use std::time::Duration;

use crate::measure::batch_sizes::SizeLevel;
use crate::runtime::{Limit, Run};

/// A duration in milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Waits for a permit, and holds it for a while.
pub(crate) async fn hold(run: &Run, limit: &Limit, time: Duration) {
    let _permit = limit.acquire().await;
    run.sleep(time).await;
}

/// A batch size with the times that 100 samples took.
pub(crate) fn size_level(batch_size: u32, in_turn_us: u64, streamed_us: u64) -> SizeLevel {
    SizeLevel { batch_size, samples: 100, in_turn_us, streamed_us }
}
