//! The parts of a run that a lesson sets side by side, with their ideals, in numbers and in words.

use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Comparison, Exercise};
use crate::measure::heartbeat::BLOCKED_US;
use crate::measure::spans::{Spans, speed_up};
use crate::measure::units::span;
use crate::measure::{Outcome, Record};

/// A record with the parts that were read from it.
pub type Parts<'a> = (&'a Record, &'a Spans);

/// One comparison, as far as the run has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What is compared.
    pub title: &'static str,
    /// What to look for; may be empty.
    pub about: &'static str,
    /// Whether the last bar is meant to be faster than the first.
    pub is_race: bool,
    /// Its bars; the first is the baseline.
    pub bars: Vec<ComparedBar>,
}

/// One bar, as far as the run has come.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedBar {
    /// The name of its root task.
    pub task: &'static str,
    /// Its label.
    pub label: &'static str,
    /// How long it has lasted so far, in microseconds; none before it begins.
    pub so_far_us: Option<u64>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// How long it took, once it has ended well.
    pub measured_us: Option<u64>,
    /// How long it takes with nothing but its waits.
    pub ideal_us: Option<u64>,
    /// The event loop's longest lag in it.
    pub lag_us: Option<u64>,
}

impl Compared {
    /// All comparisons of a lesson that its settings ask for. The record may still grow; `ideal` is that of the same
    /// lesson on the virtual clock.
    #[must_use]
    pub fn all(
        exercise: &Exercise,
        settings: &Settings,
        run: Option<Parts>,
        now_us: u64,
        ideal: Option<Parts>,
    ) -> Vec<Self> {
        let compare = |comparison: &Comparison| {
            let bars = comparison.bars.iter().filter(|bar| (bar.is_run)(settings)).map(|bar| {
                let found = run.and_then(|(record, spans)| Some((record, spans.named(record, bar.task)?)));
                ComparedBar {
                    task: bar.task,
                    label: bar.label,
                    so_far_us: found.map(|(_, it)| it.length_so_far_us(now_us)),
                    outcome: found.and_then(|(_, it)| it.end).map(|(_, outcome)| outcome),
                    measured_us: found.and_then(|(_, it)| it.length_us()),
                    ideal_us: ideal.and_then(|(ideal, spans)| spans.named(ideal, bar.task)?.length_us()),
                    lag_us: found.and_then(|(record, it)| it.longest_lag_us(record)),
                }
            });
            let Comparison { title, about, is_race, .. } = *comparison;
            Self { title, about, is_race, bars: bars.collect() }
        };
        exercise.comparisons.iter().map(compare).filter(|compared| !compared.bars.is_empty()).collect()
    }

    /// What the whole width of the bars stands for, in microseconds.
    #[must_use]
    pub fn scale_us(&self) -> u64 {
        let lengths = self.bars.iter().flat_map(|bar| [bar.so_far_us, bar.ideal_us]);
        lengths.flatten().max().unwrap_or(0).max(1)
    }

    /// How many times as fast as the baseline the last bar is.
    #[must_use]
    pub fn speed_up(&self) -> Option<f64> {
        if !self.is_race || self.bars.len() < 2 {
            return None;
        }
        speed_up(self.bars.first()?.measured_us?, self.bars.last()?.measured_us?)
    }

