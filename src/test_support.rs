//! Helpers that tests of several modules need.

use std::time::Duration;

use proptest::prelude::*;

use crate::measure::batch_sizes::SizeLevel;
use crate::measure::{EventKind, Outcome, Record, TaskId};
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

/// A record of tasks inside two root tasks, in which anything happens at any time. Some tasks do not end.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    prop::collection::vec((0..9_u8, 0..40_u64, any::<prop::sample::Index>()), 0..300).prop_map(|steps| {
        let mut record = Record::default();
        let mut waits = vec![0; 2];
        let roots = ["first", "second"].map(|name| record.spawn(0, name.into(), None));
        let mut alive: Vec<TaskId> = roots.into();
        let mut at_us = 0;
        for (what, after_us, any) in steps {
            // Often several things happen at the same time.
            at_us += after_us.saturating_sub(15);
            if what < 2 || alive.is_empty() {
                alive.push(record.spawn(at_us, "task".into(), Some(roots[any.index(2)])));
                waits.push(0);
                continue;
            }
            let place = any.index(alive.len());
            let waits = &mut waits[alive[place].index()];
            let kind = match what {
                2 | 3 => EventKind::PollStarted,
                4 | 5 => EventKind::PENDING,
                6 if *waits == 0 => EventKind::Queued,
                6 => EventKind::Granted,
                _ => EventKind::Ended(Outcome::ALL[any.index(Outcome::ALL.len())]),
            };
            match kind {
                EventKind::Queued => *waits += 1,
                EventKind::Granted => *waits -= 1,
                _ => {}
            }
            record.push(at_us, alive[place], kind);
            if matches!(kind, EventKind::Ended(_)) {
                alive.swap_remove(place);
            }
        }
        record
    })
}
