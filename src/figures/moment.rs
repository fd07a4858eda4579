//! One instant of a run: the tree of which task waits for what, and the same in a sentence.

use std::cmp::Reverse;

use crate::figures::node::{Element, element};
use crate::measure::moment::{Doing, Group, Line, Moment};
use crate::measure::units::{count, counted, span};
use crate::measure::waits::{ObjectKind, Wait, Waits};
use crate::measure::{Record, TaskId};

/// The sentence says what at most this many kinds of tasks do, the most frequent ones.
const MOST_KINDS: usize = 3;

/// At most this many groups are listed in one task.
const MOST_GROUPS: usize = 40;

/// The activities as a clause, such as "7 tasks are queued for a permit (line 36 of a.rs), 3 wait for a timer (line 18 of a.rs)". A
/// task that only waits for its subtasks is left out.
#[must_use]
pub fn sentence(record: &Record, moment: &Moment) -> String {
    let mut kinds: Vec<(usize, Doing, String)> = Vec::new();
    for_each_leaf(&moment.groups, &mut |group| {
        let words = words(record, group.doing, true, Wait::words_in_short);
        match kinds.iter_mut().find(|(_, _, other)| *other == words) {
            Some((tasks, ..)) => *tasks += group.tasks,
            None => kinds.push((group.tasks, group.doing, words)),
        }
    });
    if kinds.is_empty() {
        return "no task is in progress".to_owned();
    }
    kinds.sort_by_key(|(tasks, ..)| Reverse(*tasks));
    let in_words = |(index, (tasks, doing, _)): (usize, &(usize, Doing, String))| {
        let number = if index == 0 { counted(*tasks as u64, "task", "tasks") } else { count(*tasks as u64) };
        format!("{number} {}", words(record, *doing, *tasks != 1, Wait::words_in_short))
    };
    let mut parts: Vec<String> = kinds.iter().take(MOST_KINDS).enumerate().map(in_words).collect();
    let others: usize = kinds.iter().skip(MOST_KINDS).map(|(tasks, ..)| tasks).sum();
    if others > 0 {
        parts.push(format!("{} do something else", count(others as u64)));
    }
    parts.join(", ")
}

fn for_each_leaf(groups: &[Group], act: &mut impl FnMut(&Group)) {
    for group in groups {
        if group.within.is_empty() {
            act(group);
        }
        for_each_leaf(&group.within, act);
    }
}

/// The tree: for each group of tasks that do the same, what they do, where, and for how long; within it, what the tasks
/// inside them do. A name is a button with the number of its task.
#[must_use]
pub fn tree(record: &Record, moment: &Moment, at_us: u64) -> Element {
    list(record, &moment.groups, at_us).class("moment")
}

/// Everything for which tasks are queued, in sentences.
#[must_use]
pub fn lines(record: &Record, moment: &Moment) -> Vec<String> {
    let sentence = |line: &Line| {
        let object = record.waits().objects().get(line.object)?;
        let kind = match object.kind {
            ObjectKind::Semaphore => "Semaphore",
            ObjectKind::Queue => "Queue",
            ObjectKind::Lock => "Lock",
            ObjectKind::Event => "Event",
            ObjectKind::Condition => "Condition",
            ObjectKind::Barrier => "Barrier",
            ObjectKind::Future => "Future",
        };
        let name = if object.name.is_empty() { kind.to_owned() } else { format!("{kind} {}", object.name) };
        let waiting = counted(line.tasks as u64, "task is", "tasks are");
        // A task is queued only if no permit is free.
        let taken = match object.permits {
            Some(1) => "its permit is taken, and ".to_owned(),
            Some(permits) => format!("all {} permits are taken, and ", count(permits.into())),
            None => String::new(),
        };
        Some(format!("{name}: {taken}{waiting} queued."))
    };
    moment.lines.iter().filter_map(sentence).collect()
}

fn list(record: &Record, groups: &[Group], at_us: u64) -> Element {
    let more = groups.iter().skip(MOST_GROUPS).map(|group| group.tasks).sum::<usize>();
    let more = (more > 0).then(|| note(more, "more"));
    element("ul").children(groups.iter().take(MOST_GROUPS).map(|group| item(record, group, at_us)).chain(more))
}

fn note(tasks: usize, what: &str) -> Element {
    element("li").class("hint").text(format!("{} {what}", counted(tasks as u64, "task", "tasks")))
}

