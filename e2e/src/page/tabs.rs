//! Several tabs of one browser, and going back and forward in a tab.

use fantoccini::wd::WindowHandle;

use super::{Page, PageError};

/// A tab. Commands to a page go to the tab that was switched to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(WindowHandle);

impl Page {
    /// The current tab.
    ///
    /// # Errors
    ///
    /// If it was closed.
    pub async fn tab(&self) -> Result<Tab, PageError> {
        Ok(Tab(self.client.window().await?))
    }

    /// Opens another tab in front of this one, and switches to it.
    ///
    /// # Errors
    ///
    /// If the browser does not open one.
    pub async fn open_tab(&self) -> Result<Tab, PageError> {
        let tab = Tab(self.client.new_window(true).await?.handle);
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    /// Switches to a tab. The driver decides if that also brings it to the front.
    ///
    /// # Errors
    ///
    /// If it was closed.
    pub async fn switch_to(&self, tab: &Tab) -> Result<(), PageError> {
        Ok(self.client.switch_to_window(tab.0.clone()).await?)
    }

    /// Goes back by one entry of the history. WebKit's own button would skip entries in which the user did nothing.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn back(&self) -> Result<(), PageError> {
        self.evaluate("history.back()", Vec::new()).await
    }

    /// Goes forward by one entry of the history.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn forward(&self) -> Result<(), PageError> {
        self.evaluate("history.forward()", Vec::new()).await
    }
}
