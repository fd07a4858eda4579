//! Scripts that measure in CPython: the same cases by `asyncio.gather`, for comparison.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

use super::{Case, Contender, MIN_RUNS, Sample, SampleError};

/// The script's answer: `{"python": "3.11.7", "sleeps_1000": [101.2, …], …}`, in milliseconds.
#[derive(Deserialize)]
struct Answer {
    python: String,
    #[serde(flatten)]
    runs_ms: BTreeMap<String, Vec<f64>>,
}

/// The reason there are no times from CPython.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// There is no Python.
    #[error("`python3` cannot be run")]
    NotRun(#[source] std::io::Error),
    /// The script failed.
    #[error("the script ended with an error: {0}")]
    Failed(String),
    /// The script's answer has an unexpected form.
    #[error("the script's answer cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// A case is missing from its answer.
    #[error("the script's answer lacks `{0}`")]
    Lacks(String),
    /// Its times cannot be used.
    #[error(transparent)]
    Sample(#[from] SampleError),
}

/// Runs the script, and returns Python's version and the samples.
///
/// # Errors
///
/// If Python is missing, or the script fails or gives an unexpected answer.
pub fn gather_in_python(script: &Path) -> Result<(String, Vec<Sample>), PythonError> {
    let runs = MIN_RUNS.to_string();
    read(&answer(Command::new("python3").arg(script).args(["--runs", &runs]))?)
}

/// Runs a script, and returns its output.
pub(super) fn answer(command: &mut Command) -> Result<Vec<u8>, PythonError> {
    let output = command.output().map_err(PythonError::NotRun)?;
    if output.status.success() { Ok(output.stdout) } else { Err(PythonError::Failed(last_error_line(&output))) }
}

/// The last line that a program printed to its standard error.
pub(super) fn last_error_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().last().unwrap_or_default().to_owned()
}

fn read(answer: &[u8]) -> Result<(String, Vec<Sample>), PythonError> {
    let answer: Answer = serde_json::from_slice(answer)?;
    let sample = |case: Case| {
        let key = case.name().replace('-', "_");
        let runs_ms = answer.runs_ms.get(&key).ok_or(PythonError::Lacks(key))?;
        Ok(Sample::new(case, Contender::Python, runs_ms)?)
    };
    let samples: Result<Vec<Sample>, PythonError> = Case::ALL.into_iter().map(sample).collect();
    Ok((answer.python, samples?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_a_sample_per_case() {
        let answer = br#"{"python": "3.11.7", "sleeps_1000": [101, 102, 103, 104, 105],
            "sleeps_10000": [170, 171, 172, 173, 174], "sleeps_100000": [3200, 3210, 3220, 3230, 3240],
            "ready_100000": [1480.5, 1481, 1482, 1483, 1484]}"#;
        let (version, samples) = read(answer).unwrap();
        assert_eq!(version, "3.11.7");
        let medians: Vec<_> = samples.iter().map(|sample| sample.wall_ms.median).collect();
        assert_eq!(medians, [103.0, 172.0, 3220.0, 1482.0]);
    }

    #[test]
    fn an_answer_without_a_case_is_refused() {
        let error = read(br#"{"python": "3.11.7", "sleeps_1000": [1, 2, 3, 4, 5]}"#).unwrap_err();
        assert_eq!(error.to_string(), "the script's answer lacks `sleeps_10000`");
    }

    #[test]
    fn the_error_of_a_script_that_fails_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("fails.py");
        std::fs::write(&script, "raise SystemExit('no luck')").unwrap();
        match gather_in_python(&script) {
            Err(PythonError::Failed(text)) => assert_eq!(text, "no luck"),
            Err(PythonError::NotRun(_)) => {} // A machine without Python.
            other => panic!("{other:?}"),
        }
    }
}
