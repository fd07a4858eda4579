//! The quantities measured in one or more runs with the same settings, so that runs can be compared.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::exercises::compared::{Compared, ComparedBar};
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::measure::bootstrap::{Interval, ratio_of_medians};
use crate::measure::metrics::Metrics;
use crate::measure::report::{Column, Report, Table};
use crate::measure::requests::Requests;
use crate::measure::spans::Spans;
use crate::measure::statistics::Summary;
use crate::measure::units;
use crate::runtime::rng_for;
use crate::share::saved::SavedRun;
use crate::share::sent::Sent;

/// The unit of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Microseconds.
    Span,
    /// A number of things.
    Count,
    /// A number per second.
    PerSecond,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Span => units::span(value.round() as u64),
            Self::Count => units::count(value.round() as u64),
            Self::PerSecond => format!("{value:.1} per second"),
        }
    }
}

/// A quantity that was measured in each of some runs with the same settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Its name for programs: the task of a bar, or a metric.
    pub key: Cow<'static, str>,
    /// Its name for people.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Its value in each run, in the order of the runs. A run without it is left out.
    pub values: Vec<f64>,
}

impl Quantity {
    fn new(key: impl Into<Cow<'static, str>>, name: impl Into<String>, unit: Unit, value: f64) -> Self {
        Self { key: key.into(), name: name.into(), unit, values: vec![value] }
    }

    fn median(&self) -> Option<f64> {
        Summary::from_sample(self.values.iter().copied()).median()
    }
}

/// The quantities of some runs with the same exercise, settings and seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantities {
    /// The number of runs.
    pub runs: usize,
    /// The quantities, in the order in which they are shown.
    pub all: Vec<Quantity>,
}

impl Quantities {
    /// The quantities of one run.
    #[must_use]
    pub fn new(compared: &[Compared], metrics: &Metrics, report: Option<&Report>) -> Self {
        let bars: Vec<_> = compared.iter().flat_map(|it| &it.bars).collect();
        let name = |bar: &ComparedBar| match bars.iter().filter(|it| it.label == bar.label).count() {
            1 => bar.label.to_string(),
            _ => format!("{}, {}", bar.label, bar.task),
        };
        let of_bar =
            |bar: &&ComparedBar| Some(Quantity::new(bar.task.clone(), name(bar), Unit::Span, bar.measured_us? as f64));
        let lag = metrics.longest_lag_us.map(|us| Quantity::new("lag", "Longest loop lag", Unit::Span, us as f64));
        let of_run = [
            Quantity::new("wall", "Wall time", Unit::Span, metrics.wall_us as f64),
            Quantity::new("tasks", "Tasks", Unit::Count, metrics.tasks.into()),
            Quantity::new("peak-concurrency", "Peak concurrency", Unit::Count, metrics.peak_concurrency.into()),
        ];
        let requests = report.and_then(|report| report.requests()).into_iter().flat_map(from_requests);
        Self { runs: 1, all: bars.iter().filter_map(of_bar).chain(of_run).chain(lag).chain(requests).collect() }
    }

    /// The quantities of a saved run.
    #[must_use]
    pub fn from_run(run: &SavedRun) -> Self {
        let spans = Spans::from_record(&run.record);
        let parts = Some((&*run.record, &spans));
        let compared = run.experiment.compared(parts, run.record.end_us(), None);
        Self::new(&compared, &Metrics::from_record(&run.record), run.report.as_deref())
    }

    /// The content of a file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys are text, and writing to memory does not fail")
    }

    /// Reads the content of a file. `None` if it contains something else.
    #[must_use]
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The quantities of the sender's run, from a link.
    #[must_use]
    pub fn from_sent(sent: &Sent, exercise: &Exercise, settings: &Settings) -> Self {
        let bars = exercise.comparisons.iter().flat_map(|comparison| comparison.bars);
        let of_bar = |task| Some(Quantity::new(task, "", Unit::Span, sent.part_us(exercise, settings, task)? as f64));
        Self { runs: 1, all: bars.filter_map(|bar| of_bar(bar.task)).collect() }
    }

    /// Adds another run with the same exercise, settings and seed.
    pub fn add(&mut self, run: Self) {
        self.runs += run.runs;
        for quantity in run.all {
            match self.all.iter_mut().find(|it| it.key == quantity.key) {
                Some(known) => known.values.extend(quantity.values),
                None => self.all.push(quantity),
            }
        }
    }

    /// The median of a quantity over the runs. `None` if no run has it.
    #[must_use]
    pub fn median(&self, key: &str) -> Option<f64> {
        self.get(key)?.median()
    }

    fn get(&self, key: &str) -> Option<&Quantity> {
        self.all.iter().find(|it| it.key == key)
    }

    /// A table that compares these runs with a baseline, which is called `title`: the quantities of both, their ratio
    /// and its confidence interval. The seed determines the samples that the interval is computed from.
    #[must_use]
    pub fn compared_with(&self, baseline: &Self, title: &str, seed: u64) -> Table {
        let row = |current: &Quantity| {
            let base = baseline.get(&current.key)?;
            let (before, after) = (base.median()?, current.median()?);
            let ratio = if before > 0.0 { format!("{:.2}", after / before) } else { "–".to_owned() };
            let mut rng = rng_for(seed, &current.key);
            let interval = ratio_of_medians(&base.values, &current.values, |n| rng.u32(..n));
            let interval = interval.map_or("–".to_owned(), in_words);
            Some(vec![current.name.clone(), current.unit.show(before), current.unit.show(after), ratio, interval])
        };
        let runs = |n| if n == 1 { "1 run".to_owned() } else { format!("medians of {n} runs") };
        Table {
            caption: format!("{title} ({}) compared with this one ({})", runs(baseline.runs), runs(self.runs)),
            columns: vec![
                Column::text("Quantity"),
                Column::number("Baseline"),
                Column::number("Current"),
                Column::number("Ratio"),
                Column::text("95 % interval"),
            ],
            rows: self.all.iter().filter_map(row).collect(),
        }
    }
}

