//! What came of the samples, in numbers and in words.

use inference::digits::Digits;

use crate::exercises::exercise::failure_from;
use crate::exercises::prelude::*;
use crate::measure::batch_sizes::BatchSizes;
use crate::measure::flow::{Flow, QueueDepth, Stage, StageSpec};
use crate::workers::processors;

use super::plan::Plan;
use super::{PredictError, Predicted, notes};

/// So many digits are shown.
const MOST_DIGITS: usize = 12;

/// The parts that samples go through, with what they are called.
const IN_TURN: (&str, &str) = ("run_pipeline", "In turn");
const STREAMED: (&str, &str) = ("run_streamed", "Streamed");
const IN_WORKERS: (&str, &str) = ("run_streamed_in_workers", "In workers");

/// What came of it all.
#[derive(Debug)]
pub(super) struct Findings {
    pub in_turn: Vec<Predicted>,
    pub streamed: Vec<Predicted>,
    /// None where workers were not asked for.
    pub in_workers: Option<Result<Vec<Predicted>, PredictError>>,
    pub sizes: Option<BatchSizes>,
    pub digits: Digits,
}

impl Findings {
    pub fn report(self, run: &Run, plan: &Plan) -> Report {
        let flows = flows(run, plan);
        let of = |(part, _)| flows.iter().find(|flow| flow.part == part);
        let (in_turn, streamed) = (of(IN_TURN), of(STREAMED));
        let notes = [
            streamed.map(|flow| notes::about_the_bottleneck(flow, plan)),
            in_turn.zip(streamed).and_then(|(in_turn, streamed)| notes::about_the_formula(in_turn, streamed, plan)),
            streamed.map(|flow| notes::about_memory(flow, plan)),
            self.in_workers.as_ref().zip(plan.workers).map(|(it, most)| notes::about_workers(it, most, processors())),
            notes::about_accuracy(&self.streamed),
        ];
        Report {
            notes: notes.into_iter().flatten().collect(),
            checks: self.checks(&flows, plan),
            sections: self.sections(run, flows),
        }
    }

    fn sections(self, run: &Run, flows: Vec<Flow>) -> Vec<Section> {
        let tables = [self.ways(&flows), stages(&flows)].map(Section::Table);
        let digits = Section::Digits(self.shown(run));
        let measured = [Some(Section::Flow(flows)), self.sizes.map(Section::BatchSizes)];
        tables.into_iter().chain([digits]).chain(measured.into_iter().flatten()).collect()
    }

    /// Each way with what it brought.
    fn ways(&self, flows: &[Flow]) -> Table {
        let row = |(flow, predicted): (&Flow, &[Predicted])| {
            vec![
                flow.name.to_string(),
                units::span(flow.length_us),
                flow.per_s().map_or("–".to_owned(), |per_s| format!("{per_s:.1}")),
                units::count(flow.most_under_way.into()),
                notes::share_right(predicted).unwrap_or("–".to_owned()),
            ]
        };
        Table {
            caption: "The ways through the pipeline".to_owned(),
            columns: vec![
                Column::text("Way"),
                Column::number("Time"),
                Column::number("Samples per second"),
                Column::number("Most under way"),
                Column::number("Read right"),
            ],
            rows: flows.iter().zip(self.by_part().map(|(_, predicted)| predicted)).map(row).collect(),
        }
    }

    /// The parts that were run to their end, with what came out.
    fn by_part(&self) -> impl Iterator<Item = (&'static str, &[Predicted])> {
        let in_workers = self.in_workers.as_ref().and_then(|result| result.as_deref().ok());
        let parts =
            [(IN_TURN.0, Some(&*self.in_turn)), (STREAMED.0, Some(&*self.streamed)), (IN_WORKERS.0, in_workers)];
        parts.into_iter().filter_map(|(part, predicted)| Some((part, predicted?)))
    }

