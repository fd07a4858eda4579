//! What the figures of several ways share, so that they can be compared.

use super::rate::rates;
use super::{Flow, QueueDepth, Stage};
use crate::measure::shapes::steps;
use crate::measure::units::{count, percent, span};

/// Stretches of time for the lines: about as many as there are batches, so that most hold one.
const FEWEST_BINS: usize = 8;
const MOST_BINS: usize = 40;

/// Stretches of time for the queues, finer than the eye sees.
const DEPTH_BINS: usize = 240;

/// The axes of the ways through a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// How long the longest way took, in microseconds.
    pub length_us: u64,
    /// In how many equal stretches of time throughput is counted.
    pub bins: usize,
    /// The greatest throughput of any stage, in samples per second.
    pub most_per_s: f64,
    /// The most batches in any queue.
    pub deepest: u32,
}

/// One row of a figure: a stage's throughput or a queue's depth over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strip {
    /// Whose it is.
    pub name: String,
    /// Whether it is a queue's.
    pub is_queue: bool,
    /// Its outline in a box of 1000 by 100, as a path of SVG.
    pub path: String,
    /// What it comes to, in a few words.
    pub figure: String,
}

impl Scale {
    /// The axes that hold all of these. None if nothing went through any.
    #[must_use]
    pub fn from_flows(flows: &[Flow]) -> Option<Self> {
        let length_us = flows.iter().map(|flow| flow.length_us).max().unwrap_or(0);
        let batches = flows.iter().flat_map(|flow| &flow.stages).map(|stage| stage.works.len()).max().unwrap_or(0);
        let mut scale = Self { length_us, bins: batches.clamp(FEWEST_BINS, MOST_BINS), most_per_s: 0.0, deepest: 0 };
        let rates = flows.iter().flat_map(|flow| flow.stages.iter().flat_map(|stage| scale.rates(flow, stage)));
        scale.most_per_s = rates.fold(0.0, f64::max);
        scale.deepest = flows.iter().flat_map(|flow| &flow.queues).map(QueueDepth::peak).max().unwrap_or(0);
        (scale.most_per_s > 0.0).then_some(scale)
    }

    /// The throughput of a stage in each stretch of time, in samples per second.
    #[must_use]
    pub fn rates(&self, flow: &Flow, stage: &Stage) -> Vec<f64> {
        rates(&stage.works, flow.from_us, self.length_us, self.bins)
    }

    /// The rows of a way: its stages, then its queues.
    #[must_use]
    pub fn strips(&self, flow: &Flow) -> Vec<Strip> {
        let until = flow.length_us as f64 / self.length_us as f64;
        let stages = flow.stages.iter().map(|stage| Strip {
            name: stage.name.to_string(),
            is_queue: false,
            path: steps(&self.rates(flow, stage), self.most_per_s, until),
            figure: format!("{} busy", percent(flow.share(stage))),
        });
        let queues = flow.queues.iter().zip(flow.stages.iter().skip(1)).map(|(queue, to)| {
            let means = queue.means(flow.from_us, self.length_us, DEPTH_BINS);
            Strip {
                name: format!("Queue to {}", to.name.to_ascii_lowercase()),
                is_queue: true,
                path: steps(&means, f64::from(self.deepest.max(1)), until),
                figure: format!("at most {}", queue.peak()),
            }
        });
        stages.chain(queues).collect()
    }

    /// What is drawn of a way, in words.
    #[must_use]
    pub fn caption(&self, flow: &Flow) -> String {
        let lines = format!(
            "The throughput of each stage while it works on a batch; a strip is {} samples per second high",
            count(self.most_per_s.round() as u64)
        );
        if flow.queues.is_empty() {
            format!("{lines}.")
        } else {
            format!("{lines}. Below, how many batches lie in a queue.")
        }
    }
}

impl Flow {
    /// Its name with what it took and brought.
    #[must_use]
    pub fn title(&self) -> String {
        let per_s = self.per_s().map(|per_s| format!(", {per_s:.1} samples per second"));
        format!("{}: {}{}", self.name, span(self.length_us), per_s.unwrap_or_default())
    }
}
