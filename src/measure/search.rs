//! Finding tasks by name.

use crate::measure::events::Record;
use crate::measure::task_id::TaskId;
use crate::measure::task_name::TaskName;

/// A search: a part of a task's kind, a number, or both, such as `sample 17`. Upper and lower case are the
/// same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskQuery {
    /// In lower case.
    text: String,
    /// The text without the number at its end, and the number.
    numbered: Option<(String, u32)>,
}

/// A task that was found, among all that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The task.
    pub task: TaskId,
    /// Its place among the matches, counted from 1.
    pub place: usize,
    /// The number of matches.
    pub of: usize,
}

impl TaskQuery {
    /// Reads what a reader has typed. Returns `None` if that is nothing.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let text = typed.trim().to_lowercase();
        if text.is_empty() {
            return None;
        }
        let (kind, number) = text.rsplit_once(char::is_whitespace).unwrap_or(("", &text));
        let numbered = number.parse().ok().map(|number| (kind.trim().to_owned(), number));
        Some(Self { text, numbered })
    }

    /// True if a task has a name that was looked for. A number must be the same: `17` does not find `sample 170`.
    #[must_use]
    pub fn matches(&self, name: &TaskName) -> bool {
        let has_number = |it: &&(String, u32)| name.number() == Some(it.1) && contains(name.kind(), &it.0);
        self.numbered.as_ref().filter(has_number).is_some() || contains(name.kind(), &self.text)
    }

    /// The number of tasks that match.
    #[must_use]
    pub fn count(&self, record: &Record) -> usize {
        record.tasks().iter().filter(|task| self.matches(&task.name)).count()
    }

    /// The next match after a task in the order of spawning, or the one before it if `is_backwards`. After the last
    /// match comes the first. Returns `None` if no task matches.
    #[must_use]
    pub fn next(&self, record: &Record, after: Option<TaskId>, is_backwards: bool) -> Option<Match> {
        let matches =
            || (0..record.tasks().len()).map(TaskId::at).filter(|task| self.matches(&record.task(*task).name));
        let of = matches().count();
        let place = match after {
            _ if of == 0 => return None,
            None if is_backwards => of - 1,
            None => 0,
            Some(after) if is_backwards => (matches().take_while(|task| *task < after).count() + of - 1) % of,
            Some(after) => matches().take_while(|task| *task <= after).count() % of,
        };
        Some(Match { task: matches().nth(place)?, place: place + 1, of })
    }
}

/// True if `text` contains `part`, which is in lower case. Names of functions, the usual ones, are compared without
/// copying them.
fn contains(text: &str, part: &str) -> bool {
    if part.is_empty() {
        return true;
    }
    if !text.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::default();
        let parent = record.spawn(0, "process_batch".into(), None);
        for number in [16, 17, 170] {
            record.spawn(0, TaskName::from(("process_sample", number)), Some(parent));
        }
        record.spawn(0, "download GPT 17".to_owned().into(), None);
        record.spawn(0, "Größe".into(), None);
        record
    }

    #[track_caller]
    fn assert_found(typed: &str, expected: &[usize]) {
        let query = TaskQuery::parse(typed).expect("it is not empty");
        let record = record();
        let names = record.tasks().iter().enumerate();
        let found: Vec<_> = names.filter(|(_, task)| query.matches(&task.name)).map(|(index, _)| index).collect();
        assert_eq!(found, expected, "{typed}");
        assert_eq!(query.count(&record), expected.len());
    }

    #[test]
    fn tasks_are_found_by_a_part_of_their_name_and_by_their_number() {
        assert_found("process", &[0, 1, 2, 3]);
        assert_found("SAMPLE", &[1, 2, 3]);
        assert_found(" sample  17 ", &[2]);
        assert_found("17", &[2, 4]);
        assert_found("gpt 17", &[4]);
        assert_found("größe", &[5]);
        assert_found("sample 18", &[]);
        assert_eq!(TaskQuery::parse("  "), None);
    }

    #[test]
    fn after_the_last_match_comes_the_first_and_the_other_way_round() {
        let record = record();
        let query = TaskQuery::parse("sample").expect("it is not empty");
        let walk = |is_backwards| {
            let mut after = None;
            (0..4)
                .map(|_| {
                    let found = query.next(&record, after, is_backwards).expect("there are three");
                    after = Some(found.task);
                    (found.task.index(), found.place, found.of)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(walk(false), [(1, 1, 3), (2, 2, 3), (3, 3, 3), (1, 1, 3)]);
        assert_eq!(walk(true), [(3, 3, 3), (2, 2, 3), (1, 1, 3), (3, 3, 3)]);
        // A task that does not match may be chosen.
        assert_eq!(query.next(&record, Some(TaskId::at(0)), false).map(|it| it.place), Some(1));
        assert_eq!(query.next(&record, Some(TaskId::at(4)), true).map(|it| it.place), Some(3));
        assert_eq!(TaskQuery::parse("nothing").and_then(|it| it.next(&record, None, false)), None);
    }
}
