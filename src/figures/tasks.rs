//! The tasks of a run as a table, which the page sorts by any column.

use std::cmp::Reverse;

use crate::figures::moment::link_to_task;
use crate::figures::node::{Element, Node, element};
use crate::figures::table::{cell, class, scrolling};
use crate::measure::report::{Column, Table};
use crate::measure::segments::{TaskHistories, TaskHistory};
use crate::measure::units::{count, span};
use crate::measure::wait_times::WaitTime;
use crate::measure::{Record, TaskId};

/// The table shows at most this many tasks.
const MOST_ROWS: usize = 200;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskColumn {
    /// The task's name.
    Task,
    /// The name of the task that spawned it.
    Parent,
    /// The time at which it was spawned.
    Spawned,
    /// The time from its spawning to its end.
    Lifetime,
    /// The time for which it was queued.
    Queued,
    /// The time for which its code ran.
    CodeRan,
    /// The place where it waited longest, and for how long.
    LongestWait,
    /// Its outcome.
    Outcome,
}

impl TaskColumn {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Task,
        Self::Parent,
        Self::Spawned,
        Self::Lifetime,
        Self::Queued,
        Self::CodeRan,
        Self::LongestWait,
        Self::Outcome,
    ];

    fn head(self) -> Column {
        match self {
            Self::Task => Column::text("Task"),
            Self::Parent => Column::text("In"),
            Self::Spawned => Column::number("Spawned at"),
            Self::Lifetime => Column::number("Spawned to end"),
            Self::Queued => Column::number("Queued"),
            Self::CodeRan => Column::number("Code ran"),
            Self::LongestWait => Column::text("Longest wait"),
            Self::Outcome => Column::text("Outcome"),
        }
    }

    /// True if the reader who sorts by it is likely to look for the largest value.
    fn is_largest_first(self) -> bool {
        matches!(self, Self::Lifetime | Self::Queued | Self::CodeRan | Self::LongestWait)
    }
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column that they are sorted by.
    pub column: TaskColumn,
    /// True if the largest value comes first.
    pub is_descending: bool,
}

impl Default for Order {
    /// The order of spawning.
    fn default() -> Self {
        Self { column: TaskColumn::Spawned, is_descending: false }
    }
}

impl Order {
    /// The order after the head of a column was pressed: by that column, or the other way round if it already is.
    #[must_use]
    pub fn after_press(self, column: TaskColumn) -> Self {
        if self.column == column {
            Self { is_descending: !self.is_descending, ..self }
        } else {
            Self { column, is_descending: column.is_largest_first() }
        }
    }
}

/// All tasks in this order. Tasks with equal values stay in the order of spawning.
#[must_use]
pub fn sorted(record: &Record, histories: &TaskHistories, order: Order) -> Vec<TaskId> {
    let now_us = record.end_us();
    let mut tasks: Vec<_> = histories.iter().map(|(task, _)| task).collect();
    let name = |task: TaskId| {
        let name = &record.task(task).name;
        (name.kind(), name.number())
    };
    let history = |task: TaskId| histories.task(task);
    match order.column {
        TaskColumn::Task => sort(&mut tasks, order, name),
        TaskColumn::Parent => sort(&mut tasks, order, |task| record.task(task).parent.map(name)),
        TaskColumn::Spawned => sort(&mut tasks, order, |task| history(task).spawned_us),
        TaskColumn::Lifetime => sort(&mut tasks, order, |task| history(task).duration_us(now_us)),
        TaskColumn::Queued => sort(&mut tasks, order, |task| history(task).queued_until_us(now_us)),
        TaskColumn::CodeRan => sort(&mut tasks, order, |task| history(task).running_us),
        TaskColumn::LongestWait => {
            let waits = WaitTime::of_tasks(record, &tasks, now_us);
            let longest_us: Vec<_> = waits.iter().map(|times| times.first().map(|time| time.total_us)).collect();
            sort(&mut tasks, order, |task| longest_us[task.index()]);
        }
        TaskColumn::Outcome => sort(&mut tasks, order, |task| outcome(history(task))),
    }
    tasks
}

