//! The page of the reader's own program: its editor and its runs.

use std::time::Duration;

use serde::Deserialize;

use super::{Page, PageError, eventually, eventually_within};

/// The time in which a program ends. A million prints take half a minute, and longer beside other tests.
const ENDS_WITHIN: Duration = Duration::from_secs(240);

/// Replaces the program in the editor, as a reader does who selects everything and pastes a text.
const PASTE: &str = "
    const content = document.querySelector('.editor').shadowRoot.querySelector('.cm-content');
    content.focus();
    const selectAll = { key: 'a', code: 'KeyA', keyCode: 65, ctrlKey: true, bubbles: true, cancelable: true };
    content.dispatchEvent(new KeyboardEvent('keydown', selectAll));
    const paste = new Event('paste', { bubbles: true, cancelable: true });
    paste.clipboardData = { getData: () => arguments[0] };
    content.dispatchEvent(paste);";

/// Returns the visible state of a finished run, or null.
const END: &str = "
    const texts = (selector) => [...document.querySelectorAll(selector)].map((it) => it.innerText.trim());
    const [status] = texts('.run-bar [role=status]');
    if (/^(Ready|Running)/.test(status)) return null;
    return { status, failure: texts('.failure p').join(' '), log: texts('.log li').join('\\n') };";

/// A run of a program, once it is over.
#[derive(Clone, Debug, Deserialize)]
pub struct ProgramRun {
    /// The status.
    pub status: String,
    /// The reason why it failed, with advice; empty if it did not.
    pub failure: String,
    /// The lines of the log that are shown.
    pub log: String,
}

impl ProgramRun {
    /// The lines of the log, without warnings about a blocked event loop, which a busy machine may cause.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.log.lines().filter(|line| !line.contains("blocked the event loop"))
    }
}

impl Page {
    /// Replaces the program in the editor.
    ///
    /// # Errors
    ///
    /// If the page has no editor within some seconds.
    pub async fn write_program(&self, text: &str) -> Result<(), PageError> {
        let is_there = "return !!document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-content')";
        eventually("the editor", async || {
            Ok(if self.evaluate(is_there, Vec::new()).await? { Ok(()) } else { Err("none".to_owned()) })
        })
        .await?;
        self.evaluate(PASTE, vec![text.into()]).await
    }

    /// Replaces the program in the editor, presses Run, and waits until the run is over.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn run_program(&self, text: &str) -> Result<ProgramRun, PageError> {
        self.write_program(text).await?;
        self.press("Run").await?;
        self.wait_for_program().await
    }

    /// Waits until the run of a program is over.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_program(&self) -> Result<ProgramRun, PageError> {
        eventually_within(ENDS_WITHIN, "the end of the program", async || {
            let end: Option<ProgramRun> = self.evaluate(END, Vec::new()).await?;
            Ok(match end {
                Some(end) => Ok(end),
                None => Err(self.status().await?),
            })
        })
        .await
    }

    /// Waits until the log has a line with this text.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_output(&self, text: &str) -> Result<(), PageError> {
        eventually(&format!("the output `{text}`"), async || {
            let log = self.log().await?;
            Ok(if log.iter().any(|line| line.contains(text)) { Ok(()) } else { Err(format!("{log:?}")) })
        })
        .await
    }
}
