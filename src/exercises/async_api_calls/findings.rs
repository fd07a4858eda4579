//! The report of a run: outcomes, latencies, predictions and checks.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use inference::protocol::{ModelMetadata, TensorMetadata};

use crate::endpoint::oip::OipError;
use crate::exercises::prelude::*;
use crate::measure::requests::{Requests, Timing};
use crate::measure::sweep::{LoadLevel, Sweep};

use super::inputs::Inputs;
use super::plan::{Arrivals, Plan};
use super::verdict::{Slowest, waited_for_permits_us};

/// The number of digits that are shown.
const SHOWN_DIGITS: usize = 10;

/// The result of one request.
#[derive(Debug)]
pub(super) struct Call {
    n: u32,
    pub timing: Timing,
    /// The errors of its failed attempts, in order. If the request failed, the last one is also its result.
    failed_attempts: Vec<OipError>,
    /// The predicted digits, if the model classifies digits.
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

/// The results of all requests of a run.
#[derive(Debug)]
pub(super) struct Findings {
    /// The metadata of the models, in the order of the plan.
    pub models: Vec<Result<ModelMetadata, OipError>>,
    pub calls: Vec<Call>,
    pub sweep: Option<Sweep>,
    pub inputs: Inputs,
    /// The time that a preflight adds to each request.
    pub preflight: Option<Duration>,
}

impl Findings {
    pub fn report(self, run: &Run, plan: &Plan) -> Report {
        let requests = Requests::from_timings(self.calls.iter().map(|call| call.timing));
        let accuracy = Accuracy::new(&self.calls, &self.inputs);
        let notes = [
            Some(self.in_words(plan, &requests)),
            accuracy.as_ref().map(Accuracy::in_words),
            (plan.requests > 0).then(|| about_arrivals(run, plan, &requests)),
            about_connections(plan),
            self.about_preflights(&requests),
            self.about_blocked_requests(),
        ];
        Report {
            headlines: self.headlines(run, plan, &requests),
            notes: notes.into_iter().flatten().collect(),
            checks: self.checks(run, plan),
            sections: self.sections(requests, accuracy.map(|it| it.first).unwrap_or_default(), plan),
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

    /// The number of successful requests, and the throughput.
    fn in_words(&self, plan: &Plan, requests: &Requests) -> String {
        if plan.requests == 0 {
            return match plan.sweep_max {
                0 => "No inference requests were sent, only requests for the metadata of the models.".to_owned(),
                _ => "Inference requests were sent only by the sweep.".to_owned(),
            };
        }
        let succeeded = self.succeeded();
        let rows = self.inputs.rows();
        let throughput = requests.throughput_per_s().unwrap_or(0.0);
        format!(
            "{} of {} requests with {} each succeeded in {}: {throughput:.1} requests and {} inputs per second.",
            units::count(succeeded as u64),
            units::count(plan.requests.into()),
            if rows == 1 { "1 input".to_owned() } else { format!("{} inputs", units::count(rows.into())) },
            units::span(requests.length_us()),
            units::count((throughput * f64::from(rows)).round() as u64),
        )
    }

    /// The failed requests or the verdict on the endpoint, and the knee of the sweep.
    fn headlines(&self, run: &Run, plan: &Plan, requests: &Requests) -> Vec<Headline> {
        let failed = self.failures_in_words();
        let of_arrivals = match plan.arrivals {
            Arrivals::Every(_) => Slowest::new(requests).map(|it| it.in_short(plan, waited_for_permits_us(run, plan))),
            Arrivals::AtOnce => None,
        };
        let of_requests = [failed, of_arrivals].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let of_requests = (!of_requests.is_empty()).then(|| Headline::new(plan.part(), of_requests));
        let of_sweep = self.sweep.as_ref().map(|sweep| Headline::new("concurrency_sweep", sweep.sentence()));
        of_requests.into_iter().chain(of_sweep).collect()
    }

    /// The number of failed requests by cause, the most frequent cause first. `None` if none failed.
    fn failures_in_words(&self) -> Option<String> {
        let mut causes: BTreeMap<_, u64> = BTreeMap::new();
        let errors = self.calls.iter().filter_map(|call| call.result.as_ref().err());
        errors.for_each(|error| *causes.entry(error.cause()).or_default() += 1);
        let mut causes: Vec<_> = causes.into_iter().collect();
        causes.sort_by_key(|(_, calls)| Reverse(*calls));
        let failed: u64 = causes.iter().map(|(_, calls)| calls).sum();
        let in_words: Vec<_> =
            causes.iter().map(|(cause, calls)| format!("{} {cause}", units::count(*calls))).collect();
        let of = units::counted(self.calls.len() as u64, "request", "requests");
        (failed > 0).then(|| format!("{} of {of} failed: {}.", units::count(failed), in_words.join(", ")))
    }

    /// The share of preflights in the latencies, if each request has one.
    fn about_preflights(&self, requests: &Requests) -> Option<String> {
        let added_us = self.preflight?.as_micros() as u64;
        let of_sweep = || self.sweep.as_ref()?.levels().first()?.latencies().median();
        let median_us = requests.since_sent().median().or_else(of_sweep).filter(|us| *us > 0.0)?;
        Some(format!(
            "Before each request, the browser asks the endpoint for permission (a CORS preflight). This takes about {}, \
             {} of the median latency since sent, and is not the time of the model. With the header \
             `Access-Control-Max-Age`, the endpoint lets browsers ask only once.",
            units::span(added_us),
            units::percent((added_us as f64 / median_us).min(1.0)),
        ))
    }

    /// A hint about CORS preflight requests, if every request was unreachable: browsers do not report the cause.
    fn about_blocked_requests(&self) -> Option<String> {
        let is_unreachable =
            |call: &Call| call.result.as_ref().is_err_and(|error| error.cause().starts_with("unreachable"));
        let all_are = !self.calls.is_empty() && self.calls.iter().all(is_unreachable);
        all_are.then(|| {
            "No inference request got a response that this page can read. Either the endpoint closed the connections, or the \
             browser blocked the requests. Before a browser posts JSON to another origin, it asks for permission with an \
             OPTIONS request. The response must allow this page's origin, the method POST, the header content-type, and \
             each header that you have added."
                .to_owned()
        })
    }

    /// The outcomes of the requests, and the errors that led to retries.
    fn outcomes(&self) -> Table {
        let mut causes: BTreeMap<_, Cause> = BTreeMap::new();
        for call in &self.calls {
            for (n, error) in call.failed_attempts.iter().enumerate() {
                let cause = causes.entry(error.cause()).or_insert_with(|| Cause::from_error(error));
                let is_last = call.result.is_err() && n + 1 == call.failed_attempts.len();
                *(if is_last { &mut cause.failed } else { &mut cause.retried }) += 1;
            }
        }
        let n = |n: usize| units::count(n as u64);
        let mut rows = vec![vec!["succeeded".to_owned(), n(self.succeeded()), "–".to_owned(), String::new()]];
        rows.extend(
            causes
                .into_iter()
                .map(|(name, cause)| vec![name.into_owned(), n(cause.failed), n(cause.retried), cause.first]),
        );
        Table {
            caption: "Outcomes of the requests, by cause".to_owned(),
            columns: vec![
                Column::text("Outcome"),
                Column::number("Requests"),
                Column::number("Retries"),
                Column::text("First message"),
            ],
            rows,
        }
    }

    fn attempts(&self) -> Table {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        self.calls.iter().for_each(|call| *counts.entry(call.attempts()).or_default() += 1);
        let row = |(attempts, calls): (usize, usize)| [attempts, calls].map(|n| units::count(n as u64)).to_vec();
        Table {
            caption: "Attempts per request".to_owned(),
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
            caption: "Inputs and outputs of the models".to_owned(),
            columns: ["Model", "Platform", "Inputs", "Outputs"].map(Column::text).to_vec(),
            rows: plan.models.iter().zip(&self.models).map(row).collect(),
        }
    }

    fn checks(&self, run: &Run, plan: &Plan) -> Vec<Check> {
        let part = plan.part();
        let n = self.calls.len();
        let in_order = self.calls.iter().map(|call| call.n).eq(0..plan.requests);
        let measured = format!("{} of {} outcomes", units::count(n as u64), units::count(plan.requests.into()));
        let outcome =
            Check::new(part, "every request has one outcome, in the order of the requests", measured, in_order);
        let limited = plan.limit.zip(Span::named(&run.record(), part)).map(|(limit, span)| {
            let peak = Durations::from_record(&run.record(), "infer", Some(span.task)).peak();
            Check::new(
                part,
                format!("at most {limit} in flight"),
                format!("peak of this part: {peak}"),
                peak as usize <= limit.get(),
            )
        });
        [outcome].into_iter().chain(limited).collect()
    }
}

/// The errors of one cause.
struct Cause {
    /// The number of requests that failed with it.
    failed: usize,
    /// The number of retries that followed it.
    retried: usize,
    /// The message of the first error.
    first: String,
}

impl Cause {
    fn from_error(error: &OipError) -> Self {
        Self { failed: 0, retried: 0, first: error.to_string() }
    }
}

/// The accuracy of a model that classifies digits.
struct Accuracy {
    correct: usize,
    all: usize,
    /// The first digits, to be shown.
    first: Vec<Digit>,
}

impl Accuracy {
    /// Returns `None` if there are no predictions.
    fn new(calls: &[Call], inputs: &Inputs) -> Option<Self> {
        let labels = |call: &Call| call.result.as_ref().ok()?.clone();
        let mut digits =
            calls.iter().flat_map(|call| inputs.predicted(call.n, &labels(call).unwrap_or_default())).peekable();
        digits.peek()?;
        let mut accuracy = Self { correct: 0, all: 0, first: Vec::new() };
        for digit in digits {
            accuracy.all += 1;
            accuracy.correct += usize::from(digit.label == digit.predicted);
            if accuracy.first.len() < SHOWN_DIGITS {
                accuracy.first.push(digit);
            }
        }
        Some(accuracy)
    }

    fn in_words(&self) -> String {
        format!(
            "{} of {} digits were classified correctly: {}.",
            units::count(self.correct as u64),
            units::count(self.all as u64),
            units::percent(self.correct as f64 / self.all as f64),
        )
    }
}

/// An explanation of the latencies for the chosen arrivals.
fn about_arrivals(run: &Run, plan: &Plan, requests: &Requests) -> String {
    match (plan.arrivals, plan.limit) {
        (Arrivals::AtOnce, Some(limit)) => format!(
            "Closed loop: at most {limit} requests are in flight, and the next one is sent when one ends. A slow \
             endpoint gets fewer requests, so latency since sent hardly changes, however many requests are waiting. \
             Only latency since due includes their wait. Choose “At a rate” in Arrivals to send requests on a \
             schedule that does not depend on the endpoint."
        ),
        (Arrivals::AtOnce, None) => {
            "No limit: every request was sent as soon as possible, so requests queue in the browser and at the \
             endpoint. Latency since sent includes that wait. Latency since due also includes the time that the \
             page needs to send them all."
                .to_owned()
        }
        (Arrivals::Every(interval), _) => {
            let interval = units::span(interval.as_micros() as u64);
            let verdict = Slowest::new(requests).map(|it| it.in_words(plan, waited_for_permits_us(run, plan)));
            let verdict = verdict.unwrap_or_default();
            format!("{verdict} (Open loop: a request was due every {interval}, whether or not earlier ones had ended.)")
        }
    }
}

/// The maximum number of connections that a browser opens to one host over HTTP/1.1.
const CONNECTIONS: u32 = 6;

/// A warning if the browser's limit on connections affects the latencies.
fn about_connections(plan: &Plan) -> Option<String> {
    (!plan.is_embedded && plan.max_in_flight() > CONNECTIONS).then(|| {
        format!(
            "A browser opens about {CONNECTIONS} connections to one host over HTTP/1.1. Other requests wait in the \
             browser, and latency since sent includes that wait. To measure the endpoint alone, use HTTP/2, or send at \
             most {CONNECTIONS} requests at once."
        )
    })
}

/// A log line about a level of the sweep.
pub(super) fn level_in_words(level: &LoadLevel) -> String {
    let p95 = level.p95_us().map_or("–".to_owned(), units::span);
    let interval =
        level.throughput_interval().map(|[low, high]| format!(" ({low:.1} to {high:.1})")).unwrap_or_default();
    format!("{} at once: {:.1}{interval} per second, p95 {p95}", level.concurrency, level.throughput_per_s())
}

/// The names, types and shapes of tensors, such as `images FP32 [-1, 64]`.
pub(super) fn tensors_in_words(tensors: &[TensorMetadata]) -> String {
    let in_words = |tensor: &TensorMetadata| format!("{} {} {:?}", tensor.name, tensor.datatype, tensor.shape);
    let tensors: Vec<_> = tensors.iter().map(in_words).collect();
    if tensors.is_empty() { "not declared".to_owned() } else { tensors.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(choices: &[(&'static str, &str)]) -> Plan {
        let mut settings = Settings::defaults(super::super::plan::CONTROLS);
        for (name, text) in choices {
            let control = super::super::plan::CONTROLS.iter().find(|control| control.name == *name);
            settings.set(name, control.and_then(|control| control.parse(text).ok()).expect("the value is valid"));
        }
        Plan::new(&settings, &Run::on_virtual_clock(7))
    }

    #[test]
    fn the_limit_on_connections_is_mentioned_if_requests_may_exceed_it() {
        for (choices, is_mentioned) in [
            (&[("endpoint", "own"), ("limit", "8")][..], true),
            (&[("endpoint", "own"), ("limit", "0")], true),
            (&[("endpoint", "own"), ("limit", "6")], false),
            (&[("endpoint", "own"), ("limit", "2"), ("sweep", "16")], true),
            (&[("endpoint", "own"), ("limit", "0"), ("requests", "5")], false),
            (&[("limit", "0")], false),
        ] {
            assert_eq!(about_connections(&plan(choices)).is_some(), is_mentioned, "{choices:?}");
        }
    }
}
