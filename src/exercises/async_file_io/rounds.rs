//! The times of each way of writing and reading. The ways take turns for several rounds, so that a machine that slows
//! down affects all of them.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::measure::statistics::Summary;

use super::plan;

/// The ways of writing, each a root task. The others are compared with the first.
pub(super) const WRITING: &[Bar; 3] = &[
    Bar::new("write_one_by_one", "One by one").only_if(plan::uses_generated_files),
    Bar::new("write_all_at_once", "All at once").only_if(plan::uses_generated_files),
    Bar::new("write_within_limit", "Up to the limit").only_if(plan::is_limited).limiting("write_file_async", most),
];

/// The ways of reading, each also a root task.
pub(super) const READING: &[Bar; 3] = &[
    Bar::new("read_one_by_one", "One by one").only_if(plan::uses_generated_files),
    Bar::new("read_all_at_once", "All at once").only_if(plan::uses_generated_files),
    Bar::new("read_within_limit", "Up to the limit").only_if(plan::is_limited).limiting("read_file_async", most),
];

fn most(settings: &Settings) -> u32 {
    settings.count("limit")
}

/// The number of files that are written or read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concurrency {
    OneByOne,
    AllAtOnce,
    UpTo(NonZeroUsize),
}

impl Concurrency {
    /// The task that writes files in this way.
    pub fn writing(self) -> &'static str {
        WRITING[self.place()].task
    }

    /// The task that reads files in this way.
    pub fn reading(self) -> &'static str {
        READING[self.place()].task
    }

    /// The maximum number of files at once, or `None` without a limit.
    pub fn most(self) -> Option<NonZeroUsize> {
        match self {
            Self::OneByOne => Some(NonZeroUsize::MIN),
            Self::AllAtOnce => None,
            Self::UpTo(limit) => Some(limit),
        }
    }

    fn place(self) -> usize {
        match self {
            Self::OneByOne => 0,
            Self::AllAtOnce => 1,
            Self::UpTo(_) => 2,
        }
    }
}

/// A smaller ratio does not count as a difference.
const LEAST_GAIN: f64 = 1.1;

/// A smaller difference does not count: it is two steps of the coarsest clock of any browser.
const LEAST_DIFFERENCE_US: f64 = 2_000.0;

/// Fewer rounds are too few for a verdict. Even with three, one of two ways wins all by chance in one case of four.
const LEAST_ROUNDS: usize = 3;

/// The measured times.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// The number of rounds that have started.
    started: usize,
    /// The times of each way in microseconds, in the order of the rounds.
    times: Vec<(&'static str, Vec<u64>)>,
}

impl Rounds {
    /// The ways of the next round, in order. In each round a different way comes first, because the first may find a
    /// cold cache.
    pub fn next_round(&mut self, limit: Option<NonZeroUsize>) -> Vec<Concurrency> {
        let mut ways = vec![Concurrency::OneByOne, Concurrency::AllAtOnce];
        ways.extend(limit.map(Concurrency::UpTo));
        let first = self.started % ways.len();
        ways.rotate_left(first);
        self.started += 1;
        ways
    }

    /// Runs one way as a task with its name, and adds the time that it took.
    pub async fn measure<T>(&mut self, run: &Run, task: &'static str, work: impl Future<Output = T>) -> T {
        let from = run.now();
        let done = run.task(task, work).await;
        self.note(task, run.now() - from);
        done
    }

    /// The same for a way that may fail. A failure adds no time.
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
        match self.times.iter_mut().find(|(way, _)| *way == task) {
            Some((_, times)) => times.push(us),
            None => self.times.push((task, vec![us])),
        }
    }

    fn round_times(&self, task: &str) -> &[u64] {
        self.times.iter().find(|(way, _)| *way == task).map_or(&[], |(_, times)| times)
    }

    /// A sentence about whether concurrency was faster and by how much, and if it was not, why that can be.
    pub fn verdict(&self, what: &str, ways: &[Bar; 3], limit: Option<NonZeroUsize>) -> String {
        let [one_by_one, all_at_once, within_limit] = ways.each_ref().map(|way| self.round_times(way.task));
        let Some(gain) = Gain::new(one_by_one, all_at_once) else { return String::new() };
        let limited = Gain::new(one_by_one, within_limit).zip(limit);
        let helps = gain.helps() || limited.is_some_and(|(gain, _)| gain.helps());
        let why = match helps || !gain.is_clear() {
            true => "",
            false => " The storage may answer from memory, or it may handle requests one at a time.",
        };
        let limited = limited.map(|(gain, limit)| format!(" With at most {limit} at once it {}.", gain.in_words()));
        format!("{what} all at once {}.{}{why}", gain.in_words(), limited.unwrap_or_default())
    }

    /// What happens all at once instead of one by one, in a sentence. `None` without rounds.
    pub fn in_short(&self, what: &str, ways: &[Bar; 3]) -> Option<String> {
        let [one_by_one, all_at_once, _] = ways.each_ref().map(|way| self.round_times(way.task));
        Some(format!("{what} all at once {}.", Gain::new(one_by_one, all_at_once)?.in_words()))
    }

    /// All ways with the median, the minimum and the maximum.
    pub fn table(&self) -> Table {
        let rounds = self.times.first().map_or(0, |(_, times)| times.len());
        let row = |what: &str, way: &Bar| {
            let times = Summary::from_sample(self.round_times(way.task).iter().map(|us| *us as f64));
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
            caption: format!(
                "Duration of each method, {}",
                if rounds == 1 { "once".to_owned() } else { format!("in {rounds} rounds") }
            ),
            columns: vec![
                Column::text("Method"),
                Column::number("Median"),
                Column::number("Minimum"),
                Column::number("Maximum"),
            ],
            rows: writing.chain(reading).collect(),
        }
    }
}

