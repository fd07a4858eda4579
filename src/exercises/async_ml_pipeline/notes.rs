//! What a run found, in sentences.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::measure::batch_sizes::SizeLevel;
use crate::measure::bottleneck::Bottleneck;
use crate::measure::flow::{Flow, Stage};
use crate::measure::spans::speed_up;

use super::plan::Plan;
use super::{PredictError, Predicted};

/// Which stage holds the others up, and what would relieve it.
pub(super) fn about_the_bottleneck(flow: &Flow, plan: &Plan) -> String {
    let lower = |stage: &Stage| stage.name.to_ascii_lowercase();
    let per_s = |per_s: f64| units::count(per_s.round() as u64);
    match Bottleneck::find(flow) {
        Some(_) if plan.batch_count() == 1 => {
            "All samples are in a single batch, so the stages take turns and none is the \
             bottleneck: smaller batches would let them work side by side."
                .to_owned()
        }
        None => "Nothing went through the pipeline, so nothing holds it up.".to_owned(),
        Some(Bottleneck::None { busiest, share }) => format!(
            "No stage is the bottleneck: even the busiest, {}, worked for only {} of the time. With {} of {} the stages \
             hardly overlap; smaller batches would let them.",
            lower(busiest),
            units::percent(share),
            counted(plan.batch_count(), "batch", "batches"),
            counted(plan.batch_size, "sample", "samples"),
        ),
        Some(Bottleneck::One { stage, share, next, next_per_s }) => {
            let then = if next_per_s.is_finite() {
                format!(
                    "then {} sets the pace, with at most {} samples per second instead of {}",
                    lower(next),
                    per_s(next_per_s),
                    per_s(flow.per_s().unwrap_or(0.0)),
                )
            } else {
                "then nothing holds the pipeline up".to_owned()
            };
            format!(
                "{} is the bottleneck: streamed, it worked for {} of the time, and the others waited for it. {}; {then}.",
                stage.name,
                units::percent(share),
                relief(stage),
            )
        }
        Some(Bottleneck::Two { stage, other, shares: [share, other_share] }) => format!(
            "{} and {} are the bottleneck together: streamed, they worked for {} and {} of the time. {}, but that brings \
             little unless the other is relieved as well.",
            stage.name,
            lower(other),
            units::percent(share),
            units::percent(other_share),
            relief(stage),
        ),
    }
}

/// What would make a stage quicker.
fn relief(stage: &Stage) -> &'static str {
    match &*stage.name {
        "Load" => "Reading from several sources at once, or from a cache, would relieve it",
        "Preprocess" => "Preparing samples ahead of time, or several batches at once, would relieve it",
        _ => "A quicker model, or several at once, would relieve it",
    }
}

fn counted(n: u32, one: &str, many: &str) -> String {
    format!("{} {}", units::count(n.into()), if n == 1 { one } else { many })
}

/// What was gained, beside what the stage times allow.
pub(super) fn about_the_formula(in_turn: &Flow, streamed: &Flow, plan: &Plan) -> Option<String> {
    let ratio = speed_up(in_turn.length_us, streamed.length_us)?;
    let span = |span: Duration| units::span(span.as_micros() as u64);
    let times = plan.stage_times();
    let (fill, slowest) = (times.iter().sum(), times.into_iter().max().unwrap_or_default());
    let others = match plan.batch_count() {
        0 | 1 => String::new(),
        batches => format!(
            ", then {} for each of the {} others, as long as the slowest stage takes",
            span(slowest),
            units::count(u64::from(batches) - 1),
        ),
    };
    Some(format!(
        "Streamed took {}, {ratio:.1} times as fast as in turn. The delays alone make it {}: {} until the first batch is through\
         {others}.",
        units::span(streamed.length_us),
        span(plan.streamed_ideal()),
        span(fill),
    ))
}

/// What the bounds are good for.
pub(super) fn about_memory(flow: &Flow, plan: &Plan) -> String {
    format!(
        "In turn, all {} samples are in memory at once. Streamed, {} were under way at most, and with any number of samples \
         it would be no more than {}: whoever comes to a full queue waits.",
        units::count(plan.samples.into()),
        units::count(flow.most_under_way.into()),
        units::count(Plan { samples: u32::MAX, ..plan.clone() }.most_under_way(1)),
    )
}

/// What workers bring on a machine with so many processors, or why there are none.
pub(super) fn about_workers(
    result: &Result<Vec<Predicted>, PredictError>,
    workers: NonZeroUsize,
    processors: NonZeroUsize,
) -> String {
    match result {
        Err(error) => format!("Inference in workers was left out: {error}. {}", error.advice()),
        Ok(_) if workers.get() == 1 => {
            "One worker predicts no quicker than the page. What it brings is that the page stays \
             free while a model computes; these models are so small that the message may take longer than they do."
                .to_owned()
        }
        Ok(_) if workers > processors => format!(
            "{workers} workers share {processors} processor{} here. The delays of their batches overlap all the same; real \
             computing would not.",
            if processors.get() == 1 { "" } else { "s" },
        ),
        Ok(_) => format!(
            "{workers} workers predict {workers} batches at once, which relieves predict and no other stage; and the page \
             stays free while they compute."
        ),
    }
}

/// How many samples were read right.
pub(super) fn about_accuracy(predicted: &[Predicted]) -> Option<String> {
    Some(format!(
        "The classifier reads {} of {} samples right: {}.",
        units::count(right(predicted) as u64),
        units::count(predicted.len() as u64),
        share_right(predicted)?,
    ))
}

/// The share of samples that were read right. None without samples.
pub(super) fn share_right(predicted: &[Predicted]) -> Option<String> {
    (!predicted.is_empty()).then(|| units::percent(right(predicted) as f64 / predicted.len() as f64))
}

fn right(predicted: &[Predicted]) -> usize {
    predicted.iter().filter(|sample| sample.digit == Some(sample.label)).count()
}

/// A level of the sweep for the log.
pub(super) fn level_in_words(level: &SizeLevel) -> String {
    format!(
        "batches of {}: {:.1} per second in turn, {:.1} streamed",
        units::count(level.batch_size.into()),
        level.in_turn_per_s(),
        level.streamed_per_s(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::OffloadError;

    #[test]
    fn what_workers_bring_depends_on_the_machine() {
        let told = |workers, processors| {
            let [workers, processors] = [workers, processors].map(|n| NonZeroUsize::new(n).expect("it is not zero"));
            about_workers(&Ok(Vec::new()), workers, processors)
        };
        for (workers, processors, begin) in [
            (1, 1, "One worker predicts no quicker than the page"),
            (2, 1, "2 workers share 1 processor here"),
            (4, 2, "4 workers share 2 processors here"),
            (2, 8, "2 workers predict 2 batches at once"),
        ] {
            assert!(told(workers, processors).starts_with(begin), "{}", told(workers, processors));
        }
    }

    #[test]
    fn where_workers_are_forbidden_it_says_so_and_what_to_do() {
        let refused = OffloadError::NotStarted { why: "a policy".to_owned() };
        let told = about_workers(&Err(refused.into()), NonZeroUsize::MIN, NonZeroUsize::MIN);
        assert!(
            told.starts_with("Inference in workers was left out: no worker could be started: a policy. "),
            "{told}"
        );
    }
}
