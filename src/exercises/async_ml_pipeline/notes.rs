//! The notes of a report: the bottleneck, the gain, memory, workers and accuracy.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::measure::batch_sizes::SizeLevel;
use crate::measure::bottleneck::Bottleneck;
use crate::measure::flow::{Flow, Stage};
use crate::measure::spans::speed_up;

use super::plan::Plan;
use super::{PredictError, Predicted};

/// The bottleneck, and what would make it faster.
pub(super) fn about_the_bottleneck(flow: &Flow, plan: &Plan) -> String {
    let lower = |stage: &Stage| stage.name.to_ascii_lowercase();
    let per_s = |per_s: f64| units::count(per_s.round() as u64);
    match Bottleneck::find(flow) {
        Some(_) if plan.batch_count() == 1 => {
            "All samples are in a single batch, so the stages cannot overlap and none is the bottleneck. With smaller \
             batches they could overlap."
                .to_owned()
        }
        None => "Nothing went through the pipeline, so it has no bottleneck.".to_owned(),
        Some(Bottleneck::None { busiest, share }) => format!(
            "No stage is the bottleneck: even the busiest, {}, worked for only {} of the time. With {} of {}, the \
             stages hardly overlap. With smaller batches they would overlap more.",
            lower(busiest),
            units::percent(share),
            units::counted(plan.batch_count().into(), "batch", "batches"),
            units::counted(plan.batch_size.into(), "sample", "samples"),
        ),
        Some(Bottleneck::One { stage, share, next, next_per_s }) => {
            let then = if next_per_s.is_finite() {
                format!(
                    "Then {} would be the slowest stage, with at most {} samples per second instead of {}",
                    lower(next),
                    per_s(next_per_s),
                    per_s(flow.per_s().unwrap_or(0.0)),
                )
            } else {
                "Then no other stage would limit the throughput".to_owned()
            };
            format!(
                "{} is the bottleneck: in the streamed run, it worked for {} of the time, and the other stages \
                waited for it. {}. \
                 {then}.",
                stage.name,
                units::percent(share),
                remedy(stage),
            )
        }
        Some(Bottleneck::Two { stage, other, shares: [share, other_share] }) => format!(
            "{} and {} are the bottleneck together: in the streamed run, they worked for {} and {} of the time. {}, \
            but not much \
             unless the other stage gets faster as well.",
            stage.name,
            lower(other),
            units::percent(share),
            units::percent(other_share),
            remedy(stage),
        ),
    }
}

/// The bottleneck in a sentence. `None` if there is none, or if the stages cannot overlap.
pub(super) fn bottleneck_in_short(flow: &Flow, plan: &Plan) -> Option<String> {
    match Bottleneck::find(flow).filter(|_| plan.batch_count() > 1)? {
        Bottleneck::None { .. } => None,
        Bottleneck::One { stage, share, .. } => Some(format!(
            "{} is the bottleneck: streamed, it worked for {} of the time.",
            stage.name,
            units::percent(share)
        )),
        Bottleneck::Two { stage, other, shares: [share, other_share] } => Some(format!(
            "{} and {} are the bottleneck together: streamed, they worked for {} and {} of the time.",
            stage.name,
            other.name.to_ascii_lowercase(),
            units::percent(share),
            units::percent(other_share),
        )),
    }
}

/// A way to make a stage faster.
fn remedy(stage: &Stage) -> &'static str {
    match &*stage.name {
        "Load" => "Loading from several sources at once, or from a cache, would help",
        "Preprocess" => "Preprocessing samples in advance, or several batches at once, would help",
        _ => "A faster model, or several models at once, would help",
    }
}

