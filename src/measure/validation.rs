//! Validations: promises that were tested in the user's browser, and their results.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A promise that was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// The group of the promise, in a few words. Promises of the same group are next to each other.
    pub group: Cow<'static, str>,
    /// The name of its task.
    pub name: Cow<'static, str>,
    /// The promise, in a few words.
    pub promise: Cow<'static, str>,
    /// The expected measurement, or empty if nothing was measured.
    pub expected: String,
    /// The measurement, or the reason why there is none. It may contain text from browsers and endpoints, so it must be
    /// shown as text only, never as HTML.
    pub measured: String,
    /// The result.
    pub verdict: Verdict,
    /// The experiment that demonstrates it: an exercise's slug and, after a `?`, its settings, as in a link.
    pub shown_by: Cow<'static, str>,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The promise is met.
    Passed,
    /// The promise is not met.
    Failed,
    /// This browser lacks the feature, so nothing was tested.
    #[serde(rename = "lacking")]
    Unsupported,
}

impl Verdict {
    /// The verdict in one word. It is also the key in run files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unsupported => "lacking",
        }
    }

    /// The verdict in words, with a sign.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Passed => "✓ passed",
            Self::Failed => "✕ failed",
            Self::Unsupported => "– not supported by this browser",
        }
    }
}

/// A sentence about all of them: `30 of 31 passed; 1 not supported by this browser: worker_answers.`
#[must_use]
pub fn summary(validations: &[Validation]) -> String {
    let names = |verdict| {
        let found = validations.iter().filter(|it| it.verdict == verdict).map(|it| &*it.name);
        found.collect::<Vec<_>>()
    };
    let list = |what: &str, names: &[&str]| match names {
        [] => String::new(),
        names => format!("; {} {what}: {}", names.len(), names.join(", ")),
    };
    format!(
        "{} of {} passed{}{}.",
        names(Verdict::Passed).len(),
        validations.len(),
        list("failed", &names(Verdict::Failed)),
        list("not supported by this browser", &names(Verdict::Unsupported)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validation(name: &'static str, verdict: Verdict) -> Validation {
        let (expected, measured) = (String::new(), String::new());
        Validation {
            group: "".into(),
            name: name.into(),
            promise: "".into(),
            expected,
            measured,
            verdict,
            shown_by: "async-basics".into(),
        }
    }

    #[test]
    fn the_sentence_lists_failed_and_unsupported_validations_separately() {
        let all = [
            validation("gather", Verdict::Passed),
            validation("retry", Verdict::Failed),
            validation("worker_answers", Verdict::Unsupported),
            validation("stop_frees_a_worker", Verdict::Unsupported),
        ];
        assert_eq!(summary(&all[..1]), "1 of 1 passed.");
        assert_eq!(summary(&all[..2]), "1 of 2 passed; 1 failed: retry.");
        assert_eq!(
            summary(&all),
            "1 of 4 passed; 1 failed: retry; 2 not supported by this browser: worker_answers, stop_frees_a_worker."
        );
    }
}