fn sort<K: Ord>(tasks: &mut [TaskId], order: Order, key: impl Fn(TaskId) -> K) {
    // The sort is stable, so equal tasks keep their order.
    match order.is_descending {
        true => tasks.sort_by_key(|task| Reverse(key(*task))),
        false => tasks.sort_by_key(|task| key(*task)),
    }
}

fn outcome(history: &TaskHistory) -> &'static str {
    history.end.map_or("not finished", |(_, outcome)| outcome.name())
}

/// The tasks as a table: the first of them in this order.
#[must_use]
pub fn as_table(record: &Record, order: Order) -> Table {
    table_and_tasks(record, order).0
}

/// The table, and the task of each row.
fn table_and_tasks(record: &Record, order: Order) -> (Table, Vec<TaskId>) {
    let histories = TaskHistories::from_record(record);
    let mut tasks = sorted(record, &histories, order);
    let caption = if tasks.len() > MOST_ROWS {
        format!("The first {MOST_ROWS} of {} tasks in this order", count(tasks.len() as u64))
    } else {
        "All tasks".to_owned()
    };
    tasks.truncate(MOST_ROWS);
    let now_us = record.end_us();
    let waits = WaitTime::of_tasks(record, &tasks, now_us);
    let longest = |times: &Vec<WaitTime>| {
        let words = |time: &WaitTime| format!("{} {}", span(time.total_us), time.wait.words(record.waits()));
        times.first().map(words).unwrap_or_default()
    };
    let row = |(task, times): (&TaskId, &Vec<WaitTime>)| {
        let (it, history) = (record.task(*task), histories.task(*task));
        let parent = it.parent.map(|parent| record.task(parent).name.to_string());
        vec![
            it.name.to_string(),
            parent.unwrap_or_default(),
            span(history.spawned_us),
            span(history.duration_us(now_us)),
            span(history.queued_until_us(now_us)),
            span(history.running_us),
            longest(times),
            outcome(history).to_owned(),
        ]
    };
    let rows = tasks.iter().zip(&waits).map(row).collect();
    (Table { caption, columns: TaskColumn::ALL.map(TaskColumn::head).to_vec(), rows }, tasks)
}

