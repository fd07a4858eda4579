//! The list of saved runs, and the panel that runs all exercises.

use std::time::Duration;

use super::{Page, PageError, eventually, eventually_within};

/// Enough time for all exercises with their defaults, even on a busy machine.
const RUN_ALL_TIMEOUT: Duration = Duration::from_secs(400);

impl Page {
    /// Opens the list of saved runs, and waits until the page has read it.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn open_runs(&self) -> Result<(), PageError> {
        self.open("runs").await?;
        eventually("the list of saved runs", async || {
            let text = self.texts(".runs .empty, [data-run]").await?.concat();
            let is_pending = text.is_empty() || is_loading(&text);
            Ok(if is_pending { Err(text) } else { Ok(()) })
        })
        .await
    }

    /// Waits until the open list has this number of runs, and returns their titles.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_runs(&self, count: usize) -> Result<Vec<String>, PageError> {
        eventually(&format!("a list of {count} runs"), async || {
            let message = self.texts(".runs .empty").await?.concat();
            let listed = self.texts("[data-run] td:first-child").await?;
            let is_read = listed.len() == count && !is_loading(&message);
            Ok(if is_read { Ok(listed) } else { Err(format!("{listed:?} {message}")) })
        })
        .await
    }

    /// The states of the exercises in the panel that runs all of them. Empty before it is started.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn run_all_states(&self) -> Result<Vec<String>, PageError> {
        self.attributes("[data-run-all]", "data-state").await
    }

    /// Waits until the panel on the first page has run all exercises, and returns its status.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_run_all(&self) -> Result<String, PageError> {
        eventually_within(RUN_ALL_TIMEOUT, "the end of all exercises", async || {
            let status = self.texts(".run-all [role=status]").await?.concat();
            Ok(if status.starts_with("Finished") { Ok(status) } else { Err(status) })
        })
        .await
    }
}

/// True if a text says that a part of the page is still being loaded.
#[must_use]
pub fn is_loading(text: &str) -> bool {
    text.contains("Loading")
}