/// The comparison of two ways.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gain {
    /// The medians of both, in microseconds.
    before_us: f64,
    after_us: f64,
    /// The number of rounds in which the second was faster.
    wins: usize,
    rounds: usize,
}

impl Gain {
    fn new(before_us: &[u64], after_us: &[u64]) -> Option<Self> {
        let median =
            |times: &[u64]| Summary::from_sample(times.iter().map(|us| *us as f64)).median().filter(|us| *us > 0.0);
        let wins = before_us.iter().zip(after_us).filter(|(before, after)| after < before).count();
        Some(Self { before_us: median(before_us)?, after_us: median(after_us)?, wins, rounds: before_us.len() })
    }

    /// True if there are enough rounds for a verdict.
    fn is_clear(self) -> bool {
        self.rounds >= LEAST_ROUNDS
    }

    /// The time of the first, divided by the time of the second.
    fn ratio(self) -> f64 {
        self.before_us / self.after_us
    }

    fn is_different(self) -> bool {
        (self.before_us - self.after_us).abs() >= LEAST_DIFFERENCE_US
    }

    /// True if the second is clearly faster. It must be faster in all rounds, because in some it could be by chance.
    fn helps(self) -> bool {
        self.is_clear() && self.is_different() && self.ratio() >= LEAST_GAIN && self.wins == self.rounds
    }

    /// True if the second is clearly slower.
    fn costs(self) -> bool {
        self.is_clear() && self.is_different() && self.ratio() <= 1.0 / LEAST_GAIN && self.wins == 0
    }

    fn in_words(self) -> String {
        let Self { wins, rounds, .. } = self;
        let share = units::percent(self.after_us / self.before_us);
        if !self.is_clear() {
            return format!(
                "took {share} as long as one by one; run at least {LEAST_ROUNDS} rounds to see whether it helps"
            );
        }
        if self.helps() {
            return format!("took {share} as long as one by one, and was faster in each of {rounds} rounds");
        }
        if self.costs() {
            let times = format!("{:.1}", 1.0 / self.ratio());
            return format!("took {times} times as long as one by one, and was slower in each of {rounds} rounds");
        }
        format!(
            "made no clear difference: it took {share} as long as one by one, and was faster in {wins} of \
            {rounds} rounds"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(writing: [&[u64]; 3]) -> Rounds {
        let named = WRITING.iter().zip(writing).filter(|(_, times)| !times.is_empty());
        Rounds { started: 0, times: named.map(|(way, times)| (way.task, times.to_vec())).collect() }
    }

    #[test]
    fn a_gain_is_reported_as_a_share_of_the_time() {
        let verdict =
            rounds([&[100_000, 110_000, 90_000], &[50_000, 55_000, 45_000], &[]]).verdict("Writing", WRITING, None);
        assert_eq!(
            verdict,
            "Writing all at once took 50.0 % as long as one by one, and was faster in each of 3 rounds."
        );
    }

    #[test]
    fn a_way_that_is_faster_in_only_some_rounds_is_not_a_gain() {
        let verdict =
            rounds([&[100_000, 100_000, 100_000], &[50_000, 50_000, 150_000], &[]]).verdict("Writing", WRITING, None);
        assert!(
            verdict.contains("made no clear difference") && verdict.contains("faster in 2 of 3 rounds"),
            "{verdict}"
        );
        assert!(verdict.contains("The storage may answer from memory"), "{verdict}");
    }

    #[test]
    fn a_loss_is_reported_too() {
        let times: [&[u64]; 3] = [&[100_000; 3], &[150_000; 3], &[90_000; 3]];
        let verdict = rounds(times).verdict("Writing", WRITING, NonZeroUsize::new(8));
        assert!(verdict.starts_with("Writing all at once took 1.5 times as long as one by one"), "{verdict}");
        assert!(verdict.contains("With at most 8 at once it took 90.0 % as long as one by one"), "{verdict}");
        assert!(!verdict.contains("The storage may"), "the limit helps: {verdict}");
    }

    #[test]
    fn one_round_or_steps_of_the_clock_are_not_enough_for_a_verdict() {
        let verdict = rounds([&[100_000], &[50_000], &[]]).verdict("Writing", WRITING, None);
        assert!(verdict.contains("run at least 3 rounds"), "{verdict}");
        let verdict = rounds([&[3_000; 3], &[2_000; 3], &[]]).verdict("Writing", WRITING, None);
        assert!(verdict.contains("made no clear difference"), "{verdict}");
    }

    #[test]
    fn each_way_comes_first_in_turn() {
        let (mut rounds, limit) = (Rounds::default(), NonZeroUsize::new(8));
        let first: Vec<_> = (0..4).map(|_| rounds.next_round(limit)[0].most()).collect();
        assert_eq!(first, [Some(NonZeroUsize::MIN), None, limit, Some(NonZeroUsize::MIN)]);
        assert_eq!(rounds.next_round(None).len(), 2);
    }

    #[test]
    fn without_measured_time_there_is_no_verdict() {
        assert_eq!(rounds([&[0], &[0], &[]]).verdict("Writing", WRITING, None), "");
    }

    #[test]
    fn the_table_has_a_row_for_each_way_that_was_measured() {
        let table = rounds([&[3_000, 1_000, 2_000], &[1_000, 1_000, 1_000], &[]]).table();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[0], ["Writing, one by one", "2.0 ms", "1.0 ms", "3.0 ms"]);
    }
}
