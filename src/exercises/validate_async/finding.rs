//! What a validation comes to, and how one is done so that it fails alone.

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

/// What a validation comes to.
pub(super) type Tested = Result<Finding, Unconfirmed>;

/// Something that was measured as it was expected.
#[derive(Debug)]
pub(super) struct Finding {
    expected: String,
    measured: String,
}

/// Why nothing was found to be as expected.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unconfirmed {
    #[error("expected {expected}, measured {measured}")]
    Otherwise { expected: String, measured: String },
    #[error("{0}")]
    Failed(String),
    #[error("not done, since this browser lacks what it needs: {0}")]
    Lacking(String),
}

impl TaskError for Unconfirmed {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Otherwise { .. } | Self::Failed(_) => Outcome::Failed,
            Self::Lacking(_) => Outcome::Cancelled,
        }
    }
}

/// Both must be the same.
pub(super) fn equal<T: PartialEq + Debug>(expected: T, measured: T) -> Tested {
    holds(expected == measured, format!("{expected:?}"), format!("{measured:?}"))
}

/// Both must be told in the same words.
pub(super) fn alike(expected: impl Into<String>, measured: impl Into<String>) -> Tested {
    let (expected, measured) = (expected.into(), measured.into());
    holds(expected == measured, expected, measured)
}

/// This must be true.
pub(super) fn holds(is_so: bool, expected: impl Into<String>, measured: impl Into<String>) -> Tested {
    let (expected, measured) = (expected.into(), measured.into());
    if is_so { Ok(Finding { expected, measured }) } else { Err(Unconfirmed::Otherwise { expected, measured }) }
}

/// What is not there after that time is not coming. Far longer than anything takes on a busy machine: a worker that is
/// slow to start is given 20 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// A promise, and how it is put to the test.
pub(super) struct Promise {
    pub name: &'static str,
    /// What is promised, in a few words.
    pub says: &'static str,
    /// The experiment that shows it, as in a link.
    pub shown_by: &'static str,
    pub test: for<'a> fn(&'a TestContext<'a>) -> LocalBoxFuture<'a, Tested>,
}

/// What is needed to put promises to the test.
pub(super) struct TestContext<'a> {
    pub run: &'a Run,
    pub site: &'a Site,
    /// Whether the page's own model server is there.
    pub server: Result<(), NoModelServer>,
}

impl TestContext<'_> {
    /// Puts promises to the test, one after the other and each in a task of its own. Whatever comes of one, the others
    /// go on.
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
        Err(Unconfirmed::Failed(why)) => (Verdict::Failed, String::new(), why),
        Err(Unconfirmed::Lacking(why)) => (Verdict::Lacking, String::new(), why),
    }
}

fn failed(error: impl ToString) -> Unconfirmed {
    Unconfirmed::Failed(error.to_string())
}

impl From<Stalled> for Unconfirmed {
    fn from(error: Stalled) -> Self {
        failed(error)
    }
}

impl From<LoadError> for Unconfirmed {
    fn from(error: LoadError) -> Self {
        failed(error)
    }
}

impl From<SiteFileError> for Unconfirmed {
    fn from(error: SiteFileError) -> Self {
        failed(error)
    }
}

impl From<OipError> for Unconfirmed {
    fn from(error: OipError) -> Self {
        failed(error)
    }
}

impl From<NoModelServer> for Unconfirmed {
    fn from(error: NoModelServer) -> Self {
        Self::Lacking(error.to_string())
    }
}

impl From<OffloadError> for Unconfirmed {
    fn from(error: OffloadError) -> Self {
        match error {
            OffloadError::NotStarted { .. } => Self::Lacking(error.to_string()),
            OffloadError::Died { .. } | OffloadError::Panicked { .. } | OffloadError::InvalidJob { .. } => {
                failed(error)
            }
        }
    }
}

impl From<StorageError> for Unconfirmed {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotAllowed | StorageError::Unsupported { .. } => Self::Lacking(error.to_string()),
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
        let bench = TestContext { run: &run, site: &site, server: Ok(()) };
        let promises = [Promise { name: "test", says: "it is so", shown_by: "async-basics", test }];
        let mut validations = block_on(&run, bench.validate("", &promises)).expect("it ends");
        (validations.remove(0), run)
    }

    #[test]
    fn what_differs_is_told_with_what_was_expected() {
        let (validation, run) = validate(|_| Box::pin(async { equal([2, 4], [2, 5]) }));
        assert_eq!(
            (validation.verdict, &*validation.expected, &*validation.measured),
            (Verdict::Failed, "[2, 4]", "[2, 5]")
        );
        assert_eq!(run.record().log_lines()[0].text, "expected [2, 4], measured [2, 5]");
    }

    #[test]
    fn what_never_ends_fails_alone_and_leaves_nothing() {
        let (validation, run) = validate(|_| Box::pin(std::future::pending()));
        assert_eq!((validation.verdict, &*validation.measured), (Verdict::Failed, "not done within 30.00 s"));
        assert_eq!(run.sleepers(), 0);
    }

    #[test]
    fn what_a_browser_lacks_is_no_failure() {
        let (validation, run) = validate(|_| {
            let no_worker = OffloadError::NotStarted { why: "Worker is not defined".to_owned() };
            Box::pin(async { Err(no_worker.into()) })
        });
        assert_eq!(validation.verdict, Verdict::Lacking);
        assert!(validation.measured.contains("Worker is not defined"), "{}", validation.measured);
        assert!(run.record().failed().is_empty());
        assert!(matches!(StorageError::NotAllowed.into(), Unconfirmed::Lacking(_)));
        assert!(matches!(StorageError::Cleared.into(), Unconfirmed::Failed(_)));
    }
}
