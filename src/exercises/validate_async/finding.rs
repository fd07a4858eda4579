//! The result of a validation, and how validations run so that a failure affects only itself.

use std::fmt::Debug;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::endpoint::model_server::NoModelServer;
use crate::endpoint::oip::OipError;
use crate::endpoint::site_file::SiteFileError;
use crate::exercises::prelude::*;
use crate::measure::validation::{Validation, Verdict};
use crate::runtime::virtual_time::Stalled;
use crate::storage::StorageError;
use crate::workers::OffloadError;

/// The result of a validation.
pub(super) type Tested = Result<Finding, Unconfirmed>;

/// A measurement that matches the expectation.
#[derive(Debug)]
pub(super) struct Finding {
    expected: String,
    measured: String,
}

/// The reason that a promise was not confirmed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfirmed {
    #[error("expected {expected}, measured {measured}")]
    Otherwise { expected: String, measured: String },
    #[error("{0}")]
    Failed(String),
    #[error("not tested, because this browser lacks a feature: {0}")]
    Unsupported(String),
}

impl TaskError for Unconfirmed {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Otherwise { .. } | Self::Failed(_) => Outcome::Failed,
            Self::Unsupported(_) => Outcome::Cancelled,
        }
    }
}

/// Checks that both values are the same.
pub(super) fn same<T: PartialEq + Debug>(expected: T, measured: T) -> Tested {
    check(expected == measured, format!("{expected:?}"), format!("{measured:?}"))
}

/// Checks that both texts are the same.
pub(super) fn same_text(expected: impl Into<String>, measured: impl Into<String>) -> Tested {
    let (expected, measured) = (expected.into(), measured.into());
    check(expected == measured, expected, measured)
}

/// Checks that a condition is true.
pub(super) fn check(is_met: bool, expected: impl Into<String>, measured: impl Into<String>) -> Tested {
    let (expected, measured) = (expected.into(), measured.into());
    if is_met { Ok(Finding { expected, measured }) } else { Err(Unconfirmed::Otherwise { expected, measured }) }
}

/// A validation that takes longer than this fails. It is far longer than any of them takes on a busy machine: a worker
/// has 20 s to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A promise and its test.
pub(super) struct Promise {
    pub name: &'static str,
    /// The promise, in a few words.
    pub says: &'static str,
    /// The experiment that demonstrates it, as in a link.
    pub shown_by: &'static str,
    pub test: for<'a> fn(&'a TestContext<'a>) -> LocalBoxFuture<'a, Tested>,
}

/// The context of the tests: run, site, server.
pub(super) struct TestContext<'a> {
    pub run: &'a Run,
    pub site: &'a Site,
    /// `Ok` if the page's own model server is running.
    pub server: Result<(), NoModelServer>,
}

impl TestContext<'_> {
    /// Tests promises, one after another and each in a task of its own. A test that fails does not affect the others.
    pub async fn validate(&self, group: &'static str, promises: &[Promise]) -> Vec<Validation> {
        let mut validations = Vec::new();
        for Promise { name, says, shown_by, test } in promises {
            let timed = self.run.timeout(PATIENCE, test(self));
            let timed = timed.map(|tested| tested.unwrap_or_else(|late| Err(failed(late))));
            let (verdict, expected, measured) = in_words(self.run.try_task(*name, timed).await);
            validations.push(Validation {
                group: group.into(),
                name: (*name).into(),
                promise: (*says).into(),
                expected,
                measured,
                verdict,
                shown_by: (*shown_by).into(),
            });
        }
        validations
    }
}

fn in_words(tested: Tested) -> (Verdict, String, String) {
    match tested {
        Ok(Finding { expected, measured }) => (Verdict::Passed, expected, measured),
        Err(Unconfirmed::Otherwise { expected, measured }) => (Verdict::Failed, expected, measured),
        Err(Unconfirmed::Failed(reason)) => (Verdict::Failed, String::new(), reason),
        Err(Unconfirmed::Unsupported(reason)) => (Verdict::Unsupported, String::new(), reason),
    }
}

fn failed(error: impl ToString) -> Unconfirmed {
    Unconfirmed::Failed(error.to_string())
}

/// Converts each of these errors into a failure.
macro_rules! unconfirmed_from {
    ($($error:ty),+) => {$(
        impl From<$error> for Unconfirmed {
            fn from(error: $error) -> Self {
                failed(error)
            }
        }
    )+};
}

unconfirmed_from!(Stalled, LoadError, SiteFileError, OipError);

impl From<NoModelServer> for Unconfirmed {
    fn from(error: NoModelServer) -> Self {
        Self::Unsupported(error.to_string())
    }
}

impl From<OffloadError> for Unconfirmed {
    fn from(error: OffloadError) -> Self {
        match error {
            OffloadError::NotStarted { .. } => Self::Unsupported(error.to_string()),
            OffloadError::Died { .. } | OffloadError::Panicked { .. } | OffloadError::InvalidJob { .. } => {
                failed(error)
            }
        }
    }
}

impl From<StorageError> for Unconfirmed {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotAllowed | StorageError::Unsupported { .. } => Self::Unsupported(error.to_string()),
            _ => failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::virtual_time::block_on;

    fn validate(test: for<'a> fn(&'a TestContext<'a>) -> LocalBoxFuture<'a, Tested>) -> (Validation, Run) {
        let (run, site) = (Run::on_virtual_clock(1), Site::in_memory([]));
        let context = TestContext { run: &run, site: &site, server: Ok(()) };
        let promises = [Promise { name: "test", says: "it is so", shown_by: "async-basics", test }];
        let mut validations = block_on(&run, context.validate("", &promises)).expect("it ends");
        (validations.remove(0), run)
    }

    #[test]
    fn a_difference_is_reported_with_the_expectation() {
        let (validation, run) = validate(|_| Box::pin(async { same([2, 4], [2, 5]) }));
        assert_eq!(
            (validation.verdict, &*validation.expected, &*validation.measured),
            (Verdict::Failed, "[2, 4]", "[2, 5]")
        );
        assert_eq!(run.record().log_lines()[0].text, "expected [2, 4], measured [2, 5]");
    }

    #[test]
    fn a_test_that_never_ends_fails_and_leaves_nothing_behind() {
        let (validation, run) = validate(|_| Box::pin(std::future::pending()));
        assert_eq!((validation.verdict, &*validation.measured), (Verdict::Failed, "not done within 30.00 s"));
        assert_eq!(run.sleepers(), 0);
    }

    #[test]
    fn a_feature_that_a_browser_lacks_is_not_a_failure() {
        let (validation, run) = validate(|_| {
            let no_worker = OffloadError::NotStarted { why: "Worker is not defined".to_owned() };
            Box::pin(async { Err(no_worker.into()) })
        });
        assert_eq!(validation.verdict, Verdict::Unsupported);
        assert!(validation.measured.contains("Worker is not defined"), "{}", validation.measured);
        assert!(run.record().failed().is_empty());
        assert!(matches!(StorageError::NotAllowed.into(), Unconfirmed::Unsupported(_)));
        assert!(matches!(StorageError::Cleared.into(), Unconfirmed::Failed(_)));
    }
}
