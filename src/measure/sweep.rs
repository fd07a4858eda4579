//! Throughput and latency at increasing concurrency, and the knee.
//!
//! The knee is the point beyond which more requests at once no longer increase the throughput but only wait for each
//! other. It is where the two bounds of throughput meet: the concurrency divided by the time of a request without a
//! queue, and the maximum that the server can do (Lazowska and others, "Quantitative System Performance", 1984, section
//! 5.2, N*). That is Little's law for a server that is busy and has no queue. Both bounds can be measured well even on
//! a busy machine, while the throughput near the knee cannot.
//!
//! Noise has a best level as well. So a knee is claimed only if the confidence intervals support it: see [`Knee`].

use serde::{Deserialize, Serialize};

pub use crate::measure::load_level::{LoadLevel, Visit};
use crate::measure::statistics::mean_interval;
use crate::measure::units::{count, span};

/// Measurements at increasing concurrency.
///
/// ```
/// use interleave::measure::sweep::{LoadLevel, Sweep};
///
/// // A server that works on two at once, each for 100 ms.
/// let level = |concurrency, length_us, latency_us| LoadLevel {
///     concurrency, length_us, latencies_us: vec![latency_us; 20], ..LoadLevel::default()
/// };
/// let levels = vec![level(1, 2_000_000, 100_000), level(2, 1_000_000, 100_000), level(4, 1_000_000, 200_000)];
/// assert_eq!(Sweep::new(levels).knee().map(|level| level.concurrency), Some(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep(Vec<LoadLevel>);

impl Sweep {
    /// Creates it from levels in order of increasing concurrency.
    #[must_use]
    pub fn new(levels: Vec<LoadLevel>) -> Self {
        Self(levels)
    }

    /// The levels, in order of increasing concurrency.
    #[must_use]
    pub fn levels(&self) -> &[LoadLevel] {
        &self.0
    }

    /// The best throughput of all levels per second; 0 if nothing succeeded.
    #[must_use]
    pub fn best_per_s(&self) -> f64 {
        self.0.iter().map(LoadLevel::throughput_per_s).fold(0.0, f64::max)
    }

    /// The latency of a request without a queue, in microseconds: the smallest median of all levels.
    fn unqueued_us(&self) -> f64 {
        self.0.iter().filter_map(|level| level.latencies().median()).fold(f64::INFINITY, f64::min)
    }

    /// The number of requests at once that keep the server busy without a queue, by Little's law. Returns `None` if
    /// nothing succeeded.
    #[must_use]
    pub fn saturation(&self) -> Option<f64> {
        Some(self.best_per_s() * self.unqueued_us() / 1e6).filter(|n| n.is_finite() && *n > 0.0)
    }

