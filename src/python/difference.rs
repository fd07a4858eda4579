//! Compares two runs of a program. If both did the same, the second, on the virtual clock, is the ideal of the first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::measure::units::count;
use crate::measure::waits::SourceLine;
use crate::measure::{EventKind, Outcome, Record};

/// The first difference between two records of a program, as the end of a sentence. `None` if they have the same tasks, parents and
/// outcomes, and if each task waited on the same set of lines.
///
/// Siblings may be created in another order, as by `as_completed`, so the children of a task are compared as a set.
#[must_use]
pub fn difference(first: &Record, second: &Record) -> Option<String> {
    let mut signatures = HashMap::new();
    let [first, second] = [first, second].map(|record| Tree::new(record, &mut signatures));
    // From the program down to the first task that differs by itself.
    let (mut one, mut other) = (Tree::TOP, Tree::TOP);
    while first.nodes[one].signature != second.nodes[other].signature {
        let (task, again) = ((&first, one), (&second, other));
        if let Some(difference) = own_difference(task, again) {
            return Some(difference);
        }
        (one, other) = children_that_differ(task, again)?;
    }
    None
}

/// Equal for tasks that match, with everything inside them.
type Signature = usize;

/// The properties of a task, and of everything inside it, that are compared.
type Key = (String, Option<Outcome>, BTreeSet<Place>, Vec<Signature>);

/// A line of a file.
type Place = (String, u32);

/// The tasks of a record. The first node stands for the program: the code outside of all tasks.
struct Tree {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    name: String,
    outcome: Option<Outcome>,
    places: BTreeSet<Place>,
    children: Vec<usize>,
    signature: Signature,
}

impl Tree {
    const TOP: usize = 0;

    fn new(record: &Record, signatures: &mut HashMap<Key, Signature>) -> Self {
        let mut nodes = vec![Node::default()];
        for task in record.tasks() {
            let parent = task.parent.map_or(Self::TOP, |parent| parent.index() + 1);
            let child = nodes.len();
            nodes[parent].children.push(child);
            nodes.push(Node { name: task.name.text().to_string(), ..Node::default() });
        }
        let mut waits: Vec<BTreeSet<SourceLine>> = vec![BTreeSet::new(); nodes.len()];
        for event in record.events() {
            let node = event.task.index() + 1;
            match event.kind {
                EventKind::PollEnded(wait) => waits[node].extend(record.waits().get(wait).and_then(|wait| wait.line)),
                EventKind::Ended(outcome) => nodes[node].outcome = Some(outcome),
                _ => {}
            }
        }
        let path = |line: SourceLine| record.waits().sources().get(line.source).map(|it| it.path.to_string());
        for (node, lines) in nodes.iter_mut().zip(waits) {
            node.places = lines.into_iter().filter_map(|line| Some((path(line)?, line.line))).collect();
        }
        // Children come after their parents. This does not recurse, because a chain of tasks may be long.
        for index in (0..nodes.len()).rev() {
            let mut inside: Vec<_> = nodes[index].children.iter().map(|child| nodes[*child].signature).collect();
            inside.sort_unstable();
            let Node { name, outcome, places, .. } = &nodes[index];
            let next = signatures.len();
            nodes[index].signature =
                *signatures.entry((name.clone(), *outcome, places.clone(), inside)).or_insert(next);
        }
        Self { nodes }
    }

    /// The name of a task, for a sentence.
    fn shown(&self, node: usize) -> String {
        if node == Self::TOP { "the program".to_owned() } else { format!("task `{}`", self.nodes[node].name) }
    }

    /// The number of children of each name.
    fn names_of_children(&self, node: usize) -> BTreeMap<&str, u64> {
        let mut names = BTreeMap::new();
        for child in &self.nodes[node].children {
            *names.entry(&*self.nodes[*child].name).or_default() += 1;
        }
        names
    }
}

/// The difference between two tasks, apart from the tasks inside them.
fn own_difference((first, one): (&Tree, usize), (second, other): (&Tree, usize)) -> Option<String> {
    let (task, again) = (&first.nodes[one], &second.nodes[other]);
    let shown = first.shown(one);
    if task.outcome != again.outcome {
        let [then, now] = [task.outcome, again.outcome].map(outcome_in_words);
        return Some(format!("{shown} {then} in the first run, but {now} in the second"));
    }
    if let Some(place) = task.places.symmetric_difference(&again.places).next() {
        let run = if task.places.contains(place) { "first" } else { "second" };
        let (path, line) = place;
        return Some(format!("{shown} waited on line {line} of {path} only in the {run} run"));
    }
    let (names, names_again) = (first.names_of_children(one), second.names_of_children(other));
    let name = names.keys().chain(names_again.keys()).find(|name| names.get(*name) != names_again.get(*name))?;
    let [then, now] = [&names, &names_again].map(|names| count(names.get(name).copied().unwrap_or(0)));
    Some(format!("{shown} created {then} × task `{name}` in the first run, but {now} × in the second"))
}

