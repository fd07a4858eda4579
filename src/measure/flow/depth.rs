//! The number of batches in a queue over time.

use serde::{Deserialize, Serialize};

/// The depth of a queue over time: 0 at first, then the list of changes. Times are microseconds since the run's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueDepth {
    /// The times of the changes in order, each with the depth from then on.
    pub changes: Vec<(u64, u32)>,
}

impl QueueDepth {
    /// The maximum depth.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.changes.iter().map(|(_, depth)| *depth).max().unwrap_or(0)
    }

    /// The average depth in each of `bins` equal intervals, which start at `from_us` and together last `length_us`. A
    /// batch counts only for the time that it was in the queue. Without bins or time, the result is empty.
    ///
    /// ```
    /// use interleave::measure::flow::QueueDepth;
    ///
    /// let queue = QueueDepth { changes: vec![(10, 1), (20, 2), (35, 0)] };
    /// assert_eq!(queue.means(0, 40, 4), [0.0, 1.0, 2.0, 1.0]);
    /// ```
    #[must_use]
    pub fn means(&self, from_us: u64, length_us: u64, bins: usize) -> Vec<f64> {
        if length_us == 0 {
            return Vec::new();
        }
        let edge = |bin: usize| from_us as f64 + length_us as f64 / bins as f64 * bin as f64;
        let mut means = vec![0.0; bins];
        let ends = self.changes.iter().skip(1).map(|(at_us, _)| *at_us).chain([u64::MAX]);
        let mut first = 0;
        for ((begin_us, depth), end_us) in self.changes.iter().zip(ends) {
            let (begin, end) = (*begin_us as f64, end_us as f64);
            // Changes are in order, so bins that end before this one are complete.
            first += (first..bins).take_while(|bin| edge(bin + 1) <= begin).count();
            for bin in (first..bins).take_while(|bin| edge(*bin) < end) {
                let overlap = end.min(edge(bin + 1)) - begin.max(edge(bin));
                means[bin] += f64::from(*depth) * overlap.max(0.0) / (edge(bin + 1) - edge(bin));
            }
        }
        means
    }

    pub(super) fn now(&self) -> u32 {
        self.changes.last().map_or(0, |(_, depth)| *depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_hardly_waits_hardly_counts() {
        let queue = QueueDepth { changes: vec![(500, 1), (501, 0), (600, 1), (600, 0)] };
        assert_eq!((queue.peak(), queue.means(0, 1_000, 2)), (1, vec![0.0, 0.002]));
    }

    #[test]
    fn a_part_that_begins_later_counts_from_its_beginning() {
        let queue = QueueDepth { changes: vec![(1_000, 2), (1_010, 4)] };
        assert_eq!(queue.means(1_000, 20, 2), [2.0, 4.0]);
        assert!(queue.means(1_000, 0, 2).is_empty() && queue.means(1_000, 20, 0).is_empty());
        assert_eq!(QueueDepth::default().means(0, 20, 2), [0.0, 0.0]);
    }
}
