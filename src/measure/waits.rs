//! The waits of tasks: in which line, and for what.
//!
//! A wait begins when a poll ends. Most tasks of a run wait in the same few places, so the record lists each place
//! once, and the event refers to it by a [`WaitId`] of three bytes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::measure::task_id::TaskId;

/// A reference to one of a record's [`Wait`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WaitId([u8; 3]);

impl WaitId {
    /// Nothing is known about the wait.
    pub const UNKNOWN: Self = Self([0; 3]);

    /// The reference to the wait at `index` of [`Waits::list`]. Beyond 16 million waits nothing is known.
    #[must_use]
    pub fn at(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().filter(|number| *number < 1 << 24).unwrap_or(0);
        let [low, middle, high, _] = number.to_le_bytes();
        Self([low, middle, high])
    }

    /// The index of the wait in [`Waits::list`]. Returns `None` if nothing is known about it.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        let Self([low, middle, high]) = self;
        (u32::from_le_bytes([low, middle, high, 0]) as usize).checked_sub(1)
    }
}

/// A place in which tasks wait.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Wait {
    /// The line in which the task waits, if known.
    pub line: Option<SourceLine>,
    /// The awaited thing, if known.
    #[serde(rename = "for")]
    pub awaited: Option<Awaited>,
}

/// A line of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceLine {
    /// The index of the file in [`Waits::sources`].
    pub source: usize,
    /// The number of the line, counted from 1.
    pub line: u32,
}

/// A source file. Lines refer to the file with exactly this content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The path in its project.
    pub path: Cow<'static, str>,
    /// The first 16 hexadecimal digits of the content's SHA-256; empty if it is not known.
    pub hash: Cow<'static, str>,
}

/// The thing that a task waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The end of a sleep.
    Timer,
    /// Tasks that it created, and that have not ended.
    Subtasks,
    /// These tasks.
    Tasks(Vec<TaskId>),
    /// A semaphore, queue or similar: its index in [`Waits::objects`]. The task is queued for it.
    Object(usize),
    /// The response to a request.
    Response,
    /// A file.
    File,
    /// A result from a worker, thread or process.
    Worker,
}

impl Awaited {
    /// True if it is the end of other tasks.
    #[must_use]
    pub fn is_for_tasks(&self) -> bool {
        matches!(self, Self::Subtasks | Self::Tasks(_))
    }
}

/// Something that tasks share and wait for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SharedObject {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name; empty if it has none.
    pub name: Cow<'static, str>,
    /// The number of tasks that can have it at once, if it is limited and the number is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permits: Option<u32>,
}

/// The kind of a [`SharedObject`]. Each is named as in Python's `asyncio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the classes of asyncio")]
pub enum ObjectKind {
    Semaphore,
    Queue,
    Lock,
    Event,
    Condition,
    Barrier,
    Future,
}

/// The waits of a record, with the sources and objects that they refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    sources: Vec<Source>,
    objects: Vec<SharedObject>,
    list: Vec<Wait>,
}

impl Waits {
    /// Adds a source. Returns its index.
    pub fn add_source(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }

    /// Adds an object. Two objects may have the same kind and name. Returns its index.
    pub fn add_object(&mut self, object: SharedObject) -> usize {
        self.objects.push(object);
        self.objects.len() - 1
    }

    /// Adds a wait.
    pub fn add(&mut self, wait: Wait) -> WaitId {
        self.list.push(wait);
        WaitId::at(self.list.len() - 1)
    }

    /// True if nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.objects.is_empty() && self.list.is_empty()
    }

    /// The wait with this reference, if anything is known about it.
    #[must_use]
    pub fn get(&self, id: WaitId) -> Option<&Wait> {
        self.list.get(id.index()?)
    }

    /// All waits.
    #[must_use]
    pub fn list(&self) -> &[Wait] {
        &self.list
    }

    /// The source files.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The objects that tasks wait for.
    #[must_use]
    pub fn objects(&self) -> &[SharedObject] {
        &self.objects
    }

    /// The memory that it takes, in bytes. Texts and lists of tasks, which are rare, are left out.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.sources.capacity() * size_of::<Source>()
            + self.objects.capacity() * size_of::<SharedObject>()
            + self.list.capacity() * size_of::<Wait>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_refers_to_its_wait_up_to_16_million() {
        for index in [0, 1, 255, 256, (1 << 24) - 2] {
            assert_eq!(WaitId::at(index).index(), Some(index));
        }
        assert_eq!(WaitId::at((1 << 24) - 1), WaitId::UNKNOWN);
        assert_eq!(WaitId::UNKNOWN.index(), None);
    }
}