fn from_requests(requests: &Requests) -> Vec<Quantity> {
    let (due, sent) = (requests.since_due(), requests.since_sent());
    let percentile = |key: &'static str, name, sample: &Summary, p| {
        sample.percentile(p).map(|us| Quantity::new(key, name, Unit::Span, us))
    };
    let found = [
        percentile("schedule-p50", "p50 since due", &due, 50.0),
        percentile("schedule-p95", "p95 since due", &due, 95.0),
        percentile("send-p50", "p50 since sent", &sent, 50.0),
        percentile("send-p95", "p95 since sent", &sent, 95.0),
        requests.throughput_per_s().map(|it| Quantity::new("throughput", "Throughput", Unit::PerSecond, it)),
    ];
    found.into_iter().flatten().collect()
}

fn in_words(interval: Interval) -> String {
    let verdict = match (interval.holds_one(), interval.high < 1.0) {
        (true, _) => "no difference shown",
        (false, true) => "lower",
        (false, false) => "higher",
    };
    format!("{:.2} to {:.2}: {verdict}", interval.low, interval.high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercises::async_basics::EXERCISE;
    use crate::exercises::controls::Value;

    fn run(wall_us: u64, tasks: u32) -> Quantities {
        Quantities::new(&[], &Metrics { wall_us, tasks, ..Metrics::default() }, None)
    }

    fn runs(walls_us: impl IntoIterator<Item = u64>) -> Quantities {
        let mut all = Quantities::default();
        walls_us.into_iter().for_each(|wall_us| all.add(run(wall_us, 8)));
        all
    }

    #[test]
    fn two_single_runs_are_compared_without_an_interval() {
        let table = run(750_000, 8).compared_with(&run(1_000_000, 8), "The pinned run", 7);
        assert_eq!(table.caption, "The pinned run (1 run) compared with this one (1 run)");
        assert_eq!(table.rows[0], ["Wall time", "1.00 s", "750 ms", "0.75", "–"]);
        assert_eq!(table.rows[1], ["Tasks", "8", "8", "1.00", "–"]);
        assert_eq!(table.rows[2], ["Peak concurrency", "0", "0", "–", "–"]);
    }

    #[test]
    fn repeated_runs_show_whether_there_is_a_difference() {
        let (slow, quick) = (runs(990_000..990_010), runs(500_000..500_010));
        let verdict =
            |current: &Quantities, baseline| current.compared_with(baseline, "The pinned run", 7).rows[0][4].clone();
        assert_eq!(verdict(&quick, &slow), "0.51 to 0.51: lower");
        assert_eq!(verdict(&slow, &quick), "1.98 to 1.98: higher");
        let spread = runs([980_000, 1_000_000, 990_000, 970_000, 1_010_000]);
        assert!(verdict(&spread, &slow).ends_with("no difference shown"), "{}", verdict(&spread, &slow));
    }

    #[test]
    fn quantities_can_be_read_from_their_file() {
        let runs = runs([1, 2, 3]);
        assert_eq!(Quantities::from_json(&runs.to_json()), Some(runs));
        assert_eq!(Quantities::from_json(b""), None);
        assert_eq!(Quantities::from_json(b"{\"runs\":-1}"), None);
    }

    #[test]
    fn a_senders_result_belongs_to_the_same_parts() {
        let settings = Settings::defaults(EXERCISE.controls);
        let sent: Sent = "rs.-.a.b".parse().expect("it is a result");
        let sent = Quantities::from_sent(&sent, &EXERCISE, &settings);
        assert_eq!(sent.median("sequential_execution"), Some(1_000.0));
        assert_eq!(sent.median("concurrent_execution"), None);
        assert_eq!(sent.all.len(), 3);
    }

    #[test]
    fn bars_with_the_same_label_are_named_by_their_tasks() {
        let exercise = &crate::exercises::common_issues::EXERCISE;
        let mut settings = Settings::defaults(exercise.controls);
        settings.set("issue", Value::Choice("all"));
        let mut compared = Compared::all(exercise, &settings, None, 0, None);
        compared.iter_mut().flat_map(|it| &mut it.bars).for_each(|bar| bar.measured_us = Some(1));
        let quantities = Quantities::new(&compared, &Metrics::default(), None);
        assert_eq!(quantities.all[0].name, "Broken, never_awaited");
        assert!(quantities.all.iter().any(|it| it.name == "In slices"));
    }
}
