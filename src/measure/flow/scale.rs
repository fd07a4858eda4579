//! The common axes of the charts of several flows, so that they can be compared.

use super::rate::rates;
use super::{Flow, QueueDepth, Stage};
use crate::measure::shapes::steps;
use crate::measure::units::{count, percent, span};

/// The number of intervals for throughput: about one for each batch.
const FEWEST_BINS: usize = 8;
const MOST_BINS: usize = 40;

/// The number of intervals for the queues, finer than can be seen.
const DEPTH_BINS: usize = 240;

/// The common axes of several flows.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The duration of the longest flow, in microseconds.
    pub length_us: u64,
    /// The number of equal intervals for which throughput is computed.
    pub bins: usize,
    /// The maximum throughput of any stage, in samples per second.
    pub most_per_s: f64,
    /// The maximum number of batches in any queue.
    pub deepest: u32,
}

/// One row of a chart: the throughput of a stage or the depth of a queue over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strip {
    /// The name of the stage or queue.
    pub name: String,
    /// True for a queue.
    pub is_queue: bool,
    /// Its outline in a box of 1000 by 100, as a path of SVG.
    pub path: String,
    /// Its main number, in a few words.
    pub figure: String,
}

impl Scale {
    /// The axes for these flows. Returns `None` if none of them processed anything.
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

    /// The throughput of a stage in each interval, in samples per second.
    #[must_use]
    pub fn rates(&self, flow: &Flow, stage: &Stage) -> Vec<f64> {
        rates(&stage.works, flow.from_us, self.length_us, self.bins)
    }

    /// The rows of a flow: its stages, then its queues.
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

    /// The caption of a flow's chart.
    #[must_use]
    pub fn caption(&self, flow: &Flow) -> String {
        let lines = format!(
            "The throughput of each stage while it works on a batch. The height of a row is {} samples per second",
            count(self.most_per_s.round() as u64)
        );
        if flow.queues.is_empty() {
            format!("{lines}.")
        } else {
            format!("{lines}. Below: the number of batches in each queue.")
        }
    }
}

impl Flow {
    /// Its name, duration and throughput.
    #[must_use]
    pub fn title(&self) -> String {
        let per_s = self.per_s().map(|per_s| format!(", {per_s:.1} samples per second"));
        format!("{}: {}{}", self.name, span(self.length_us), per_s.unwrap_or_default())
    }
}