fn item(record: &Record, group: &Group, at_us: u64) -> Element {
    let others = match group.tasks - 1 {
        0 => String::new(),
        others => format!(" and {} more", count(others as u64)),
    };
    let for_us = span(at_us.saturating_sub(group.since_us));
    let length = if group.tasks == 1 { format!(" for {for_us}") } else { format!(" for up to {for_us}") };
    let item = element("li")
        .class(class(group.doing))
        .child(link_to_task(group.first, record.task(group.first).name.to_string()))
        .text(format!("{others} {}", words(record, group.doing, group.tasks != 1, Wait::words)))
        .child(element("span").class("figure").text(length));
    let deeper = (group.deeper > 0).then(|| note(group.deeper, "further inside"));
    if group.within.is_empty() && deeper.is_none() {
        return item;
    }
    item.child(list(record, &group.within, at_us).children(deeper))
}

/// The name of a task as a button with its number, which shows the task in the timeline.
pub(super) fn link_to_task(task: TaskId, name: String) -> Element {
    element("button")
        .class("task")
        .attr("data-task", task.index().to_string())
        .attr("title", "Show it in the timeline")
        .text(name)
}

/// The class of a phase, as in the timeline's key.
fn class(doing: Doing) -> &'static str {
    match doing {
        Doing::NotStarted | Doing::Queued(_) => "queued",
        Doing::Running => "running",
        Doing::Ready | Doing::Waiting(_) => "waiting",
    }
}

/// The words for one or more tasks with this activity. `place` says for what and where a task waits.
fn words(record: &Record, doing: Doing, are_many: bool, place: fn(&Wait, &Waits) -> String) -> String {
    let choose = |one, many| if are_many { many } else { one };
    let with_place = |verb: &str, wait| match record.waits().get(wait).map(|wait| place(wait, record.waits())) {
        Some(place) if !place.is_empty() => format!("{verb} {place}"),
        _ => verb.to_owned(),
    };
    match doing {
        Doing::NotStarted => choose("has not started", "have not started").to_owned(),
        Doing::Running => choose("runs", "run").to_owned(),
        Doing::Ready => choose("is ready and has not run yet", "are ready and have not run yet").to_owned(),
        Doing::Waiting(wait) => with_place(choose("waits", "wait"), wait),
        Doing::Queued(wait) => with_place(choose("is queued", "are queued"), wait),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use futures::future::join_all;

    use super::*;
    use crate::figures::node::Node;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

    /// Five samples in a part, two at a time.
    fn record() -> Record {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(2));
        let samples = async {
            let sample = async || {
                let _permit = limit.acquire().await;
                run.sleep(ms(100)).await;
            };
            join_all((0..5).map(|number| run.task(("sample", number), sample()))).await;
        };
        block_on(&run, run.task("at_most", samples)).expect("it ends");
        run.take_record()
    }

    #[test]
    fn the_tree_says_what_each_task_waits_for_and_where() {
        let record = record();
        let moment = Moment::at(&record, 150_000, None);
        let tree = Node::from(tree(&record, &moment, 150_000));
        assert_eq!(tree.texts("button"), ["at_most", "sample 2", "sample 4"]);
        assert_eq!(tree.attributes("button", "data-task"), ["0", "3", "5"]);
        let items = tree.texts("li");
        assert!(items[1].starts_with("sample 2 and 1 more wait for a timer on line "), "{items:?}");
        assert!(items[1].ends_with("moment.rs for up to 50 ms"), "{items:?}");
        assert!(items[2].starts_with("sample 4 is queued for a permit on line "), "{items:?}");
        assert!(items[2].ends_with(" for 150 ms"), "{items:?}");
        assert_eq!(tree.attributes("li", "class"), ["waiting", "waiting", "queued"]);
    }

    #[test]
    fn a_sentence_counts_the_tasks_without_those_that_wait_for_them() {
        let record = record();
        let sentence = sentence(&record, &Moment::at(&record, 50_000, None));
        assert!(sentence.starts_with("3 tasks are queued for a permit (line "), "{sentence}");
        assert!(sentence.contains(" of moment.rs), 2 wait for a timer (line "), "{sentence}");
        assert_eq!(super::sentence(&record, &Moment::at(&record, 300_000, None)), "no task is in progress");
    }

    #[test]
    fn a_queue_says_that_the_permits_are_taken() {
        let record = record();
        let lines = |at_us| lines(&record, &Moment::at(&record, at_us, None));
        assert_eq!(lines(50_000), ["Semaphore: all 2 permits are taken, and 3 tasks are queued."]);
        assert_eq!(lines(150_000), ["Semaphore: all 2 permits are taken, and 1 task is queued."]);
        assert_eq!(lines(250_000), [""; 0]);
    }
}
