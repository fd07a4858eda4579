//! The spread of the durations of a part's tasks: a histogram, its percentiles with n, and Little's law.

use crate::figures::histogram::{bins, edges, picture, tallest};
use crate::figures::node::{Element, Node, element};
use crate::figures::table::{disclosed, table};
use crate::measure::Record;
use crate::measure::durations::{Durations, LittlesLaw, TaskDuration};
use crate::measure::histogram::Histogram;
use crate::measure::percentiles::percentiles;
use crate::measure::report::Distribution;
use crate::measure::spans::Span;
use crate::measure::statistics::Summary;
use crate::measure::units::{count, counted, span};

/// The durations of these tasks. None if the run has no such tasks.
#[must_use]
pub fn distribution(record: &Record, of: &Distribution) -> Option<Node> {
    let part = Span::named(record, &of.part)?;
    let durations = Durations::from_record(record, &of.task, Some(part.task));
    let (duration_us, verb): (fn(&TaskDuration) -> u64, _) = match durations.has_queue() {
        true => (|task| task.total_us, "took, including its time in the queue"),
        false => (TaskDuration::work_us, "took"),
    };
    let spread = Histogram::from_values(&durations.tasks().iter().map(duration_us).collect::<Vec<_>>())?;
    let percentiles = percentiles(
        format!("{}: percentiles, including failed tasks (– means too few samples)", of.title),
        "Time",
        &samples(&durations),
    );
    let law = durations.littles_law().map(|law| element("p").class("hint").attr("data-law", "").text(in_words(law)));
    let figure = element("figure")
        .class("histogram")
        .attr("data-distribution", of.part.clone())
        .child(element("h3").text(format!("{}: how long {} {verb}", of.title, of.task)))
        .child(picture(&of.title, &spread))
        .child(edges(&spread))
        .child(element("figcaption").text(caption(&durations, &spread)))
        .child(table(&percentiles))
        .children(law)
        .children(caution(&durations))
        .child(disclosed(&bins(format!("{}: tasks in each bin", of.title), &[("Tasks", &spread)])));
    Some(figure.into())
}

fn caption(durations: &Durations, spread: &Histogram) -> String {
    format!(
        "{}, one bar per {}; the tallest bar has {}.",
        counted(durations.tasks().len() as u64, "task", "tasks"),
        span(spread.step),
        counted(tallest(spread).into(), "task", "tasks"),
    )
}

/// The time in progress, and the time with the queue if there was one.
fn samples(durations: &Durations) -> Vec<(&'static str, Summary)> {
    let total = durations.has_queue().then(|| ("With the queue", durations.total()));
    [("Without the queue", durations.work())].into_iter().chain(total).collect()
}

fn in_words(law: LittlesLaw) -> String {
    let verdict = if law.holds() { "The two agree." } else { "They differ, so the record is inconsistent." };
    format!(
        "Little's law: {:.1} tasks per second × {} each = {:.2} tasks in progress on average. Measured directly: {:.2}. \
         {verdict}",
        law.throughput_per_s,
        span((law.work_ms * 1e3) as u64),
        law.product(),
        law.concurrency,
    )
}

/// The percentiles without the tasks that a block of the page may have made late.
fn caution(durations: &Durations) -> Option<Element> {
    let n = durations.blocked();
    if n == 0 {
        return None;
    }
    let others = durations.unblocked().work();
    let percentile = |p: f64| others.percentile(p).map_or("–".to_owned(), |us| span(us as u64));
    let text = format!(
        "{} of {} tasks ran while the page was blocked and may be late. Without them, p50 without the queue is {}, and \
         p95 {}.",
        count(n as u64),
        count(durations.tasks().len() as u64),
        percentile(50.0),
        percentile(95.0)
    );
    Some(element("p").class("caution").text(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::measure::{EventKind, Outcome};

    const TASKS: Distribution = Distribution::new("Batch", "sample", "batch");

    /// A part with tasks that took these times, one after the other.
    fn record(durations_us: &[u64]) -> Record {
        let mut record = Record::default();
        let part = record.spawn(0, "batch".into(), None);
        record.push(0, part, EventKind::PollStarted);
        let mut now_us = 0;
        for duration_us in durations_us {
            let task = record.spawn(now_us, "sample".into(), Some(part));
            record.push(now_us, task, EventKind::PollStarted);
            now_us += duration_us;
            record.push(now_us, task, EventKind::Ended(Outcome::Succeeded));
        }
        record.push(now_us, part, EventKind::Ended(Outcome::Succeeded));
        record
    }

    #[test]
    fn every_task_is_in_a_bin_and_the_tallest_bar_is_full() {
        let figure = distribution(&record(&[3_000, 11_000, 12_000, 19_000, 48_000]), &TASKS).expect("there are tasks");
        assert_sound(&figure);
        assert_eq!(figure.attributes("svg", "viewBox"), ["0 0 5 100"]);
        assert_eq!(figure.attributes("rect", "height"), ["33.33", "100", "0", "0", "33.33"]);
        assert_eq!(figure.texts(".edges"), ["0 ms50 ms"]);
        assert_eq!(figure.rows()[1], ["10 ms", "20 ms", "3"]);
        assert_eq!(figure.texts("figcaption"), ["5 tasks, one bar per 10 ms; the tallest bar has 3 tasks."]);
    }

    #[test]
    fn without_tasks_there_is_no_figure_and_one_task_gives_a_valid_one() {
        assert_eq!(distribution(&record(&[]), &TASKS), None);
        assert_eq!(distribution(&Record::default(), &TASKS), None);
        assert_sound(&distribution(&record(&[0]), &TASKS).expect("there is one"));
    }
}