    /// The result in words, once there is one.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        if !self.is_race || self.bars.len() < 2 {
            return self.lengths_sentence();
        }
        let (first, last) = (self.bars.first()?, self.bars.last()?);
        let Some((first_us, last_us)) = first.measured_us.zip(last.measured_us) else {
            // Of a race that somebody did not finish each part is told by itself.
            return self.lengths_sentence();
        };
        let how = match self.speed_up() {
            Some(ratio) if ratio >= 1.05 => {
                format!("{ratio:.1} times as fast as {} with", first.label.to_ascii_lowercase())
            }
            Some(ratio) if ratio <= 0.95 => {
                format!("{:.1} times as slow as {} with", 1.0 / ratio, first.label.to_ascii_lowercase())
            }
            _ => format!("about as fast as {} with", first.label.to_ascii_lowercase()),
        };
        let ideal = last.ideal_us.map(|us| format!("; its waits alone take {}", span(us))).unwrap_or_default();
        let sentence = format!("{} took {}, {how} {}{ideal}.", last.label, span(last_us), span(first_us));
        Some(self.with_lag(sentence))
    }

    /// How long each part took, when all are over.
    fn lengths_sentence(&self) -> Option<String> {
        let all_over = self.bars.iter().all(|bar| bar.outcome.is_some());
        let length = |bar: &ComparedBar| match (bar.measured_us, bar.outcome) {
            (Some(us), _) => format!("{} took {}", bar.label, span(us)),
            (None, outcome) => format!("{} {}", bar.label, outcome.map_or("goes on", Outcome::name)),
        };
        let lengths: Vec<_> = self.bars.iter().map(length).collect();
        all_over.then(|| self.with_lag(format!("{}.", lengths.join(", "))))
    }

    fn with_lag(&self, sentence: String) -> String {
        match self.lag_sentence() {
            Some(lag) => format!("{sentence} {lag}"),
            None => sentence,
        }
    }

    /// What the page went through, if the loop was blocked in one of the bars.
    fn lag_sentence(&self) -> Option<String> {
        let worst = self.bars.iter().max_by_key(|bar| bar.lag_us)?;
        let worst_us = worst.lag_us.filter(|lag_us| *lag_us > BLOCKED_US)?;
        let others = self.bars.iter().filter(|bar| bar.task != worst.task);
        let best = others.min_by_key(|bar| bar.lag_us)?;
        Some(format!(
            "During {} the page could do nothing else for {}; during {} its longest lag was {}.",
            worst.label.to_ascii_lowercase(),
            span(worst_us),
            best.label.to_ascii_lowercase(),
            span(best.lag_us?),
        ))
    }
}

/// How far a run has come: the parts that are over, and all parts that it will have.
#[must_use]
pub fn progress(compared: &[Compared]) -> (usize, usize) {
    let bars = || compared.iter().flat_map(|compared| &compared.bars);
    (bars().filter(|bar| bar.outcome.is_some()).count(), bars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &'static str, measured_us: u64, ideal_us: u64, lag_us: u64) -> ComparedBar {
        ComparedBar {
            task: label,
            label,
            so_far_us: Some(measured_us),
            outcome: Some(Outcome::Succeeded),
            measured_us: Some(measured_us),
            ideal_us: Some(ideal_us),
            lag_us: Some(lag_us),
        }
    }

    fn compared(bars: Vec<ComparedBar>) -> Compared {
        Compared { title: "", about: "", is_race: true, bars }
    }

    #[test]
    fn the_result_is_told_with_unit_comparison_and_ideal() {
        let bars = vec![bar("Sequential", 909_000, 900_000, 900), bar("Concurrent", 706_000, 700_000, 800)];
        let compared = compared(bars);
        let sentence =
            "Concurrent took 706 ms, 1.3 times as fast as sequential with 909 ms; its waits alone take 700 ms.";
        assert_eq!(compared.sentence().as_deref(), Some(sentence));
    }

    #[test]
    fn a_blocked_loop_is_told_beside_one_that_was_free() {
        let bars = vec![bar("Blocking", 300_000, 300_000, 290_000), bar("Sleeping", 101_000, 100_000, 1_200)];
        let sentence = compared(bars).sentence().expect("both have ended");
        assert!(sentence.ends_with(
            " During blocking the page could do nothing else for 290 ms; during sleeping its longest lag was 1.2 ms."
        ));
    }

    #[test]
    fn no_gain_is_called_no_gain() {
        let of = |first, last| {
            let bars = vec![bar("A", first, first, 0), bar("B", last, last, 0)];
            compared(bars).sentence().expect("both have ended")
        };
        assert!(of(500_000, 500_000).contains("about as fast as a"));
        assert!(of(500_000, 1_000_000).contains("2.0 times as slow as a"));
    }

    #[test]
    fn what_is_no_race_is_told_part_by_part() {
        let mut failed = bar("Broken", 300, 0, 0);
        (failed.measured_us, failed.outcome) = (None, Some(Outcome::Failed));
        let told = Compared { is_race: false, ..compared(vec![failed, bar("Fixed", 101_000, 100_000, 0)]) };
        assert_eq!(told.sentence().as_deref(), Some("Broken failed, Fixed took 101 ms."));
        assert_eq!(told.speed_up(), None);
        assert_eq!(
            Compared { is_race: true, ..told.clone() }.sentence(),
            told.sentence(),
            "it did not finish the race"
        );
    }

    #[test]
    fn before_the_run_there_is_nothing_to_tell() {
        let exercise = &crate::exercises::async_basics::EXERCISE;
        let compared = Compared::all(exercise, &Settings::defaults(exercise.controls), None, 0, None);
        assert_eq!(progress(&compared), (0, 4));
        assert!(compared.iter().all(|it| it.sentence().is_none() && it.scale_us() == 1));
    }
}