    /// Samples that the seed draws, as they were read when streamed.
    fn shown(&self, run: &Run) -> Vec<Digit> {
        let (n, mut rng) = (self.streamed.len(), run.rng("digits to show"));
        let digit = |sample: &Predicted| {
            let pixels = self.digits.scaled(sample.id as usize % self.digits.len()).to_vec();
            Some(Digit { pixels, label: sample.label, predicted: sample.digit? })
        };
        let drawn = std::iter::repeat_with(|| rng.u64(..n as u64) as usize).take(MOST_DIGITS.min(n));
        drawn.filter_map(|index| digit(&self.streamed[index])).collect()
    }

    fn checks(&self, flows: &[Flow], plan: &Plan) -> Vec<Check> {
        let in_place = self.by_part().map(|(part, predicted)| self.in_place(part, predicted, plan));
        let streamed = flows.iter().filter(|flow| flow.part != IN_TURN.0);
        in_place.chain(streamed.flat_map(|flow| bounded(flow, plan))).collect()
    }

    fn in_place(&self, part: &'static str, predicted: &[Predicted], plan: &Plan) -> Check {
        let right = (0..plan.samples).zip(predicted).filter(|(id, sample)| *id == sample.id).count();
        let measured = format!("{} of {}", units::count(right as u64), units::count(plan.samples.into()));
        let is_complete = right == plan.samples as usize && right == predicted.len();
        let claim = "every sample comes out once, in its place, read alike";
        Check::new(part, claim, measured, is_complete && self.is_the_same(predicted))
    }

    /// Whether the digits are those of the way that the guide goes.
    fn is_the_same(&self, predicted: &[Predicted]) -> bool {
        predicted.iter().all(|it| it.digit.is_some()) && *predicted == *self.in_turn
    }
}

/// The parts as the record has them.
fn flows(run: &Run, plan: &Plan) -> Vec<Flow> {
    let flow = |(part, name), loaded_at_once| {
        let stage = |name, task, work, batch_size| StageSpec { name, task, work, batch_size };
        let stages = [
            stage("Load", "load", "load_data", loaded_at_once),
            stage("Preprocess", "preprocess", "preprocess_batch", plan.batch_size),
            stage("Predict", "predict", "predict_batch", plan.batch_size),
        ];
        Flow::new(&run.record(), part, name, plan.samples, &stages)
    };
    let flows = [flow(IN_TURN, plan.samples), flow(STREAMED, plan.batch_size), flow(IN_WORKERS, plan.batch_size)];
    flows.into_iter().flatten().collect()
}

/// What the bound of the queues promises.
fn bounded(flow: &Flow, plan: &Plan) -> [Check; 2] {
    let deepest = flow.queues.iter().map(QueueDepth::peak).max().unwrap_or(0);
    let at_once = flow.stages.last().map_or(1, |predict| predict.servers);
    let most = plan.most_under_way(at_once);
    let queued = Check::new(
        flow.part.clone(),
        format!("at most {} batches in a queue", plan.bound),
        format!("{deepest} at the peak"),
        deepest as usize <= plan.bound.get(),
    );
    let under_way = Check::new(
        flow.part.clone(),
        format!("at most {} samples under way", units::count(most)),
        format!("{} at the peak", units::count(flow.most_under_way.into())),
        u64::from(flow.most_under_way) <= most,
    );
    [queued, under_way]
}

/// What each stage did with its time, in each way.
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
        caption: "What the stages did with their time".to_owned(),
        columns: vec![
            Column::text("Way"),
            Column::text("Stage"),
            Column::number("Busy"),
            Column::number("Waiting"),
            Column::number("of it for input"),
            Column::number("for room"),
            Column::number("Busy share"),
        ],
        rows: flows.iter().flat_map(|flow| flow.stages.iter().map(move |stage| row(flow, stage))).collect(),
    }
}

impl PredictError {
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Input(_) => "The file on the server is not the one that belongs to this page: copy the site again.",
            Self::Offload(error) => error.advice(),
        }
    }
}

failure_from!(PredictError);
