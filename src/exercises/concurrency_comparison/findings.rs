//! The approach to use for each kind of work, with the measured numbers.

use crate::exercises::prelude::*;
use crate::measure::Record;
use crate::measure::spans::{Spans, speed_up};
use crate::workers::{Answer, OffloadError};

use super::plan::Plan;

/// Work shorter than this is not checked for blocks of the page: other activity of the machine could cause them.
const LEAST_CHECKED_US: u64 = 100_000;

/// The results of all parts.
#[derive(Debug)]
pub(super) struct Findings {
    pub threaded: Result<(), OffloadError>,
    pub inline: Vec<u32>,
    pub in_slices: Vec<u32>,
    pub in_one: Result<Vec<Answer>, OffloadError>,
    pub in_all: Result<Vec<Answer>, OffloadError>,
}

/// A way to do one kind of work.
struct Approach {
    label: &'static str,
    /// The root task that does the work.
    part: &'static str,
    /// The root task that starts its workers.
    start: Option<&'static str>,
    browser: &'static str,
    python: &'static str,
    fit_for: &'static str,
}

/// All approaches, by kind of work. The others of each kind are compared with the first.
const KINDS: [&[Approach]; 2] = [
    &[
        Approach {
            label: "I/O, one by one",
            part: "sync_io_tasks",
            start: None,
            browser: "a blocking loop",
            python: "time.sleep, requests",
            fit_for: "a script that does one thing, never a page or a server",
        },
        Approach {
            label: "I/O, async",
            part: "async_io_tasks",
            start: None,
            browser: "join_all over fetch and timers",
            python: "asyncio.gather",
            fit_for: "many waits: network, files, databases",
        },
        Approach {
            label: "I/O, blocking workers",
            part: "threaded_io_tasks",
            start: Some("start_threads"),
            browser: "a pool of workers",
            python: "threads: asyncio.to_thread, ThreadPoolExecutor",
            fit_for: "a library that can only block",
        },
    ],
    &[
        Approach {
            label: "CPU, inline",
            part: "cpu_inline",
            start: None,
            browser: "a function call",
            python: "a function call, in a coroutine or not",
            fit_for: "work of less than a few milliseconds",
        },
        Approach {
            label: "CPU, in slices",
            part: "cpu_in_slices",
            start: None,
            browser: "yield_now between the slices",
            python: "await asyncio.sleep(0) between the slices",
            fit_for: "work that can be split, and progress that the page shows",
        },
        Approach {
            label: "CPU, one worker",
            part: "cpu_in_one_worker",
            start: Some("start_one_worker"),
            browser: "offload to a worker",
            python: "one process, because a thread would hold the GIL",
            fit_for: "work that cannot be split, without blocking the page",
        },
        Approach {
            label: "CPU, all workers",
            part: "cpu_in_all_workers",
            start: Some("start_all_workers"),
            browser: "a pool with one worker per processor",
            python: "processes: ProcessPoolExecutor",
            fit_for: "a lot of work in independent parts",
        },
    ],
];

/// Each approach, with the part that it is compared with.
fn approaches() -> impl Iterator<Item = (&'static Approach, &'static str)> {
    KINDS.iter().flat_map(|kind| kind.iter().map(|approach| (approach, kind[0].part)))
}

/// A record and the spans of its parts.
struct MeasuredParts<'a> {
    record: &'a Record,
    spans: Spans,
}

impl MeasuredParts<'_> {
    fn length_us(&self, part: &str) -> Option<u64> {
        self.spans.named(self.record, part)?.length_us()
    }

    fn lag_us(&self, part: &str) -> Option<u64> {
        self.spans.named(self.record, part)?.longest_lag_us(self.record)
    }

    fn frames_missed(&self, part: &str) -> Option<u64> {
        Some(self.spans.named(self.record, part)?.frames_missed(self.record))
    }

    fn speed_up(&self, baseline: &str, part: &str) -> Option<f64> {
        speed_up(self.length_us(baseline)?, self.length_us(part)?)
    }

    fn row(&self, approach: &Approach, baseline: &str) -> Vec<String> {
        vec![
            approach.label.to_owned(),
            or_dash(self.length_us(approach.part), units::span),
            or_dash(self.speed_up(baseline, approach.part), times),
            or_dash(self.lag_us(approach.part), units::span),
            or_dash(self.frames_missed(approach.part), units::count),
            or_dash(approach.start.and_then(|start| self.length_us(start)), units::span),
        ]
    }

    fn guideline(&self, approach: &Approach, baseline: &str) -> Vec<String> {
        let length = or_dash(self.length_us(approach.part), units::span);
        let gain = or_dash(self.speed_up(baseline, approach.part), times);
        let block = or_dash(self.lag_us(approach.part), units::span);
        vec![
            approach.fit_for.to_owned(),
            approach.browser.to_owned(),
            approach.python.to_owned(),
            format!("{}: {length}, speed-up {gain}, longest block {block}", approach.label),
        ]
    }

    /// Checks that a part did not block the page, compared with the block that the same work causes inline.
    fn page_was_free(&self, part: &'static str, inline_us: u64) -> Check {
        let lag_us = self.lag_us(part).unwrap_or(0);
        // Half is far from both outcomes, so that other activity of the machine does not change the verdict.
        let most_us = inline_us / 2;
        let claim =
            format!("the event loop is never blocked for more than {} (half of the work)", units::span(most_us));
        Check::new(part, claim, format!("longest block: {}", units::span(lag_us)), lag_us <= most_us)
    }
}

