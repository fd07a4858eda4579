//! The report of a run: tables, predictions and checks.

use inference::digits::Digits;

use crate::exercises::exercise::failure_from;
use crate::exercises::prelude::*;
use crate::measure::batch_sizes::BatchSizes;
use crate::measure::flow::{Flow, QueueDepth, Stage, StageSpec};
use crate::workers::processors;

use super::plan::Plan;
use super::{PredictError, Predicted, notes};

/// The number of digits that are shown.
const SHOWN_DIGITS: usize = 12;

/// The root tasks that run the pipeline, with their labels.
const SEQUENTIAL: (&str, &str) = ("run_pipeline", "Sequential");
const STREAMED: (&str, &str) = ("run_streamed", "Streamed");
const IN_WORKERS: (&str, &str) = ("run_streamed_in_workers", "In workers");

/// The results of all parts.
#[derive(Debug)]
pub(super) struct Findings {
    pub sequential: Vec<Predicted>,
    pub streamed: Vec<Predicted>,
    /// The results in workers; `None` if the settings do not use workers.
    pub in_workers: Option<Result<Vec<Predicted>, PredictError>>,
    pub sizes: Option<BatchSizes>,
    pub digits: Digits,
}

impl Findings {
    pub fn report(self, run: &Run, plan: &Plan) -> Report {
        let flows = flows(run, plan);
        let find = |(part, _)| flows.iter().find(|flow| flow.part == part);
        let (sequential, streamed) = (find(SEQUENTIAL), find(STREAMED));
        let notes = [
            streamed.map(|flow| notes::about_the_bottleneck(flow, plan)),
            sequential
                .zip(streamed)
                .and_then(|(sequential, streamed)| notes::about_the_gain(sequential, streamed, plan)),
            streamed.map(|flow| notes::about_memory(flow, plan)),
            self.in_workers
                .as_ref()
                .zip(plan.workers)
                .map(|(it, workers)| notes::about_workers(it, workers, processors())),
            notes::about_accuracy(&self.streamed),
        ];
        let bottleneck = streamed.and_then(|flow| notes::bottleneck_in_short(flow, plan));
        Report {
            headlines: bottleneck.into_iter().map(|text| Headline::new(STREAMED.0, text)).collect(),
            notes: notes.into_iter().flatten().collect(),
            checks: self.checks(&flows, plan),
            sections: self.sections(run, flows),
        }
    }

    fn sections(self, run: &Run, flows: Vec<Flow>) -> Vec<Section> {
        let tables = [self.modes(&flows), stages(&flows)].map(Section::Table);
        let digits = Section::Digits(self.shown(run));
        let measured = [Some(Section::Flow(flows)), self.sizes.map(Section::BatchSizes)];
        tables.into_iter().chain([digits]).chain(measured.into_iter().flatten()).collect()
    }

    /// The time, throughput and accuracy of each mode.
    fn modes(&self, flows: &[Flow]) -> Table {
        let row = |(flow, predicted): (&Flow, &[Predicted])| {
            vec![
                flow.name.to_string(),
                units::span(flow.length_us),
                flow.per_s().map_or("–".to_owned(), |per_s| format!("{per_s:.1}")),
                units::count(flow.most_under_way.into()),
                notes::share_correct(predicted).unwrap_or("–".to_owned()),
            ]
        };
        Table {
            caption: "Time and throughput of the pipeline".to_owned(),
            columns: vec![
                Column::text("Mode"),
                Column::number("Time"),
                Column::number("Samples per second"),
                Column::number("Most in flight"),
                Column::number("Correct"),
            ],
            rows: flows.iter().zip(self.by_part().map(|(_, predicted)| predicted)).map(row).collect(),
        }
    }

    /// The parts that succeeded, with their predictions.
    fn by_part(&self) -> impl Iterator<Item = (&'static str, &[Predicted])> {
        let in_workers = self.in_workers.as_ref().and_then(|result| result.as_deref().ok());
        let parts =
            [(SEQUENTIAL.0, Some(&*self.sequential)), (STREAMED.0, Some(&*self.streamed)), (IN_WORKERS.0, in_workers)];
        parts.into_iter().filter_map(|(part, predicted)| Some((part, predicted?)))
    }