/// The table with a button in the head of each column, and one for each task. The button of the n-th column has
/// `data-column` n, that of a task has its number as `data-task`.
#[must_use]
pub fn sortable(record: &Record, order: Order) -> Node {
    let (data, tasks) = table_and_tasks(record, order);
    let header = |(index, column): (usize, &Column)| -> Element {
        let direction = if order.is_descending { "descending" } else { "ascending" };
        let sort = (TaskColumn::ALL[index] == order.column).then_some(direction);
        let button = element("button").class("sort").attr("data-column", index.to_string()).text(column.title.clone());
        element("th").attr("scope", "col").class(class(column)).attr_if("aria-sort", sort).child(button)
    };
    let headers = data.columns.iter().enumerate().map(header).collect();
    let row = |(task, cells): (&TaskId, &Vec<String>)| {
        let name = link_to_task(*task, cells[0].clone());
        let others = data.columns.iter().zip(cells).skip(1);
        element("tr").child(element("td").child(name)).children(others.map(|(column, text)| cell(column, text)))
    };
    scrolling(&data, headers, tasks.iter().zip(&data.rows).map(row)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{EventKind, Outcome, TaskName};

    /// A part with tasks numbered in descending order. Each is queued for the time given, then fails or succeeds.
    fn record(queued_us: &[u64]) -> Record {
        let mut record = Record::default();
        let part = record.spawn(0, "batch".into(), None);
        record.push(0, part, EventKind::PollStarted);
        let tasks: Vec<_> = (0..queued_us.len())
            .map(|n| record.spawn(0, TaskName::from(("sample", (queued_us.len() - n) as u32)), Some(part)))
            .collect();
        let mut ends: Vec<_> = queued_us.iter().zip(tasks).collect();
        ends.sort_unstable();
        for (at_us, task) in ends {
            record.push(*at_us, task, EventKind::PollStarted);
            let outcome = if at_us % 2_000 == 0 { Outcome::Succeeded } else { Outcome::Failed };
            record.push(*at_us, task, EventKind::Ended(outcome));
        }
        record
    }

    fn column(record: &Record, column: TaskColumn, is_descending: bool) -> Vec<String> {
        let place = TaskColumn::ALL.iter().position(|it| *it == column).expect("it is a column");
        let rows = as_table(record, Order { column, is_descending }).rows;
        rows.into_iter().map(|mut row| row.swap_remove(place)).collect()
    }

    #[test]
    fn durations_are_sorted_as_numbers_and_not_as_text() {
        let record = record(&[900_000, 1_200_000, 85_000]);
        assert_eq!(column(&record, TaskColumn::Queued, true), ["1.20 s", "900 ms", "85 ms", "0 ms"]);
        assert_eq!(column(&record, TaskColumn::Queued, false), ["0 ms", "85 ms", "900 ms", "1.20 s"]);
        assert_eq!(column(&record, TaskColumn::Lifetime, true)[0], "1.20 s");
    }

    #[test]
    fn names_are_sorted_by_their_numbers() {
        let record = record(&[1_000; 11]);
        let names = column(&record, TaskColumn::Task, false);
        assert_eq!(names[..3], ["batch", "sample 1", "sample 2"]);
        assert_eq!(names[9..], ["sample 9", "sample 10", "sample 11"]);
        assert_eq!(column(&record, TaskColumn::Parent, false)[..2], ["", "batch"]);
    }

    #[test]
    fn all_tasks_are_sorted_before_the_first_are_shown() {
        let times: Vec<_> = (1..=1_000).map(|n| n * 1_000).collect();
        let record = record(&times);
        let table = as_table(&record, Order { column: TaskColumn::Queued, is_descending: true });
        assert_eq!((table.rows.len(), &*table.rows[0][4]), (MOST_ROWS, "1.00 s"), "it was spawned last");
        assert_eq!(table.caption, "The first 200 of 1,001 tasks in this order");
    }

    #[test]
    fn equal_tasks_stay_in_the_order_of_spawning_both_ways() {
        let record = record(&[2_000; 5]);
        let histories = TaskHistories::from_record(&record);
        for column in [TaskColumn::Outcome, TaskColumn::CodeRan, TaskColumn::LongestWait] {
            for is_descending in [false, true] {
                let order = sorted(&record, &histories, Order { column, is_descending });
                let samples: Vec<_> = order.into_iter().filter(|task| task.index() > 0).collect();
                assert!(samples.is_sorted(), "{column:?}: {samples:?}");
            }
        }
    }

    #[test]
    fn each_column_is_sorted_both_ways() {
        let record = record(&[3_000, 1_000, 4_000]);
        let histories = TaskHistories::from_record(&record);
        for column in TaskColumn::ALL {
            let sorted = |is_descending| sorted(&record, &histories, Order { column, is_descending });
            assert_eq!(sorted(false).len(), 4, "{column:?}");
            let (mut up, mut down) = (sorted(false), sorted(true));
            up.sort_unstable();
            down.sort_unstable();
            assert_eq!(up, down, "{column:?}: the same tasks");
        }
    }

    #[test]
    fn a_press_sorts_by_the_column_and_a_second_press_turns_the_order_round() {
        let queued = Order::default().after_press(TaskColumn::Queued);
        assert_eq!(queued, Order { column: TaskColumn::Queued, is_descending: true }, "the longest first");
        assert_eq!(queued.after_press(TaskColumn::Queued), Order { is_descending: false, ..queued });
        assert_eq!(queued.after_press(TaskColumn::Task), Order { column: TaskColumn::Task, is_descending: false });
    }

    #[test]
    fn the_head_of_the_sorted_column_says_so() {
        let node = sortable(&record(&[1_000]), Order { column: TaskColumn::Queued, is_descending: true });
        assert_eq!(node.attributes("th", "aria-sort"), ["descending"]);
        assert_eq!(node.texts("th")[4], "Queued");
        assert_eq!(node.attributes(".sort", "data-column"), ["0", "1", "2", "3", "4", "5", "6", "7"]);
    }

    #[test]
    fn each_name_is_a_button_with_the_number_of_its_task() {
        let node = sortable(&record(&[1_000, 2_000]), Order { column: TaskColumn::Queued, is_descending: true });
        assert_eq!(node.texts(".task"), ["sample 1", "sample 2", "batch"]);
        assert_eq!(node.attributes(".task", "data-task"), ["2", "1", "0"]);
        assert_eq!(node.rows()[0][..2], ["sample 1", "batch"]);
    }
}
