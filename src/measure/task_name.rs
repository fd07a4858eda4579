//! [`TaskName`]: what a task is called.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::rc::Rc;

/// The name of a task: its kind, and the number of what it works on, such as `process_sample 7`.
///
/// The two are stored apart: tasks of one kind are found by it, and a hundred thousand numbered tasks allocate no text.
///
/// ```
/// use interleave::measure::TaskName;
///
/// let name = TaskName::from(("process_sample", 7));
/// assert_eq!((name.kind(), &*name.text()), ("process_sample", "process_sample 7"));
/// assert_eq!(TaskName::from("load").text(), "load");
/// ```
#[derive(Clone, Debug)]
pub struct TaskName {
    kind: Kind,
    /// The number plus one, so that the name takes no more memory than its kind and four bytes.
    number: Option<NonZeroU32>,
}

#[derive(Clone, Debug)]
enum Kind {
    Static(&'static str),
    /// Tasks of a file share their kinds: a million copies would take long to make.
    Shared(Rc<str>),
}

impl TaskName {
    /// The name of a task of this kind. A number of `u32::MAX` is left out.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, number: Option<u32>) -> Self {
        let kind = match kind.into() {
            Cow::Borrowed(kind) => Kind::Static(kind),
            Cow::Owned(kind) => Kind::Shared(kind.into()),
        };
        Self { kind, number: stored(number) }
    }

    /// The same, with a kind that other tasks share.
    #[must_use]
    pub fn with_shared_kind(kind: Rc<str>, number: Option<u32>) -> Self {
        Self { kind: Kind::Shared(kind), number: stored(number) }
    }

    /// Its kind: usually the name of the function that the task runs.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.kind {
            Kind::Static(kind) => kind,
            Kind::Shared(kind) => kind,
        }
    }

    /// The number of what the task works on, if it has one.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.number.map(|number| number.get() - 1)
    }

    /// The whole name.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self.number() {
            None => Cow::Borrowed(self.kind()),
            Some(number) => Cow::Owned(format!("{} {number}", self.kind())),
        }
    }

    /// The memory that it has allocated, in bytes; its part of a kind that it shares.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        if let Kind::Shared(kind) = &self.kind { kind.len() / Rc::strong_count(kind) } else { 0 }
    }
}

fn stored(number: Option<u32>) -> Option<NonZeroU32> {
    number.and_then(|number| NonZeroU32::new(number.wrapping_add(1)))
}

impl PartialEq for TaskName {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && self.kind() == other.kind()
    }
}

impl Eq for TaskName {}

impl Hash for TaskName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind(), self.number).hash(state);
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl From<&'static str> for TaskName {
    fn from(kind: &'static str) -> Self {
        Self::new(kind, None)
    }
}

impl From<String> for TaskName {
    fn from(kind: String) -> Self {
        Self::new(kind, None)
    }
}

impl From<Cow<'static, str>> for TaskName {
    fn from(kind: Cow<'static, str>) -> Self {
        Self::new(kind, None)
    }
}

/// A kind with the number of what the task works on.
impl From<(&'static str, u32)> for TaskName {
    fn from((kind, number): (&'static str, u32)) -> Self {
        Self::new(kind, Some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_no_more_than_four_bytes_and_no_text() {
        assert!(size_of::<TaskName>() <= size_of::<Cow<str>>() + size_of::<usize>());
        assert_eq!(TaskName::from(("process_sample", 100_000)).heap_bytes(), 0);
    }

    #[test]
    fn a_shared_kind_is_the_same_name() {
        let kind: Rc<str> = "task".into();
        let names = [1, 2].map(|number| TaskName::with_shared_kind(Rc::clone(&kind), Some(number)));
        assert_eq!(names, [TaskName::from(("task", 1)), TaskName::new("task".to_owned(), Some(2))]);
        assert_eq!(names[0].heap_bytes(), 1, "four bytes for three");
    }

    #[test]
    fn every_number_but_the_last_is_in_the_name() {
        for (number, text) in [(0, "task 0"), (u32::MAX - 1, "task 4294967294"), (u32::MAX, "task")] {
            assert_eq!(TaskName::from(("task", number)).to_string(), text);
        }
    }
}