    /// Random samples with their predictions in the streamed mode.
    fn shown(&self, run: &Run) -> Vec<Digit> {
        let (n, mut rng) = (self.streamed.len(), run.rng("digits to show"));
        let digit = |sample: &Predicted| {
            let pixels = self.digits.scaled(sample.id as usize % self.digits.len()).to_vec();
            Some(Digit { pixels, label: sample.label, predicted: sample.digit? })
        };
        let indices = std::iter::repeat_with(|| rng.u64(..n as u64) as usize).take(SHOWN_DIGITS.min(n));
        indices.filter_map(|index| digit(&self.streamed[index])).collect()
    }

    fn checks(&self, flows: &[Flow], plan: &Plan) -> Vec<Check> {
        let complete = self.by_part().map(|(part, predicted)| self.check_completeness(part, predicted, plan));
        let streamed = flows.iter().filter(|flow| flow.part != SEQUENTIAL.0);
        complete.chain(streamed.flat_map(|flow| check_bounds(flow, plan))).collect()
    }

    fn check_completeness(&self, part: &'static str, predicted: &[Predicted], plan: &Plan) -> Check {
        let in_order = (0..plan.samples).zip(predicted).filter(|(id, sample)| *id == sample.id).count();
        let measured = format!("{} of {}", units::count(in_order as u64), units::count(plan.samples.into()));
        let is_complete = in_order == plan.samples as usize && in_order == predicted.len();
        let claim = "every sample comes out exactly once, in order, with the same prediction as in sequence";
        Check::new(part, claim, measured, is_complete && self.is_same(predicted))
    }

    /// True if the predictions are those of the sequential mode.
    fn is_same(&self, predicted: &[Predicted]) -> bool {
        predicted.iter().all(|it| it.digit.is_some()) && *predicted == *self.sequential
    }
}

/// The flow of samples through each part, from the record.
fn flows(run: &Run, plan: &Plan) -> Vec<Flow> {
    let flow = |(part, name), load_size| {
        let stage = |name, task, work, batch_size| StageSpec { name, task, work, batch_size };
        let stages = [
            stage("Load", "load", "load_data", load_size),
            stage("Preprocess", "preprocess", "preprocess_batch", plan.batch_size),
            stage("Predict", "predict", "predict_batch", plan.batch_size),
        ];
        Flow::new(&run.record(), part, name, plan.samples, &stages)
    };
    let flows = [flow(SEQUENTIAL, plan.samples), flow(STREAMED, plan.batch_size), flow(IN_WORKERS, plan.batch_size)];
    flows.into_iter().flatten().collect()
}

/// Checks that the bounds of the queues are respected.
fn check_bounds(flow: &Flow, plan: &Plan) -> [Check; 2] {
    let deepest = flow.queues.iter().map(QueueDepth::peak).max().unwrap_or(0);
    let predictors = flow.stages.last().map_or(1, |predict| predict.servers);
    let max = plan.max_in_flight(predictors);
    let queued = Check::new(
        flow.part.clone(),
        format!("at most {} in a queue", units::counted(plan.bound.get() as u64, "batch", "batches")),
        format!("peak: {deepest}"),
        deepest as usize <= plan.bound.get(),
    );
    let in_flight = Check::new(
        flow.part.clone(),
        format!("at most {} in flight", units::counted(max, "sample", "samples")),
        format!("peak of this part: {}", units::count(flow.most_under_way.into())),
        u64::from(flow.most_under_way) <= max,
    );
    [queued, in_flight]
}

/// The busy and waiting times of each stage, in each mode.
fn stages(flows: &[Flow]) -> Table {
    let row = |flow: &Flow, stage: &Stage| {
        let waited = |us: u64| if flow.queues.is_empty() { "–".to_owned() } else { units::span(us) };
        vec![
            flow.name.to_string(),
            if stage.servers > 1 { format!("{} ×{}", stage.name, stage.servers) } else { stage.name.to_string() },
            units::span(stage.busy_us()),
            units::span(flow.idle_us(stage)),
            waited(stage.waited_for_input_us),
            waited(stage.waited_for_room_us),
            units::percent(flow.share(stage)),
        ]
    };
    Table {
        caption: "Busy and waiting times of the stages".to_owned(),
        columns: vec![
            Column::text("Mode"),
            Column::text("Stage"),
            Column::number("Busy"),
            Column::number("Waiting"),
            Column::number("Waiting for input"),
            Column::number("Waiting for space"),
            Column::number("Busy share"),
        ],
        rows: flows.iter().flat_map(|flow| flow.stages.iter().map(move |stage| row(flow, stage))).collect(),
    }
}

impl PredictError {
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Input(_) => "The file on the server does not match this page. Deploy the site again, then reload.",
            Self::Offload(error) => error.advice(),
        }
    }
}

failure_from!(PredictError);
