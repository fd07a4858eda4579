//! A summary of several runs of the same work.

/// Median, minimum and maximum. For few or skewed values, the median is more stable than the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The middle value, or the mean of the middle two if the number of values is even.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
}

impl Summary {
    /// A summary of values in any order. `None` if there are no values, or one is not finite.
    #[must_use]
    pub fn from_values(values: &[f64]) -> Option<Self> {
        if values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_summary(values: &[f64], expected: Option<[f64; 3]>) {
        let summary = Summary::from_values(values).map(|it| [it.median, it.min, it.max]);
        assert_eq!(summary, expected, "{values:?}");
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        assert_summary(&[3.0, 1.0, 2.0], Some([2.0, 1.0, 3.0]));
        assert_summary(&[4.0, 1.0, 3.0, 2.0], Some([2.5, 1.0, 4.0]));
        assert_summary(&[7.0], Some([7.0, 7.0, 7.0]));
    }

    #[test]
    fn no_values_and_values_that_are_not_finite_have_no_summary() {
        assert_summary(&[], None);
        assert_summary(&[1.0, f64::NAN], None);
        assert_summary(&[1.0, f64::INFINITY], None);
    }
}
