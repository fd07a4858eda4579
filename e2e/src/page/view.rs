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
        let [_, height] = self.size().await?;
        self.set_size(width, height).await
    }

    /// Sets the size of the page's area, in CSS pixels.
    ///
    /// # Errors
    ///
    /// If the browser cannot make the window so small.
    pub async fn set_size(&self, width: u32, height: u32) -> Result<(), PageError> {
        let (_, _, window_width, window_height) = self.client.get_window_rect().await?;
        let inner = self.size().await?;
        let frame = |window: u64, inner: u32| (u32::try_from(window).unwrap_or(inner)).saturating_sub(inner);
        let (frame_width, frame_height) = (frame(window_width, inner[0]), frame(window_height, inner[1]));
        self.client.set_window_size(width + frame_width, height + frame_height).await?;
        eventually(&format!("a window of {width} × {height} px"), async || {
            let inner = self.size().await?;
            Ok(if inner == [width, height] { Ok(()) } else { Err(format!("{inner:?}")) })
        })
        .await
    }

    /// Width and height of the page's area, in CSS pixels.
    async fn size(&self) -> Result<[u32; 2], PageError> {
        self.evaluate("return [innerWidth, innerHeight]", Vec::new()).await
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
