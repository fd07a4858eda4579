//! The bottleneck of a pipeline: the stage that the others wait for.
//!
//! Concurrent stages are as fast as the slowest of them: it is busy nearly all the time, and the others wait for it.
//! Without it, the pipeline would be as fast as the next slowest stage: the bound by service demand (Lazowska and
//! others, "Quantitative System Performance", 1984, section 5.2).

use crate::measure::flow::{Flow, Stage};

/// Above this ratio of their busy shares, two stages are both bottlenecks.
const IS_AS_BUSY: f64 = 0.9;

/// Below this share of the busiest stage, there is no bottleneck: the stages take turns.
const OVERLAPS: f64 = 0.6;

/// The bottleneck of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Bottleneck<'a> {
    /// The stages take turns, so none of them works most of the time.
    None {
        /// The stage that works most.
        busiest: &'a Stage,
        /// Its share of the time, from 0 to 1.
        share: f64,
    },
    /// One stage works nearly all the time and the others wait for it.
    One {
        /// The stage.
        stage: &'a Stage,
        /// Its share of the time, from 0 to 1.
        share: f64,
        /// The next slowest stage.
        next: &'a Stage,
        /// The number of samples per second that the next slowest stage could process. Infinite if it takes no time.
        next_per_s: f64,
    },
    /// Two stages are about equally slow.
    Two {
        /// The busier stage.
        stage: &'a Stage,
        /// The other stage.
        other: &'a Stage,
        /// Their shares of the time, from 0 to 1.
        shares: [f64; 2],
    },
}

impl<'a> Bottleneck<'a> {
    /// Finds the bottleneck of a pipeline of two or more stages. Returns `None` if it processed nothing or took no
    /// time.
    #[must_use]
    pub fn find(flow: &'a Flow) -> Option<Self> {
        let mut by_share: Vec<_> = flow.stages.iter().map(|stage| (flow.share(stage), stage)).collect();
        by_share.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let [(share, stage), (next_share, next), ..] = by_share[..] else { return None };
        if flow.samples == 0 || share == 0.0 {
            return None;
        }
        let next_s = next.busy_us() as f64 / f64::from(next.servers) / 1e6;
        Some(if share < OVERLAPS {
            Self::None { busiest: stage, share }
        } else if next_share > share * IS_AS_BUSY {
            Self::Two { stage, other: next, shares: [share, next_share] }
        } else {
            Self::One { stage, share, next, next_per_s: f64::from(flow.samples) / next_s }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::flow::Work;

    /// A flow of one second, in which each stage works on 100 samples for the given number of milliseconds.
    fn flow(busy_ms: &[(&'static str, u64)]) -> Flow {
        let stage = |(name, ms): &(&'static str, u64)| Stage {
            name: (*name).into(),
            works: vec![Work { from_us: 0, to_us: ms * 1_000, samples: 100 }],
            servers: 1,
            waited_for_input_us: 0,
            waited_for_room_us: 0,
        };
        Flow {
            part: "run_streamed".into(),
            name: "Streamed".into(),
            from_us: 0,
            length_us: 1_000_000,
            samples: 100,
            stages: busy_ms.iter().map(stage).collect(),
            queues: Vec::new(),
            most_under_way: 0,
        }
    }

    #[test]
    fn the_busiest_stage_is_named_with_the_rate_of_the_next() {
        let flow = flow(&[("Load", 100), ("Preprocess", 500), ("Predict", 950)]);
        let Some(Bottleneck::One { stage, share, next, next_per_s }) = Bottleneck::find(&flow) else {
            panic!("predict is the bottleneck")
        };
        assert_eq!((&*stage.name, share, &*next.name, next_per_s), ("Predict", 0.95, "Preprocess", 200.0));
    }

    #[test]
    fn two_equally_busy_stages_are_both_named() {
        let flow = flow(&[("Load", 900), ("Preprocess", 100), ("Predict", 950)]);
        assert!(matches!(Bottleneck::find(&flow), Some(Bottleneck::Two { stage, other, .. })
            if (&*stage.name, &*other.name) == ("Predict", "Load")));
    }

    #[test]
    fn stages_that_take_turns_have_no_bottleneck() {
        let flow = flow(&[("Load", 300), ("Preprocess", 200), ("Predict", 500)]);
        assert!(matches!(Bottleneck::find(&flow), Some(Bottleneck::None { busiest, .. }) if busiest.name == "Predict"));
    }

    #[test]
    fn a_pipeline_without_samples_has_no_bottleneck() {
        assert_eq!(Bottleneck::find(&flow(&[("Load", 0), ("Predict", 0)])), None);
        assert_eq!(Bottleneck::find(&Flow { samples: 0, ..flow(&[("Load", 10), ("Predict", 900)]) }), None);
        let unbounded = flow(&[("Load", 0), ("Predict", 950)]);
        assert!(
            matches!(Bottleneck::find(&unbounded), Some(Bottleneck::One { next_per_s, .. }) if next_per_s.is_infinite())
        );
    }
}
