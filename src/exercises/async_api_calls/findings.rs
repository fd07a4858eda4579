//! What came of the requests, in numbers and in words.

use std::collections::BTreeMap;
use std::time::Duration;

use inference::protocol::{ModelMetadata, TensorMetadata};

use crate::endpoint::oip::OipError;
use crate::exercises::prelude::*;
use crate::measure::requests::{Requests, Timing};
use crate::measure::sweep::{LoadLevel, Sweep};

use super::inputs::Inputs;
use super::plan::{Arrivals, Plan};

/// So many digits are shown.
const MOST_DIGITS: usize = 10;

/// From schedule so many times as long as from send: the queue at the limit is most of it.
const IS_MOSTLY_QUEUE: f64 = 2.0;

/// What came of one request.
#[derive(Debug)]
pub(super) struct Call {
    n: u32,
    pub timing: Timing,
    /// Why its attempts failed, in their order; the last of them is its result, unless that is good.
    failed_attempts: Vec<OipError>,
    /// The digits that were read, if the model reads digits.
    result: Result<Option<Vec<u8>>, OipError>,
}

impl Call {
    pub fn new(
        n: u32,
        due: Duration,
        sent: Option<Duration>,
        ended: Duration,
        failed_attempts: Vec<OipError>,
        result: Result<Option<Vec<u8>>, OipError>,
    ) -> Self {
        let us = |time: Duration| time.as_micros() as u64;
        let outcome = result.as_ref().map_or_else(TaskError::outcome, |_| Outcome::Succeeded);
        let timing = Timing { due_us: us(due), sent_us: sent.map(us), ended_us: us(ended), outcome };
        Self { n, timing, failed_attempts, result }
    }

    fn attempts(&self) -> usize {
        self.failed_attempts.len() + usize::from(self.result.is_ok())
    }
}

/// What came of all that was asked.
#[derive(Debug)]
pub(super) struct Findings {
    /// In the order of the plan's names.
    pub models: Vec<Result<ModelMetadata, OipError>>,
    pub calls: Vec<Call>,
    pub sweep: Option<Sweep>,
    pub inputs: Inputs,
}

impl Findings {
    pub fn report(self, run: &Run, plan: &Plan) -> Report {
        let requests = Requests::from_timings(self.calls.iter().map(|call| call.timing));
        let reading = DigitsRead::new(&self.calls, &self.inputs);
        let notes = [
            Some(self.in_words(plan, &requests)),
            reading.as_ref().map(DigitsRead::in_words),
            (plan.requests > 0).then(|| about_arrivals(plan, &requests)),
            about_connections(plan),
            self.about_preflight(),
        ];
        Report {
            notes: notes.into_iter().flatten().collect(),
            checks: self.checks(run, plan),
            sections: self.sections(requests, reading.map(|it| it.first).unwrap_or_default(), plan),
        }
    }

    fn sections(self, requests: Requests, digits: Vec<Digit>, plan: &Plan) -> Vec<Section> {
        let tables = [self.outcomes(), self.attempts(), self.models(plan)].map(Section::Table);
        let measured = [Some(Section::Latency(requests)), self.sweep.map(Section::Sweep)];
        tables.into_iter().chain([Section::Digits(digits)]).chain(measured.into_iter().flatten()).collect()
    }

    fn succeeded(&self) -> usize {
        self.calls.iter().filter(|call| call.result.is_ok()).count()
    }

    /// How many were answered, how quickly.
    fn in_words(&self, plan: &Plan, requests: &Requests) -> String {
        if plan.requests == 0 {
            return "Without requests there is nothing to wait for: only the models were asked what they take."
                .to_owned();
        }
        let succeeded = self.succeeded();
        let rows = self.inputs.rows();
        let throughput = requests.throughput_per_s().unwrap_or(0.0);
        format!(
            "{} of {} requests with {} each were answered, in {}: {throughput:.1} requests and {} inputs per second.",
            units::count(succeeded as u64),
            units::count(plan.requests.into()),
            if rows == 1 { "1 input".to_owned() } else { format!("{} inputs", units::count(rows.into())) },
            units::span(requests.length_us()),
            units::count((throughput * f64::from(rows)).round() as u64),
        )
    }

    /// A browser asks for leave before it posts JSON to another origin, and tells nobody that it was refused.
    fn about_preflight(&self) -> Option<String> {
        let is_unreachable =
            |call: &Call| call.result.as_ref().is_err_and(|error| error.cause().starts_with("unreachable"));
        let are_all = !self.calls.is_empty() && self.calls.iter().all(is_unreachable);
        are_all.then(|| {
            "The model told what it takes, but no inference got through. Either the endpoint closed the connection, or the \
             browser had no leave: before it posts JSON to another origin it asks for that with OPTIONS, and the answer \
             must allow this origin, the method POST and the header content-type."
                .to_owned()
        })
    }

