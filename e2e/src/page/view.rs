//! The window: its size, content that is too wide for it, and screenshots.

use std::path::Path;

use super::{Page, PageError, eventually};

/// Describes the element that extends furthest to the right, if the page can be scrolled sideways. Elements in a box
/// that scrolls or clips its content do not count.
const OVERFLOW: &str = "const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return null;
    const right = element => element.getBoundingClientRect().right;
    const isBoxed = element => {
        for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
            if (getComputedStyle(box).overflowX !== 'visible') return true;
        }
        return false;
    };
    const elements = [...document.body.querySelectorAll('*')].filter(element => !isBoxed(element));
    const widest = elements.reduce((a, b) => right(b) > right(a) ? b : a);
    const name = `<${widest.tagName.toLowerCase()} class=\"${widest.className}\">`;
    return `${root.scrollWidth} px in ${root.clientWidth} px, by ${name} ${widest.textContent.trim().slice(0, 60)}`;";

impl Page {
    /// Sets the width of the page's area, in CSS pixels.
    ///
    /// # Errors
    ///
    /// If the browser cannot make the window so narrow: Firefox stops at 500 px, WebKitGTK at about 450.
    pub async fn set_width(&self, width: u32) -> Result<(), PageError> {
        let (_, _, window, height) = self.client.get_window_rect().await?;
        let inner: u64 = self.evaluate("return innerWidth", Vec::new()).await?;
        let frame = u32::try_from(window.saturating_sub(inner)).unwrap_or_default();
        self.client.set_window_size(width + frame, u32::try_from(height).unwrap_or(900)).await?;
        eventually(&format!("a width of {width} px"), async || {
            let inner: u32 = self.evaluate("return innerWidth", Vec::new()).await?;
            Ok(if inner == width { Ok(()) } else { Err(format!("one of {inner} px")) })
        })
        .await
    }

    /// The element that makes the page scroll sideways, if there is one.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn overflow(&self) -> Result<Option<String>, PageError> {
        self.evaluate(OVERFLOW, Vec::new()).await
    }

    /// Writes a screenshot of the window to a PNG file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<(), PageError> {
        let image = self.client.screenshot().await?;
        std::fs::write(path, image).map_err(|source| PageError::NotWritten { path: path.to_owned(), source })
    }
}
