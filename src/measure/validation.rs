//! Promises that were put to the test where the reader is, and what came of each.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A promise that was put to the test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Whose promise it is, in a few words; those of the same follow each other.
    pub group: Cow<'static, str>,
    /// The name of its task.
    pub name: Cow<'static, str>,
    /// What is promised, in a few words.
    pub promise: Cow<'static, str>,
    /// What should be measured; empty when nothing was.
    pub expected: String,
    /// What was measured, or why nothing was. It may hold text of browsers and endpoints: show it as text only.
    pub measured: String,
    /// What came of it.
    pub verdict: Verdict,
    /// The experiment that shows it: an exercise's slug, and after a `?` its settings, as in a link.
    pub shown_by: Cow<'static, str>,
}

/// What came of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The promise was kept.
    Passed,
    /// It was not.
    Failed,
    /// This browser has not what it is about, so nothing was promised.
    Lacking,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Lacking => "lacking",
        }
    }

    /// The words for it, with a sign.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Passed => "✓ passed",
            Self::Failed => "✕ failed",
            Self::Lacking => "– this browser lacks it",
        }
    }
}

/// All of them in a sentence: `30 of 31 passed; this browser lacks 1: worker_answers.`
#[must_use]
pub fn in_short(validations: &[Validation]) -> String {
    let names = |verdict| {
        let found = validations.iter().filter(|it| it.verdict == verdict).map(|it| &*it.name);
        found.collect::<Vec<_>>()
    };
    let told = |what: &str, names: &[&str]| match names {
        [] => String::new(),
        names => format!("; {what} {}: {}", names.len(), names.join(", ")),
    };
    format!(
        "{} of {} passed{}{}.",
        names(Verdict::Passed).len(),
        validations.len(),
        told("failed", &names(Verdict::Failed)),
        told("this browser lacks", &names(Verdict::Lacking)),
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
    fn what_is_lacking_is_told_apart_from_what_failed() {
        let all = [
            validation("gather", Verdict::Passed),
            validation("retry", Verdict::Failed),
            validation("worker_answers", Verdict::Lacking),
            validation("stop_frees_a_worker", Verdict::Lacking),
        ];
        assert_eq!(in_short(&all[..1]), "1 of 1 passed.");
        assert_eq!(in_short(&all[..2]), "1 of 2 passed; failed 1: retry.");
        assert_eq!(
            in_short(&all),
            "1 of 4 passed; failed 1: retry; this browser lacks 2: worker_answers, stop_frees_a_worker."
        );
    }
}