    /// Where the knee is, as far as the measurements show it.
    #[must_use]
    pub fn find_knee(&self) -> Knee<'_> {
        let Some((saturation, last)) = self.saturation().zip(self.0.last()) else { return Knee::NothingSucceeded };
        let nearest = self.nearest(saturation);
        let beyond = || self.0.iter().filter(|level| level.concurrency >= nearest.concurrency);
        // The levels that say how much the endpoint can do. Those before the knee only wait for their own responses.
        let deciding = beyond().chain(self.best()).filter_map(|level| Some((level, level.throughput_interval()?)));
        let widest = deciding.max_by(|(_, a), (_, b)| half_width(*a).total_cmp(&half_width(*b)));
        if let Some((level, interval)) = widest.filter(|(_, interval)| half_width(*interval) > MAX_HALF_WIDTH) {
            return Knee::TooNoisy { level, interval };
        }
        let at_knee = nearest.throughput_interval();
        let is_above = |level: &&LoadLevel| {
            let intervals = level.throughput_interval().zip(at_knee);
            intervals.is_some_and(|([low, _], [_, high])| low > high * CLEARLY_MORE)
        };
        if let Some(higher) = beyond().find(is_above) {
            return Knee::StillRises { from: nearest, higher };
        }
        let [low, high] = self.saturation_interval().unwrap_or([saturation; 2]).map(|at| self.nearest(at));
        let levels_between =
            self.0.iter().filter(|level| (low.concurrency..high.concurrency).contains(&level.concurrency));
        match levels_between.count() {
            0 if high.concurrency == last.concurrency => Knee::NotReached { last },
            0 => Knee::At(low),
            1 => Knee::Between(low, high),
            _ => Knee::Anywhere(low, high),
        }
    }

    /// The level at the knee, if the measurements show which it is.
    #[must_use]
    pub fn knee(&self) -> Option<&LoadLevel> {
        match self.find_knee() {
            Knee::At(level) => Some(level),
            _ => None,
        }
    }

    /// The level with the best throughput.
    fn best(&self) -> Option<&LoadLevel> {
        self.0.iter().max_by(|a, b| a.throughput_per_s().total_cmp(&b.throughput_per_s()))
    }

    /// The level nearest to this number of requests at once, by ratio.
    fn nearest(&self, at_once: f64) -> &LoadLevel {
        let distance = |level: &LoadLevel| (f64::from(level.concurrency) / at_once.max(f64::MIN_POSITIVE)).ln().abs();
        self.0
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .expect("there is a saturation, so there are levels")
    }

    /// The 95 % confidence interval of the [saturation](Self::saturation), by how much the visits differ.
    fn saturation_interval(&self) -> Option<[f64; 2]> {
        let medians = self.0.iter().filter_map(|level| Some((level, level.latencies().median()?)));
        let (unqueued, _) = medians.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let visits = self.best()?.visits.iter().zip(&unqueued.visits);
        mean_interval(visits.map(|(best, unqueued)| best.throughput_per_s() * unqueued.median_us as f64 / 1e6))
    }

    /// The longest latency of all levels, in microseconds.
    #[must_use]
    pub fn slowest_us(&self) -> u64 {
        self.0.iter().flat_map(|level| &level.latencies_us).copied().max().unwrap_or(0)
    }

    /// A text that says where the knee is and what it means.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(last) = self.0.last() else { return "Nothing was measured.".to_owned() };
        let at_once = |level: &LoadLevel| count(level.concurrency.into());
        match self.find_knee() {
            Knee::NothingSucceeded => "No request succeeded, so there is no throughput and no knee.".to_owned(),
            Knee::NotReached { last } => format!(
                "There is no knee up to {} concurrent requests. The throughput there is {:.1} per second, and more \
                concurrency may increase it.",
                at_once(last),
                last.throughput_per_s(),
            ),
            Knee::At(knee) => format!(
                "The knee, the point beyond which more requests only wait, is at {} concurrent requests. {}{}",
                at_once(knee),
                self.peak_in_words(),
                waits(knee, last),
            ),
            Knee::Between(low, high) if high.concurrency == last.concurrency => format!(
                "The knee, the point beyond which more requests only wait, is at {} concurrent requests or more. {} A sweep \
                up to a higher number may show it.",
                at_once(low),
                self.peak_in_words(),
            ),
            Knee::Between(low, high) => format!(
                "The knee, the point beyond which more requests only wait, is between {} and {} concurrent requests. {}",
                at_once(low),
                at_once(high),
                self.peak_in_words(),
            ),
            Knee::TooNoisy { level, interval: [low, high] } => format!(
                "The curve is too noisy to show a knee: at {} concurrent requests, the throughput is between {low:.1} and \
                {high:.1} per second (95 % confidence). {HELP}",
                at_once(level),
            ),
            Knee::Anywhere(low, high) => format!(
                "The latencies are too noisy to show a knee: it may be anywhere between {} and {} concurrent requests. {HELP}",
                at_once(low),
                at_once(high),
            ),
            Knee::StillRises { from, higher } => format!(
                "The curve does not show a knee: by the latency of single requests, {} concurrent requests keep the \
                endpoint busy, but with {} it answers {:.1} instead of {:.1} per second. Its capacity probably changes. \
                {HELP}",
                at_once(from),
                at_once(higher),
                higher.throughput_per_s(),
                from.throughput_per_s(),
            ),
        }
    }

    /// The two measurements from which the knee follows.
    fn peak_in_words(&self) -> String {
        format!(
            "Throughput peaks at {:.1} per second. Without a queue a request takes {}, so {:.1} concurrent requests keep \
            the endpoint busy.",
            self.best_per_s(),
            span(self.unqueued_us() as u64),
            self.saturation().unwrap_or(0.0),
        )
    }

    /// A sentence about the best goodput within a latency target.
    #[must_use]
    pub fn goodput_sentence(&self, target_us: u64) -> String {
        let goodput = |level: &LoadLevel| level.goodput_per_s(target_us);
        let best =
            self.0.iter().max_by(|a, b| goodput(a).total_cmp(&goodput(b)).then(b.concurrency.cmp(&a.concurrency)));
        match best.filter(|level| goodput(level) > 0.0) {
            Some(level) => format!(
                "Counting only requests within {}, the best throughput is {:.1} per second, at {} concurrent requests.",
                span(target_us),
                goodput(level),
                count(level.concurrency.into()),
            ),
            None => format!("No request succeeds within {}, at any concurrency.", span(target_us)),
        }
    }
}

