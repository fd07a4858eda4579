//! The meaning of the controls.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::workers::processors;

/// The number of steps in a slice. They take a few milliseconds.
const SLICE_STEPS: u32 = 3_000_000;

/// The amount of work, and the number of workers.
#[derive(Debug)]
pub(super) struct Plan {
    pub tasks: u32,
    pub wait: Duration,
    /// The number of steps of each task that computes.
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
    /// The number of threads: one for each task.
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.tasks as usize).unwrap_or(NonZeroUsize::MIN)
    }

    /// The number of steps in each slice of a task.
    pub fn slices(&self) -> impl Iterator<Item = u32> {
        let rest = Some(self.steps % SLICE_STEPS).filter(|rest| *rest > 0);
        std::iter::repeat_n(SLICE_STEPS, (self.steps / SLICE_STEPS) as usize).chain(rest)
    }
}

/// The controls of the exercise. Waiting in sequence and computing inline block the page, and cannot be stopped. No
/// setting makes that much longer than ten seconds.
pub(super) const CONTROLS: &[Control] = &[
    Control::count("tasks", "Tasks", "The number of tasks of each kind.", 32, 10),
    Control::new(
        "wait",
        "Wait",
        "How long each I/O-bound task waits.",
        ControlKind::Number { unit: "ms", min: 0.0, max: 300.0, step: 10.0, default: 100.0 },
    ),
    Control::count("size", "Size", "The number of steps of each CPU-bound task, in millions.", 200, 30),
    Control::count(
        "workers",
        "Workers",
        "The number of workers that compute at once; 0 means one per processor.",
        64,
        0,
    ),
];
