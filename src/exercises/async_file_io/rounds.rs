//! How long each way of writing and reading took, over some rounds in turns: a machine that slows down then does so for
//! all of them.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::measure::decimal::fixed;
use crate::measure::statistics::Summary;

use super::plan;

/// Writing, each way a root task: the first is what the others are held against.
pub(super) const WRITING: &[Bar; 3] = &[
    Bar::of("write_one_by_one", "One by one").only_if(plan::is_made),
    Bar::of("write_all_at_once", "All at once").only_if(plan::is_made),
    Bar::of("write_within_limit", "Up to the limit").only_if(plan::is_limited),
];

/// Reading, likewise.
pub(super) const READING: &[Bar; 3] = &[
    Bar::of("read_one_by_one", "One by one").only_if(plan::is_made),
    Bar::of("read_all_at_once", "All at once").only_if(plan::is_made),
    Bar::of("read_within_limit", "Up to the limit").only_if(plan::is_limited),
];

/// A ratio nearer to one than this is no difference to speak of.
const LEAST_GAIN: f64 = 1.1;

/// What was measured of each way, in microseconds, in the order of the rounds.
#[derive(Debug, Default)]
pub(super) struct Rounds(Vec<(&'static str, Vec<u64>)>);

impl Rounds {
    /// Goes a way, as a task that bears its name, and notes how long it took.
    pub async fn measure<T>(&mut self, run: &Run, task: &'static str, work: impl Future<Output = T>) -> T {
        let from = run.now();
        let done = run.task(task, work).await;
        self.note(task, run.now() - from);
        done
    }

    /// The same for a way that may fail. Then it measures nothing.
    pub async fn try_measure<T, E: TaskError>(
        &mut self,
        run: &Run,
        task: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let from = run.now();
        let done = run.try_task(task, work).await?;
        self.note(task, run.now() - from);
        Ok(done)
    }

    fn note(&mut self, task: &'static str, took: Duration) {
        let us = took.as_micros() as u64;
        match self.0.iter_mut().find(|(way, _)| *way == task) {
            Some((_, times)) => times.push(us),
            None => self.0.push((task, vec![us])),
        }
    }

    fn of(&self, task: &str) -> &[u64] {
        self.0.iter().find(|(way, _)| *way == task).map_or(&[], |(_, times)| times)
    }

    /// Whether files together were quicker, and by how much; if not, why they need not be.
    pub fn verdict(&self, what: &str, ways: &[Bar; 3], limit: Option<NonZeroUsize>) -> String {
        let [one_by_one, all_at_once, within_limit] = ways.each_ref().map(|way| self.of(way.task));
        let Some(gain) = Gain::of(one_by_one, all_at_once) else { return String::new() };
        let limited = Gain::of(one_by_one, within_limit)
            .zip(limit)
            .map(|(gain, limit)| format!(" With at most {limit} at once it {}.", gain.in_words()));
        let why = if gain.helps() {
            ""
        } else {
            " A browser's storage answers from memory or works in a single queue of its own, so there is little waiting \
             to overlap."
        };
        format!("{what} all at once {}.{}{why}", gain.in_words(), limited.unwrap_or_default())
    }

    /// All ways with the median, the least and the most.
    pub fn table(&self) -> Table {
        let rounds = self.0.first().map_or(0, |(_, times)| times.len());
        let row = |what: &str, way: &Bar| {
            let times = Summary::of(self.of(way.task).iter().map(|us| *us as f64));
            let cell = |us: Option<f64>| us.map(|us| units::span(us.round() as u64));
            let (least, most) = (times.min(), times.max());
            Some(vec![
                format!("{what}, {}", way.label.to_lowercase()),
                cell(times.median())?,
                cell(least)?,
                cell(most)?,
            ])
        };
        let writing = WRITING.iter().filter_map(|way| row("Writing", way));
        let reading = READING.iter().filter_map(|way| row("Reading", way));
        Table {
            caption: format!("How long each way took, in {rounds} rounds; the bars show the first"),
            columns: vec![
                Column::text("Way"),
                Column::number("Median"),
                Column::number("Least"),
                Column::number("Most"),
            ],
            rows: writing.chain(reading).collect(),
        }
    }
}

/// How two ways compare.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gain {
    /// How many times as fast the second is as the first, by their medians.
    ratio: f64,
    /// In how many rounds the second was faster.
    wins: usize,
    rounds: usize,
}

impl Gain {
    fn of(before_us: &[u64], after_us: &[u64]) -> Option<Self> {
        let median = |times: &[u64]| Summary::of(times.iter().map(|us| *us as f64)).median().filter(|us| *us > 0.0);
        let wins = before_us.iter().zip(after_us).filter(|(before, after)| after < before).count();
        Some(Self { ratio: median(before_us)? / median(after_us)?, wins, rounds: before_us.len() })
    }

    /// To be faster in some of the rounds may be luck.
    fn helps(self) -> bool {
        self.ratio >= LEAST_GAIN && self.wins == self.rounds
    }

    fn in_words(self) -> String {
        let Self { ratio, wins, rounds } = self;
        if self.helps() {
            return format!("took {} of the time of one by one, and less in each of {rounds} rounds", share(ratio));
        }
        if ratio <= 1.0 / LEAST_GAIN && wins == 0 {
            let times = fixed(1.0 / ratio, 1);
            return format!("took {times} times as long as one by one, and longer in each of {rounds} rounds");
        }
        format!(
            "made no clear difference: {} of the time of one by one, and less in {wins} of {rounds} rounds",
            share(ratio)
        )
    }
}

fn share(ratio: f64) -> String {
    units::percent(1.0 / ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(writing: [&[u64]; 3]) -> Rounds {
        let named = WRITING.iter().zip(writing).filter(|(_, times)| !times.is_empty());
        Rounds(named.map(|(way, times)| (way.task, times.to_vec())).collect())
    }

    #[test]
    fn a_gain_is_told_as_a_share_of_the_time() {
        let told = rounds([&[100, 110, 90], &[50, 55, 45], &[]]).verdict("Writing", WRITING, None);
        assert_eq!(told, "Writing all at once took 50.0 % of the time of one by one, and less in each of 3 rounds.");
    }

    #[test]
    fn what_is_quicker_in_some_rounds_only_is_no_gain() {
        let told = rounds([&[100, 100, 100], &[50, 50, 150], &[]]).verdict("Writing", WRITING, None);
        assert!(told.contains("made no clear difference") && told.contains("less in 2 of 3 rounds"), "{told}");
        assert!(told.contains("little waiting to overlap"), "{told}");
    }

    #[test]
    fn a_loss_is_told_as_well() {
        let told = rounds([&[100, 100], &[150, 150], &[90, 90]]).verdict("Writing", WRITING, NonZeroUsize::new(8));
        assert!(told.starts_with("Writing all at once took 1.5 times as long as one by one"), "{told}");
        assert!(told.contains("With at most 8 at once it took 90.0 % of the time of one by one"), "{told}");
    }

    #[test]
    fn without_time_there_is_nothing_to_tell() {
        assert_eq!(rounds([&[0], &[0], &[]]).verdict("Writing", WRITING, None), "");
    }

    #[test]
    fn the_table_has_a_row_for_each_way_that_was_gone() {
        let table = rounds([&[3_000, 1_000, 2_000], &[1_000, 1_000, 1_000], &[]]).table();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[0], ["Writing, one by one", "2.0 ms", "1.0 ms", "3.0 ms"]);
    }
}
