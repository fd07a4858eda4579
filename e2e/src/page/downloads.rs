//! What the page offers to save.

use super::{Page, PageError, eventually};

/// Takes it instead of the browser, which would ask where to.
const CATCH: &str = "window.saved = [];
    HTMLAnchorElement.prototype.click = function () {
        fetch(this.href).then(reply => reply.text()).then(text => window.saved.push([this.download, text]));
    };";

impl Page {
    /// From now on keeps what the page offers to save from the browser, which would ask where to.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn catch_downloads(&self) -> Result<(), PageError> {
        self.evaluate(CATCH, Vec::new()).await
    }

    /// The name and the text of the last file that the page offered since then, once it has offered this many.
    ///
    /// # Errors
    ///
    /// When it does not offer as many.
    pub async fn download(&self, count: usize) -> Result<(String, String), PageError> {
        eventually(&format!("{count} files to save"), async || {
            let mut saved: Vec<(String, String)> = self.evaluate("return window.saved", Vec::new()).await?;
            let n = saved.len();
            Ok(saved.pop().filter(|_| n == count).ok_or_else(|| format!("{n} files")))
        })
        .await
    }
}