/// The gain of streaming, and the time that the delays alone take.
pub(super) fn about_the_gain(sequential: &Flow, streamed: &Flow, plan: &Plan) -> Option<String> {
    let ratio = speed_up(sequential.length_us, streamed.length_us)?;
    let span = |span: Duration| units::span(span.as_micros() as u64);
    let times = plan.stage_times();
    let (fill, slowest) = (times.iter().sum(), times.into_iter().max().unwrap_or_default());
    let others = match plan.batch_count() {
        0 | 1 => String::new(),
        batches => format!(
            ", then {} (the slowest stage) for each of the other {}",
            span(slowest),
            units::counted(u64::from(batches) - 1, "batch", "batches"),
        ),
    };
    Some(format!(
        "The streamed run took {}, {ratio:.1} times as fast as the sequential run. The delays alone take {}: {} for \
        the first batch\
         {others}.",
        units::span(streamed.length_us),
        span(plan.streamed_ideal()),
        span(fill),
    ))
}

/// The benefit of bounded queues.
pub(super) fn about_memory(flow: &Flow, plan: &Plan) -> String {
    format!(
        "The sequential pipeline keeps all {} samples in memory at once. The streamed pipeline had at most {} in \
         memory. However many samples there are, it never holds more than {}, because a stage waits while the next \
         queue is full.",
        units::count(plan.samples.into()),
        units::count(flow.most_under_way.into()),
        units::count(Plan { samples: u32::MAX, ..plan.clone() }.max_in_flight(1)),
    )
}

/// The benefit of workers on a machine with this number of processors, or why inference in workers failed.
pub(super) fn about_workers(
    result: &Result<Vec<Predicted>, PredictError>,
    workers: NonZeroUsize,
    processors: NonZeroUsize,
) -> String {
    match result {
        Err(error) => format!("Inference in workers failed: {error}. {}", error.advice()),
        Ok(_) if workers.get() == 1 => {
            "One worker predicts no faster than the page. The benefit is that the page stays responsive while a model \
             computes. These models are so small that sending the data may take longer than the predictions."
                .to_owned()
        }
        Ok(_) if workers > processors => format!(
            "{workers} workers share {} here. The delays of their batches still overlap, but long computations would \
             not overlap fully.",
            units::counted(processors.get() as u64, "processor", "processors"),
        ),
        Ok(_) => format!(
            "{workers} workers predict {workers} batches at once, which speeds up the predict stage only. The page \
             stays responsive while they compute."
        ),
    }
}

/// The number of correct predictions.
pub(super) fn about_accuracy(predicted: &[Predicted]) -> Option<String> {
    Some(format!(
        "{} of {} samples were classified correctly: {}.",
        units::count(correct(predicted) as u64),
        units::count(predicted.len() as u64),
        share_correct(predicted)?,
    ))
}

/// The share of correct predictions; `None` if there are no samples.
pub(super) fn share_correct(predicted: &[Predicted]) -> Option<String> {
    (!predicted.is_empty()).then(|| units::percent(correct(predicted) as f64 / predicted.len() as f64))
}

fn correct(predicted: &[Predicted]) -> usize {
    predicted.iter().filter(|sample| sample.digit == Some(sample.label)).count()
}

/// A log line about a level of the sweep.
pub(super) fn level_in_words(level: &SizeLevel) -> String {
    format!(
        "batches of {}: {:.1} samples per second sequential, {:.1} streamed",
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
    fn the_note_about_workers_depends_on_the_number_of_processors() {
        let note = |workers, processors| {
            let [workers, processors] = [workers, processors].map(|n| NonZeroUsize::new(n).expect("it is not zero"));
            about_workers(&Ok(Vec::new()), workers, processors)
        };
        for (workers, processors, begin) in [
            (1, 1, "One worker predicts no faster than the page"),
            (2, 1, "2 workers share 1 processor here"),
            (4, 2, "4 workers share 2 processors here"),
            (2, 8, "2 workers predict 2 batches at once"),
        ] {
            assert!(note(workers, processors).starts_with(begin), "{}", note(workers, processors));
        }
    }

    #[test]
    fn if_workers_cannot_start_the_note_gives_the_reason() {
        let refused = OffloadError::NotStarted { why: "a policy".to_owned() };
        let note = about_workers(&Err(refused.into()), NonZeroUsize::MIN, NonZeroUsize::MIN);
        assert!(note.starts_with("Inference in workers failed: no worker could be started: a policy. "), "{note}");
    }
}
