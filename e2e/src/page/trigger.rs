//! Acting at a moment that only the page itself cannot miss.
//!
//! A driver takes its time between two looks, and a busy machine takes more: what passes may be over before it is seen,
//! and a run before Stop is pressed.

use super::{Page, PageError};

/// Of a run that has begun: tasks are counted.
pub const HAS_TASKS: &str = "/[1-9]/.test(document.querySelector('[data-metric=tasks]')?.innerText)";

/// Of a run that is under way.
pub const IS_RUNNING: &str = "document.querySelector('button.stop:enabled')";

impl Page {
    /// From now on the page looks every few milliseconds whether an expression is true, and then carries out a statement,
    /// once.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn run_when(&self, is_so: &str, act: &str) -> Result<(), PageError> {
        let watch =
            format!("const watch = setInterval(() => {{ if ({is_so}) {{ clearInterval(watch); {act}; }} }}, 1);");
        self.evaluate(&watch, Vec::new()).await
    }

    /// The same with Stop, which is pressed once an expression is true of a run that is under way.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn stop_when(&self, is_so: &str) -> Result<(), PageError> {
        self.run_when(&format!("{IS_RUNNING} && {is_so}"), "document.querySelector('button.stop').click()").await
    }
}
