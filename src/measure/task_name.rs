//! [`TaskName`]: what a task is called.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

/// The name of a task: its kind, and the number of what it works on, such as `process_sample 7`.
///
/// The two are stored apart: tasks of one kind are found by it, and a hundred thousand numbered tasks allocate no text.
///
/// ```
/// use interleave::measure::TaskName;
///
/// let name = TaskName::from(("process_sample", 7));
/// assert_eq!((&**name.kind(), &*name.text()), ("process_sample", "process_sample 7"));
/// assert_eq!(TaskName::from("load").text(), "load");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskName {
    kind: Cow<'static, str>,
    /// The number plus one, so that the name takes no more memory than its kind and four bytes.
    number: Option<NonZeroU32>,
}

impl TaskName {
    /// The name of a task of this kind. A number of `u32::MAX` is left out.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, number: Option<u32>) -> Self {
        Self { kind: kind.into(), number: number.and_then(|number| NonZeroU32::new(number.wrapping_add(1))) }
    }

    /// Its kind: usually the name of the function that the task runs.
    #[must_use]
    pub fn kind(&self) -> &Cow<'static, str> {
        &self.kind
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
            None => Cow::Borrowed(&self.kind),
            Some(number) => Cow::Owned(format!("{} {number}", self.kind)),
        }
    }

    /// The memory that it has allocated, in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        if let Cow::Owned(kind) = &self.kind { kind.capacity() } else { 0 }
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
    fn every_number_but_the_last_is_in_the_name() {
        for (number, text) in [(0, "task 0"), (u32::MAX - 1, "task 4294967294"), (u32::MAX, "task")] {
            assert_eq!(TaskName::from(("task", number)).to_string(), text);
        }
    }
}
