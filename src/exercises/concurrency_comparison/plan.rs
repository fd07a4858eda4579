//! What the controls mean.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::workers::processors;

/// So many steps are a slice: a few milliseconds.
const SLICE_STEPS: u32 = 3_000_000;

/// What is done.
#[derive(Debug)]
pub(super) struct Plan {
    pub tasks: u32,
    pub wait: Duration,
    /// Of each task that computes.
    pub steps: u32,
    pub workers: NonZeroUsize,
}

impl From<&Settings> for Plan {
    fn from(settings: &Settings) -> Self {
        Self {
            tasks: settings.count("tasks"),
            wait: settings.millis("wait"),
            steps: settings.count("size") * 1_000_000,
            workers: NonZeroUsize::new(settings.count("workers") as usize).unwrap_or_else(processors),
        }
    }
}

impl Plan {
    /// One for each task.
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.tasks as usize).unwrap_or(NonZeroUsize::MIN)
    }

    /// The steps of a task in slices.
    pub fn slices(&self) -> impl Iterator<Item = u32> {
        let rest = Some(self.steps % SLICE_STEPS).filter(|rest| *rest > 0);
        std::iter::repeat_n(SLICE_STEPS, (self.steps / SLICE_STEPS) as usize).chain(rest)
    }
}

/// The controls of the exercise. The page stands still while it waits or computes inline, and cannot be stopped: no
/// setting makes that much longer than ten seconds.
pub(super) const CONTROLS: &[Control] = &[
    Control::count("tasks", "Tasks", "How many there are of each kind.", 32, 10),
    Control::new(
        "wait",
        "Wait",
        "How long a task waits that is bound by I/O.",
        ControlKind::Number { unit: "ms", min: 0.0, max: 300.0, step: 10.0, default: 100.0 },
    ),
    Control::count("size", "Size", "How many million steps a task computes that is bound by the CPU.", 200, 30),
    Control::count("workers", "Workers", "How many compute at once; 0 is one for each processor.", 64, 0),
];
