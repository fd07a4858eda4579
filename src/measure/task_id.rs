//! [`TaskId`]: the number by which a record refers to a task.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The id of a task in a run. Ids are in the order of spawning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(NonZeroU32);

impl TaskId {
    /// The index of the task in [`Record::tasks`](crate::measure::Record::tasks).
    #[must_use]
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The id of the task at `index` of [`Record::tasks`](crate::measure::Record::tasks).
    ///
    /// # Panics
    ///
    /// If the index does not fit into 32 bits: a record of that length would not fit into memory.
    #[must_use]
    pub fn at(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("a record never holds 2^32 tasks"))
    }
}
