//! Several tabs of one browser, and the way back and forward in one.

use fantoccini::wd::WindowHandle;

use super::{Page, PageError};

/// A tab. What a page is asked concerns the one that was last gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(WindowHandle);

impl Page {
    /// The tab that the page is asked in.
    ///
    /// # Errors
    ///
    /// When it was closed.
    pub async fn tab(&self) -> Result<Tab, PageError> {
        Ok(Tab(self.client.window().await?))
    }

    /// Opens another tab in front of this one, and goes there.
    ///
    /// # Errors
    ///
    /// When the browser does not open one.
    pub async fn open_tab(&self) -> Result<Tab, PageError> {
        let tab = Tab(self.client.new_window(true).await?.handle);
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    /// Goes to a tab. Whether that also brings it in front is up to the driver.
    ///
    /// # Errors
    ///
    /// When it was closed.
    pub async fn switch_to(&self, tab: &Tab) -> Result<(), PageError> {
        Ok(self.client.switch_to_window(tab.0.clone()).await?)
    }

    /// Goes back by one place. WebKit's own button would leave out those where nobody has pressed anything.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn back(&self) -> Result<(), PageError> {
        self.evaluate("history.back()", Vec::new()).await
    }

    /// Goes forward by one place.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn forward(&self) -> Result<(), PageError> {
        self.evaluate("history.forward()", Vec::new()).await
    }
}