/// Where the knee is, as far as the measurements show it.
///
/// Levels without visits come from files of earlier versions. They have no intervals, and their means are taken as exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knee<'a> {
    /// No request succeeded.
    NothingSucceeded,
    /// The level nearest to the [saturation](Sweep::saturation), by ratio, and to both ends of its interval.
    At(&'a LoadLevel),
    /// Two neighbouring levels, nearest to the ends of the saturation's interval.
    Between(&'a LoadLevel, &'a LoadLevel),
    /// The levels nearest to the ends of the saturation's interval, with others between them.
    Anywhere(&'a LoadLevel, &'a LoadLevel),
    /// The throughput may still increase after the last level.
    NotReached {
        /// The last level.
        last: &'a LoadLevel,
    },
    /// The visits differ too much.
    TooNoisy {
        /// The level where they differ most.
        level: &'a LoadLevel,
        /// The interval of its throughput per second.
        interval: [f64; 2],
    },
    /// The endpoint does clearly more than it should be able to: it is not the same at all times.
    StillRises {
        /// The level nearest to the saturation.
        from: &'a LoadLevel,
        /// A later level with a clearly higher throughput.
        higher: &'a LoadLevel,
    },
}

/// The most that half of an interval may be, relative to its middle. In simulations, a server whose capacity is drawn again
/// every 0.1 to 3 s (from 1 to 16) then seemed to have a knee in 1 of 100 sweeps, and one with a fixed capacity that is
/// measured with a noise of 10 % in 93 of 100.
const MAX_HALF_WIDTH: f64 = 0.2;

/// A throughput that is higher by this factor is more than an inexact knee explains.
const CLEARLY_MORE: f64 = 1.2;

/// Advice for a sweep that shows no knee.
const HELP: &str = "Measure again with more time per level, and while nothing else uses the endpoint or this machine.";

/// Half of an interval, relative to its middle; 0 if nothing succeeded.
fn half_width([low, high]: [f64; 2]) -> f64 {
    let middle = f64::midpoint(low, high);
    if middle > 0.0 { (high - middle) / middle } else { 0.0 }
}

/// A smaller ratio of latencies is not worth mentioning.
const IS_LONGER: f64 = 1.2;

/// A text about the longer wait beyond the knee, if both levels have enough requests.
fn waits(knee: &LoadLevel, last: &LoadLevel) -> String {
    let Some((at_knee, at_last)) = knee.p95_us().zip(last.p95_us()).filter(|(at_knee, _)| *at_knee > 0) else {
        return String::new();
    };
    if at_last as f64 <= at_knee as f64 * IS_LONGER {
        return String::new();
    }
    let times = format!("{:.1}", at_last as f64 / at_knee as f64);
    let at_once = count(last.concurrency.into());
    format!(" With {at_once}, p95 is {} instead of {} ({times} times as long).", span(at_last), span(at_knee))
}

#[cfg(test)]
mod tests;
