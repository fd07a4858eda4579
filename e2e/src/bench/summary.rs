//! What is told about several runs of the same thing.

/// Median, least and greatest. With few and skewed values the median is steadier than the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Half of the values are at most this; the mean of the middle two if their number is even.
    pub median: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
}

impl Summary {
    /// Of values in any order. `None` when there are none or one is not finite.
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
    fn nothing_and_what_is_no_number_have_no_summary() {
        assert_summary(&[], None);
        assert_summary(&[1.0, f64::NAN], None);
        assert_summary(&[1.0, f64::INFINITY], None);
    }
}
