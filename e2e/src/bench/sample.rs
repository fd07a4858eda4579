//! Runs of one case by one contender, read from the benchmark page's table.

use serde::Deserialize;

use super::Summary;

/// The fewest runs that show how much the times vary.
pub const MIN_RUNS: usize = 5;

/// The work that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Case {
    /// 1,000 sleeps of 100 ms at once.
    Sleeps1000,
    /// 10,000 sleeps of 100 ms at once.
    Sleeps10000,
    /// 100,000 sleeps of 100 ms at once.
    Sleeps100000,
    /// 100,000 futures that are ready at once.
    Ready100000,
}

/// The way in which the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// The page's runtime.
    Runtime,
    /// The same with every task recorded.
    Recorded,
    /// `Promise.all` in the same page.
    Promises,
    /// `asyncio.gather` in CPython.
    Python,
}

/// A row of the page's table, from the row's attributes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// The name of the case.
    pub case: String,
    /// The name of the contender.
    pub contender: String,
    /// Wall times in milliseconds, separated by commas.
    pub runs: String,
}

/// Runs of one case by one contender.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The work.
    pub case: Case,
    /// The way in which it was done.
    pub contender: Contender,
    /// The time that it took.
    pub wall_ms: Summary,
}

/// The reason a row of the table cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// The case has an unknown name.
    #[error("the benchmark page has an unknown case `{0}`")]
    UnknownCase(String),
    /// The contender has an unknown name.
    #[error("the benchmark page has an unknown contender `{0}`")]
    UnknownContender(String),
    /// A value is not a time.
    #[error("the runs of `{case}` by `{contender}` are not times: `{runs}`")]
    NoTimes {
        /// The case.
        case: String,
        /// The contender.
        contender: String,
        /// The values.
        runs: String,
    },
    /// There are too few runs to show how much the times vary.
    #[error("`{case}` by `{contender}` was run {runs} times: at least {MIN_RUNS} are needed")]
    TooFew {
        /// The case.
        case: String,
        /// The contender.
        contender: String,
        /// The number of runs.
        runs: usize,
    },
}

impl Case {
    /// All cases, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Sleeps1000, Self::Sleeps10000, Self::Sleeps100000, Self::Ready100000];

    /// The name on the page. In Python's answer the hyphen is an underscore.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sleeps1000 => "sleeps-1000",
            Self::Sleeps10000 => "sleeps-10000",
            Self::Sleeps100000 => "sleeps-100000",
            Self::Ready100000 => "ready-100000",
        }
    }

    /// The time that it would take if only the waits took time.
    #[must_use]
    pub fn ideal_ms(self) -> f64 {
        match self {
            Self::Sleeps1000 | Self::Sleeps10000 | Self::Sleeps100000 => 100.0,
            Self::Ready100000 => 0.0,
        }
    }
}

impl Contender {
    const ON_THE_PAGE: [Self; 3] = [Self::Runtime, Self::Recorded, Self::Promises];

    /// The name on the page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Recorded => "recorded",
            Self::Promises => "promises",
            Self::Python => "python",
        }
    }
}

impl Sample {
    /// A sample of runs in milliseconds.
    ///
    /// # Errors
    ///
    /// If there are too few runs, or a value is not a time.
    pub fn new(case: Case, contender: Contender, runs_ms: &[f64]) -> Result<Self, SampleError> {
        let (case_name, contender_name) = (case.name().to_owned(), contender.name().to_owned());
        if runs_ms.len() < MIN_RUNS {
            return Err(SampleError::TooFew { case: case_name, contender: contender_name, runs: runs_ms.len() });
        }
        let are_times = runs_ms.iter().all(|&ms| ms >= 0.0);
        match Summary::from_values(runs_ms).filter(|_| are_times) {
            Some(wall_ms) => Ok(Self { case, contender, wall_ms }),
            None => {
                Err(SampleError::NoTimes { case: case_name, contender: contender_name, runs: format!("{runs_ms:?}") })
            }
        }
    }

    /// The part of the median that is not the ideal time.
    #[must_use]
    pub fn over_ideal_ms(&self) -> f64 {
        self.wall_ms.median - self.case.ideal_ms()
    }
}

impl TryFrom<&Row> for Sample {
    type Error = SampleError;

    fn try_from(row: &Row) -> Result<Self, SampleError> {
        let case = Case::ALL.into_iter().find(|case| case.name() == row.case);
        let contender = Contender::ON_THE_PAGE.into_iter().find(|contender| contender.name() == row.contender);
        let case = case.ok_or_else(|| SampleError::UnknownCase(row.case.clone()))?;
        let contender = contender.ok_or_else(|| SampleError::UnknownContender(row.contender.clone()))?;
        let runs: Result<Vec<f64>, _> = row.runs.split(',').map(|run| run.trim().parse()).collect();
        let not_times = |_| SampleError::NoTimes {
            case: row.case.clone(),
            contender: row.contender.clone(),
            runs: row.runs.clone(),
        };
        Self::new(case, contender, &runs.map_err(not_times)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &str, contender: &str, runs: &str) -> Row {
        Row { case: case.to_owned(), contender: contender.to_owned(), runs: runs.to_owned() }
    }

    #[track_caller]
    fn assert_refused(row: Row, expected: &str) {
        let error = Sample::try_from(&row).expect_err("it cannot be used");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_row_becomes_a_sample() {
        let sample = Sample::try_from(&row("sleeps-10000", "runtime", "108,105.5, 106,107,110")).expect("a sample");
        assert_eq!((sample.case, sample.contender), (Case::Sleeps10000, Contender::Runtime));
        assert_eq!(sample.wall_ms, Summary { median: 107.0, min: 105.5, max: 110.0 });
        assert_eq!(sample.over_ideal_ms(), 7.0);
    }

    #[test]
    fn an_unusable_row_is_refused_with_the_reason() {
        assert_refused(row("naps-10", "runtime", "1,2,3,4,5"), "the benchmark page has an unknown case `naps-10`");
        assert_refused(row("sleeps-1000", "tokio", "1,2,3,4,5"), "the benchmark page has an unknown contender `tokio`");
        assert_refused(
            row("sleeps-1000", "runtime", "1,2,x,4,5"),
            "the runs of `sleeps-1000` by `runtime` are not times: `1,2,x,4,5`",
        );
        assert_refused(
            row("sleeps-1000", "runtime", "1,2,3"),
            "`sleeps-1000` by `runtime` was run 3 times: at least 5 are needed",
        );
    }

    #[test]
    fn a_negative_time_is_refused() {
        let error =
            Sample::new(Case::Ready100000, Contender::Python, &[1.0, 2.0, -3.0, 4.0, 5.0]).expect_err("it is negative");
        assert!(matches!(error, SampleError::NoTimes { .. }));
    }

    #[test]
    fn the_ideal_of_ready_futures_is_zero() {
        let sample = Sample::new(Case::Ready100000, Contender::Promises, &[30.0; 5]).expect("a sample");
        assert_eq!(sample.over_ideal_ms(), 30.0);
    }
}
