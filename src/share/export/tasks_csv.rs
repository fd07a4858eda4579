//! Writes a CSV line for each task, as RFC 4180 describes. Times are in microseconds. It begins with a byte order mark: without
//! one, Excel does not read it as UTF-8.

use crate::measure::events::EventKind;
use crate::measure::segments::{Phase, TaskHistories};
use crate::measure::{Record, TaskId};

/// The byte order mark.
const MARK: char = '\u{feff}';

const HEAD: &str = "id,parent,name,spawned_us,first_polled_us,ended_us,outcome,running_us,waiting_us,queued_us,polls";

/// Counts and times of a task over its life.
#[derive(Clone, Default)]
struct Sums {
    first_polled_us: Option<u64>,
    polls: u64,
    running_us: u64,
    waiting_us: u64,
    queued_us: u64,
}

/// Writes the tasks in the order of spawning. A field is empty if its event did not happen.
pub(super) fn write(record: &Record) -> String {
    let histories = TaskHistories::from_record(record);
    let mut csv = format!("{MARK}{HEAD}\r\n");
    for ((task, history), sums) in histories.iter().zip(sums(record, &histories)) {
        let spawned = record.task(task);
        let (ended_us, outcome) = history.end.unzip();
        let fields = [
            id(Some(task)),
            id(spawned.parent),
            text(&spawned.name.text()),
            history.spawned_us.to_string(),
            number(sums.first_polled_us),
            number(ended_us),
            outcome.map_or("", |outcome| outcome.name()).to_owned(),
            sums.running_us.to_string(),
            sums.waiting_us.to_string(),
            sums.queued_us.to_string(),
            sums.polls.to_string(),
        ];
        csv += &fields.join(",");
        csv += "\r\n";
    }
    csv
}

fn sums(record: &Record, histories: &TaskHistories) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); record.tasks().len()];
    for event in record.events().iter().filter(|event| event.kind == EventKind::PollStarted) {
        let of_task = &mut sums[event.task.index()];
        of_task.first_polled_us.get_or_insert(event.at_us);
        of_task.polls += 1;
    }
    for segment in histories.segments().into_iter().chain(histories.open_segments(record.end_us())) {
        let of_task = &mut sums[segment.task.index()];
        let sum = match segment.phase {
            Phase::Running => &mut of_task.running_us,
            Phase::Waiting => &mut of_task.waiting_us,
            Phase::Queued => &mut of_task.queued_us,
        };
        *sum += segment.to_us - segment.from_us;
    }
    sums
}

fn id(task: Option<TaskId>) -> String {
    number(task.map(|task| task.index() as u64 + 1))
}

fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// A text, in quotes if necessary. What a spreadsheet would read as a formula gets an apostrophe in front
/// (<https://owasp.org/www-community/attacks/CSV_Injection>). In many countries, Excel separates values at each `;`, also
/// within quotes that do not begin a value. So a formula may begin after any character that may separate values.
fn text(text: &str) -> String {
    let mut safe = String::new();
    let mut may_begin = true;
    for (at, c) in text.char_indices() {
        let is_formula = matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
        if may_begin && is_formula || at == 0 && matches!(c, '\t' | '\r') {
            safe.push('\'');
        }
        safe.push(c);
        may_begin = matches!(c, ',' | ';' | '|' | '"' | '\t' | '\r' | '\n') || may_begin && c == ' ';
    }
    let needs_quotes = safe.contains([',', ';', '"', '\t', '\r', '\n']);
    if needs_quotes { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::samples::hostile;

    fn rows(name: &'static str) -> Vec<Vec<String>> {
        let csv = write(&hostile(name).record);
        assert!(csv.starts_with("\u{feff}id,"));
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
        let rows = reader.records().map(|row| row.expect("it is CSV").iter().map(str::to_owned).collect());
        rows.collect()
    }

    #[test]
    fn each_task_has_a_line_with_its_times() {
        let expected = [
            HEAD.split(',').collect::<Vec<_>>(),
            vec!["1", "", "sequential_execution", "0", "5", "", "", "10", "45", "5", "2"],
            vec!["2", "1", "task", "10", "12", "40", "failed", "22", "0", "8", "2"],
        ];
        assert_eq!(rows("task"), expected);
    }

    #[test]
    fn any_name_can_be_read_back_and_none_is_a_formula() {
        for name in ["a,b", "a \"b\"", "a\r\nb", "a\nb", "ü"] {
            assert_eq!(rows(name)[2][2], name);
        }
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|'/C calc',\"\"!A0"] {
            assert_eq!(rows(name)[2][2], format!("'{name}"));
        }
        for (name, expected) in [
            ("a;=1+1", "a;'=1+1"),
            ("a\t @x", "a\t '@x"),
            ("a\n-1", "a\n'-1"),
            ("\"=1\"", "\"'=1\""),
            ("a - b; c", "a - b; c"),
        ] {
            assert_eq!(rows(name)[2][2], expected);
        }
    }
}