    /// How requests ended, and how attempts did after which another was made.
    fn outcomes(&self) -> Table {
        let mut causes: BTreeMap<_, Cause> = BTreeMap::new();
        for call in &self.calls {
            for (n, error) in call.failed_attempts.iter().enumerate() {
                let cause = causes.entry(error.cause()).or_insert_with(|| Cause::from_error(error));
                let is_last = call.result.is_err() && n + 1 == call.failed_attempts.len();
                *(if is_last { &mut cause.ended } else { &mut cause.retried }) += 1;
            }
        }
        let n = |n: usize| units::count(n as u64);
        let mut rows = vec![vec!["succeeded".to_owned(), n(self.succeeded()), "–".to_owned(), String::new()]];
        rows.extend(
            causes
                .into_iter()
                .map(|(name, cause)| vec![name.into_owned(), n(cause.ended), n(cause.retried), cause.first]),
        );
        Table {
            caption: "What came of the requests, by cause".to_owned(),
            columns: vec![
                Column::text("Outcome"),
                Column::number("Requests"),
                Column::number("Tried again after it"),
                Column::text("What was said first"),
            ],
            rows,
        }
    }

    fn attempts(&self) -> Table {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        self.calls.iter().for_each(|call| *counts.entry(call.attempts()).or_default() += 1);
        let row = |(attempts, calls): (usize, usize)| [attempts, calls].map(|n| units::count(n as u64)).to_vec();
        Table {
            caption: "Attempts for each request".to_owned(),
            columns: vec![Column::number("Attempts"), Column::number("Requests")],
            rows: counts.into_iter().map(row).collect(),
        }
    }

    fn models(&self, plan: &Plan) -> Table {
        let row = |(name, model): (&String, &Result<ModelMetadata, OipError>)| match model {
            Ok(model) => vec![
                name.clone(),
                model.platform.clone(),
                tensors_in_words(&model.inputs),
                tensors_in_words(&model.outputs),
            ],
            Err(error) => vec![name.clone(), "–".to_owned(), format!("✕ {error}"), "–".to_owned()],
        };
        Table {
            caption: "The models and what they take".to_owned(),
            columns: ["Model", "Platform", "Inputs", "Outputs"].map(Column::text).to_vec(),
            rows: plan.models.iter().zip(&self.models).map(row).collect(),
        }
    }

    fn checks(&self, run: &Run, plan: &Plan) -> Vec<Check> {
        let part = plan.part();
        let n = self.calls.len();
        let in_order = self.calls.iter().map(|call| call.n).eq(0..plan.requests);
        let answered = format!("{} of {} have one", units::count(n as u64), units::count(plan.requests.into()));
        let outcome = Check::new(part, "every request has an outcome in its place", answered, in_order);
        let limited = plan.limit.zip(Span::named(&run.record(), part)).map(|(most, span)| {
            let peak = Durations::from_record(&run.record(), "infer", Some(span.task)).peak();
            Check::new(
                part,
                format!("at most {most} under way at once"),
                format!("{peak} at the peak"),
                peak as usize <= most.get(),
            )
        });
        [outcome].into_iter().chain(limited).collect()
    }
}

/// How often requests ended with a cause, and how often another attempt followed it.
struct Cause {
    ended: usize,
    retried: usize,
    /// What the first said that failed with it.
    first: String,
}

impl Cause {
    fn from_error(error: &OipError) -> Self {
        Self { ended: 0, retried: 0, first: error.to_string() }
    }
}

/// What a model of digits read.
struct DigitsRead {
    right: usize,
    all: usize,
    first: Vec<Digit>,
}

impl DigitsRead {
    fn new(calls: &[Call], inputs: &Inputs) -> Option<Self> {
        let labels = |call: &Call| call.result.as_ref().ok()?.clone();
        let mut digits =
            calls.iter().flat_map(|call| inputs.read(call.n, &labels(call).unwrap_or_default())).peekable();
        digits.peek()?;
        let mut reading = Self { right: 0, all: 0, first: Vec::new() };
        for digit in digits {
            reading.all += 1;
            reading.right += usize::from(digit.label == digit.predicted);
            if reading.first.len() < MOST_DIGITS {
                reading.first.push(digit);
            }
        }
        Some(reading)
    }

    fn in_words(&self) -> String {
        format!(
            "Of the {} digits that came back {} are read right: {}.",
            units::count(self.all as u64),
            units::count(self.right as u64),
            units::percent(self.right as f64 / self.all as f64),
        )
    }
}