impl Findings {
    pub fn report(self, record: &Record, plan: &Plan) -> Report {
        let measured = MeasuredParts { record, spans: Spans::from_record(record) };
        let of_workers = self.about_workers(&measured, plan);
        Report {
            headlines: of_workers.into_iter().map(|text| Headline::new("cpu_in_all_workers", text)).collect(),
            notes: self.notes(&measured, plan),
            sections: vec![Section::Table(costs(&measured)), Section::Table(guidelines(&measured))],
            checks: self.checks(&measured),
        }
    }

    fn notes(&self, measured: &MeasuredParts, plan: &Plan) -> Vec<String> {
        let mut notes = vec![
            "The waits simulate a server's response time, as in the Python guide. Every approach waits equally long."
                .to_owned(),
        ];
        notes.extend(self.about_workers(measured, plan));
        if plan.workers.get() == 1 {
            notes.push("With one worker, computing is no faster, but it does not block the page.".to_owned());
        }
        let failed = self.threaded.as_ref().err().or(self.in_one.as_ref().err()).or(self.in_all.as_ref().err());
        notes.extend(failed.map(|error| format!("The parts in workers failed: {error}. {}", error.advice())));
        notes
    }

    /// The gain of all workers over one, if both were measured.
    fn about_workers(&self, measured: &MeasuredParts, plan: &Plan) -> Option<String> {
        let gain = measured.speed_up("cpu_in_one_worker", "cpu_in_all_workers")?;
        Some(format!(
            "{} computed {} {gain:.1} times as fast as one worker.",
            if plan.workers.get() == 1 { "The only worker".to_owned() } else { format!("{} workers", plan.workers) },
            if plan.tasks == 1 { "a single task".to_owned() } else { format!("{} tasks", plan.tasks) },
        ))
    }

    fn checks(&self, measured: &MeasuredParts) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut same = |part, numbers: Option<Vec<u32>>| {
            let Some(numbers) = numbers else { return };
            let equal = numbers.iter().zip(&self.inline).filter(|(number, inline)| number == inline).count();
            let measured = format!("{equal} of {} results are the same", self.inline.len());
            checks.push(Check::new(part, "the results are the same as inline", measured, equal == self.inline.len()));
        };
        same("cpu_in_slices", Some(self.in_slices.clone()));
        same("cpu_in_one_worker", self.in_one.as_deref().ok().map(numbers));
        same("cpu_in_all_workers", self.in_all.as_deref().ok().map(numbers));

        let inline_us = measured.length_us("cpu_inline").unwrap_or(0);
        if inline_us >= LEAST_CHECKED_US {
            checks.push(measured.page_was_free("cpu_inline", inline_us).meant_to_fail());
            checks.push(measured.page_was_free("cpu_in_slices", inline_us));
            checks.extend(self.in_one.is_ok().then(|| measured.page_was_free("cpu_in_one_worker", inline_us)));
            checks.extend(self.in_all.is_ok().then(|| measured.page_was_free("cpu_in_all_workers", inline_us)));
        }
        checks
    }
}

fn costs(measured: &MeasuredParts) -> Table {
    Table {
        caption:
            "How long each approach took. The speed-up is relative to the first approach of its group (I/O or CPU). \
            Frames are counted at 60 per second, and the start of workers is measured separately"
                .to_owned(),
        columns: vec![
            Column::text("Approach"),
            Column::number("Wall time"),
            Column::number("Speed-up"),
            Column::number("Longest block"),
            Column::number("Frames missed"),
            Column::number("Start of workers"),
        ],
        rows: approaches().map(|(approach, baseline)| measured.row(approach, baseline)).collect(),
    }
}

fn guidelines(measured: &MeasuredParts) -> Table {
    Table {
        caption: "Which approach for which work".to_owned(),
        columns: vec![
            Column::text("Suitable for"),
            Column::text("In the browser"),
            Column::text("In Python"),
            Column::text("In this run"),
        ],
        rows: approaches().map(|(approach, baseline)| measured.guideline(approach, baseline)).collect(),
    }
}

fn numbers(answers: &[Answer]) -> Vec<u32> {
    let number = |answer: &Answer| if let Answer::Number(number) = answer { Some(*number) } else { None };
    answers.iter().filter_map(number).collect()
}

fn or_dash<T>(value: Option<T>, in_words: impl Fn(T) -> String) -> String {
    value.map_or("–".to_owned(), in_words)
}

fn times(ratio: f64) -> String {
    let places = if ratio < 10.0 { 2 } else { 1 };
    format!("{ratio:.places$} ×")
}