fn outcome_in_words(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "did not end",
        Some(Outcome::Cancelled) => "was cancelled",
        Some(outcome) => outcome.name(),
    }
}

/// A child of each of two tasks that have the same name, but do not match.
fn children_that_differ((first, one): (&Tree, usize), (second, other): (&Tree, usize)) -> Option<(usize, usize)> {
    let mut surplus: HashMap<Signature, i64> = HashMap::new();
    let (children, others) = (&first.nodes[one].children, &second.nodes[other].children);
    children.iter().for_each(|child| *surplus.entry(first.nodes[*child].signature).or_default() += 1);
    others.iter().for_each(|child| *surplus.entry(second.nodes[*child].signature).or_default() -= 1);
    let child = *children.iter().find(|child| surplus[&first.nodes[**child].signature] > 0)?;
    let is_other = |other: &&usize| {
        let node = &second.nodes[**other];
        surplus[&node.signature] < 0 && node.name == first.nodes[child].name
    };
    Some((child, *others.iter().find(is_other)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::waits::{Source, Wait};
    use crate::measure::{TaskId, TaskName};

    /// A task: its name, its parent's index, the lines on which it waited, and its outcome.
    type TaskSpec = (&'static str, Option<usize>, &'static [u32], Outcome);

    fn record(tasks: &[TaskSpec]) -> Record {
        let mut record = Record::default();
        let source = record.waits_mut().add_source(Source { path: "main.py".into(), hash: "".into() });
        for (at_us, (name, parent, lines, outcome)) in (0..).zip(tasks) {
            let task = record.spawn(at_us, TaskName::new(*name, None), parent.map(TaskId::at));
            for line in *lines {
                let line = Some(SourceLine { source, line: *line });
                let wait = record.waits_mut().add(Wait { line, awaited: None });
                record.push(at_us, task, EventKind::PollStarted);
                record.push(at_us, task, EventKind::PollEnded(wait));
            }
            record.push(at_us, task, EventKind::Ended(*outcome));
        }
        record
    }

    const MAIN: TaskSpec = ("main", None, &[9], Outcome::Succeeded);
    const WORK: TaskSpec = ("work", Some(0), &[5], Outcome::Succeeded);

    fn found(first: &[TaskSpec], second: &[TaskSpec]) -> Option<String> {
        difference(&record(first), &record(second))
    }

    #[test]
    fn the_order_of_siblings_and_the_number_of_waits_do_not_matter() {
        let (long, short) = (("work", Some(0), &[5, 7, 5][..], Outcome::Failed), WORK);
        let again = ("work", Some(0), &[7, 5][..], Outcome::Failed);
        assert_eq!(found(&[MAIN, long, short], &[MAIN, short, again]), None);
        assert_eq!(found(&[], &[]), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let differs = |second: &[TaskSpec], words: &str| {
            assert_eq!(found(&[MAIN, WORK, WORK, WORK], second).as_deref(), Some(words));
        };
        let failed = ("work", Some(0), &[5][..], Outcome::Failed);
        let elsewhere = ("work", Some(0), &[5, 6][..], Outcome::Succeeded);
        let inside = ("ask", Some(1), &[][..], Outcome::Succeeded);
        let other = ("rest", None, &[][..], Outcome::Cancelled);
        differs(&[MAIN, WORK, failed, WORK], "task `work` succeeded in the first run, but failed in the second");
        differs(&[MAIN, WORK, elsewhere, WORK], "task `work` waited on line 6 of main.py only in the second run");
        differs(&[MAIN, WORK, WORK], "task `main` created 3 × task `work` in the first run, but 2 × in the second");
        differs(
            &[MAIN, WORK, WORK, WORK, inside],
            "task `work` created 0 × task `ask` in the first run, but 1 × in the second",
        );
        differs(
            &[MAIN, WORK, WORK, WORK, other],
            "the program created 0 × task `rest` in the first run, but 1 × in the second",
        );
    }

    #[test]
    fn a_long_chain_of_tasks_is_compared() {
        let chain: Vec<TaskSpec> =
            (0..50_000_usize).map(|n| ("link", n.checked_sub(1), &[3][..], Outcome::Succeeded)).collect();
        assert_eq!(found(&chain, &chain), None);
    }
}
