//! Acting at a moment that only the page itself is sure to notice.
//!
//! Some time passes between two commands of a driver, more on a busy machine. A short state may be over before a test
//! sees it, and a run may be over before a test presses Stop.

use super::{Page, PageError};

/// The condition that the run has recorded a task.
pub const HAS_TASKS: &str = "/[1-9]/.test(document.querySelector('[data-metric=tasks]')?.innerText)";

/// The condition that a run is in progress.
pub const IS_RUNNING: &str = "document.querySelector('button.stop:enabled')";

impl Page {
    /// Makes the page check a condition every few milliseconds from now on, and run `act` once when it is true.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn run_when(&self, condition: &str, act: &str) -> Result<(), PageError> {
        let watch =
            format!("const watch = setInterval(() => {{ if ({condition}) {{ clearInterval(watch); {act}; }} }}, 1);");
        self.evaluate(&watch, Vec::new()).await
    }

    /// Makes the page press Stop as soon as a run is in progress and a condition is true.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn stop_when(&self, condition: &str) -> Result<(), PageError> {
        self.run_when(&format!("{IS_RUNNING} && {condition}"), "document.querySelector('button.stop').click()").await
    }
}
