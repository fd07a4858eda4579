//! Files that the page offers as downloads.

use super::{Page, PageError, eventually};

/// Collects downloads in the page, because the browser would ask where to save them: `window.saved` has names and
/// texts,
/// `window.files` the blobs.
const CATCH: &str = "[window.saved, window.files] = [[], []];
    HTMLAnchorElement.prototype.click = async function () {
        const file = await (await fetch(this.href)).blob();
        window.files.push(file);
        window.saved.push([this.download, await file.text()]);
    };";

impl Page {
    /// Collects the page's downloads from now on, instead of leaving them to the browser.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn catch_downloads(&self) -> Result<(), PageError> {
        self.evaluate(CATCH, Vec::new()).await
    }

    /// Waits until exactly `count` files have been collected, and returns the name and the text of the last one.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_downloads(&self, count: usize) -> Result<(String, String), PageError> {
        eventually(&format!("{count} downloads"), async || {
            let mut saved: Vec<(String, String)> = self.evaluate("return window.saved", Vec::new()).await?;
            let n = saved.len();
            Ok(saved.pop().filter(|_| n == count).ok_or_else(|| format!("{n} files")))
        })
        .await
    }
}