/// What the arrivals hide or show.
fn about_arrivals(plan: &Plan, requests: &Requests) -> String {
    match (plan.arrivals, plan.limit) {
        (Arrivals::AtOnce, Some(most)) => format!(
            "Closed loop: at most {most} requests are under way, and the next is sent when one returns. An endpoint that \
             slows down is asked less, so counted from send its latency looks much the same, however many wait for it. \
             What the others wait shows from schedule only. Set the arrivals to a rate to ask by a schedule that does not \
             wait for the endpoint."
        ),
        (Arrivals::AtOnce, None) => {
            "No limit: every request was sent as soon as the page came to it, so the queue stands at the endpoint and in \
             the browser, and counts from send as well. From schedule the page's own time to send them all comes on top."
                .to_owned()
        }
        (Arrivals::Every(interval), _) => {
            let interval = units::span(interval.as_micros() as u64);
            format!("Open loop: a request was due every {interval}, whatever became of those before. {}", omission(requests))
        }
    }
}

/// So many connections a browser opens to one host over HTTP/1.1.
const CONNECTIONS: u32 = 6;

/// What a browser does to requests that are sent to another host at once.
fn about_connections(plan: &Plan) -> Option<String> {
    (!plan.is_embedded && plan.most_at_once() > CONNECTIONS).then(|| {
        format!(
            "A browser opens some {CONNECTIONS} connections to one host over HTTP/1.1. Of more requests at once the others \
             wait in the browser, and that counts as sent: unless the endpoint speaks HTTP/2, take no more than \
             {CONNECTIONS} at once for what the endpoint does."
        )
    })
}

/// Whether the latency from send leaves out most of what one waits.
fn omission(requests: &Requests) -> String {
    let (schedule, send) = (requests.from_schedule(), requests.from_send());
    let found = [(99.0, "p99"), (95.0, "p95"), (50.0, "p50")]
        .into_iter()
        .find_map(|(p, name)| Some((name, schedule.percentile(p)?, send.percentile(p).filter(|us| *us > 0.0)?)));
    let Some((name, felt_us, sent_us)) = found else { return String::new() };
    let (felt, sent) = (units::span(felt_us as u64), units::span(sent_us as u64));
    if felt_us < sent_us * IS_MOSTLY_QUEUE {
        return format!("The endpoint kept up: {name} is {felt} from schedule and {sent} from send.");
    }
    format!(
        "From schedule {name} is {felt}, {:.1} times the {sent} from send. Requests that were due had to wait for others \
         before they were sent. Whoever counts from send leaves out that wait, and leaves it out just when the endpoint \
         is slow: coordinated omission. What users feel is counted from schedule.",
        felt_us / sent_us
    )
}

/// A level of the sweep for the log.
pub(super) fn level_in_words(level: &LoadLevel) -> String {
    let p95 = level.p95_us().map_or("–".to_owned(), units::span);
    format!("{} at once: {:.1} per second, p95 {p95}", level.concurrency, level.throughput_per_s())
}

/// The forms of tensors: `images FP32 [-1, 64]`.
pub(super) fn tensors_in_words(tensors: &[TensorMetadata]) -> String {
    let form = |tensor: &TensorMetadata| format!("{} {} {:?}", tensor.name, tensor.datatype, tensor.shape);
    let forms: Vec<_> = tensors.iter().map(form).collect();
    if forms.is_empty() { "nothing that it tells".to_owned() } else { forms.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(choices: &[(&'static str, &str)]) -> Plan {
        let mut settings = Settings::defaults(super::super::plan::CONTROLS);
        for (name, text) in choices {
            let control = super::super::plan::CONTROLS.iter().find(|control| control.name == *name);
            settings.set(name, control.and_then(|control| control.parse(text).ok()).expect("it takes it"));
        }
        Plan::new(&settings, &Run::on_virtual_clock(7))
    }

    #[test]
    fn the_browsers_own_queue_is_told_where_there_is_one() {
        for (choices, is_told) in [
            (&[("endpoint", "own"), ("limit", "8")][..], true),
            (&[("endpoint", "own"), ("limit", "0")], true),
            (&[("endpoint", "own"), ("limit", "6")], false),
            (&[("endpoint", "own"), ("limit", "2"), ("sweep", "16")], true),
            (&[("endpoint", "own"), ("limit", "0"), ("requests", "5")], false),
            (&[("limit", "0")], false),
        ] {
            assert_eq!(about_connections(&plan(choices)).is_some(), is_told, "{choices:?}");
        }
    }
}
