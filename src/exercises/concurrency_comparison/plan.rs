//! What the controls mean.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::workers::processors;

/// More threads than this are no gain to anybody: the tasks share them.
const MOST_THREADS: usize = 32;

/// So many steps are a slice: a few milliseconds.
const SLICE_STEPS: u32 = 3_000_000;

/// The page stands still while it waits or computes inline, and cannot be stopped. So many waits, in milliseconds, and
/// so many millions of steps are bearable.
const MOST_WAIT_MS: f64 = 10_000.0;
const MOST_STEPS: f64 = 5_000.0;

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
    /// One for each task, as far as that is sensible.
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new((self.tasks as usize).min(MOST_THREADS)).unwrap_or(NonZeroUsize::MIN)
    }

    /// The steps of a task in slices.
    pub fn slices(&self) -> impl Iterator<Item = u32> {
        let rest = Some(self.steps % SLICE_STEPS).filter(|rest| *rest > 0);
        std::iter::repeat_n(SLICE_STEPS, (self.steps / SLICE_STEPS) as usize).chain(rest)
    }
}

/// What keeps the page for too long.
pub(super) fn conflict(settings: &Settings) -> Option<Conflict> {
    let tasks = f64::from(settings.count("tasks").max(1));
    let too_much = |control, most: f64, what: &str| {
        let most_each = (most / tasks).floor();
        (settings.number(control) > most_each).then(|| Conflict {
            control,
            why: format!("{tasks} tasks of that keep the page for longer than is bearable: together they may {what}"),
            nearest: Value::Number(most_each),
        })
    };
    too_much("wait", MOST_WAIT_MS, "wait for 10 s").or_else(|| too_much("size", MOST_STEPS, "have 5,000 million steps"))
}

/// The lesson's controls.
pub(super) const CONTROLS: &[Control] = &[
    Control::count("tasks", "Tasks", "How many there are of each kind.", 64, 10),
    Control::millis("wait", "Wait", "How long a task waits that is bound by I/O.", 100.0),
    Control::count("size", "Size", "How many million steps a task computes that is bound by the CPU.", 1_000, 30),
    Control::count("workers", "Workers", "How many compute at once; 0 is one for each processor.", 64, 0),
];
