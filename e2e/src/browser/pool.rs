//! Browsers that tests use one after the other: to start one takes one to three seconds.
//!
//! Each test serves the site on another port, so to the browser it is another site, with its own storage, caches and service
//! worker. What else a test changes (tabs, the window, emulated preferences) is put back before the next one.

use std::ops::Deref;
use std::sync::Mutex;

use super::{Browser, BrowserError, Engine};
use crate::host::lock;

/// A browser serves this many tests. Firefox and WebKit become slower with each site that they have seen.
const USES: u32 = 25;

/// A browser that a test has.
#[derive(Debug)]
#[must_use = "dropping it returns the browser"]
pub struct PooledBrowser {
    browser: Option<Browser>,
    uses: u32,
}

/// Browsers that tests have returned, as they left them.
static RETURNED: Mutex<Vec<(Browser, u32)>> = Mutex::new(Vec::new());

/// Browsers that are ready for the next test.
static READY: Mutex<Vec<(Browser, u32)>> = Mutex::new(Vec::new());

impl PooledBrowser {
    /// A browser that is ready, or a new one.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn take(engine: Engine) -> Result<Self, BrowserError> {
        let (ready, others) = {
            let mut ready = lock(&READY);
            let others: Vec<_> = ready.extract_if(.., |(browser, _)| browser.engine() != engine).collect();
            (ready.pop(), others)
        };
        // The tests go on to the next engine: the others are no longer needed.
        drop(others);
        let (browser, uses) = match ready {
            Some((browser, uses)) => (browser, uses + 1),
            None => (Browser::start(engine).await?, 1),
        };
        Ok(Self { browser: Some(browser), uses })
    }

    /// A browser that no test has had before, and that none gets after this.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn new(engine: Engine) -> Result<Self, BrowserError> {
        Ok(Self { browser: Some(Browser::start(engine).await?), uses: USES })
    }
}

impl Deref for PooledBrowser {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        self.browser.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for PooledBrowser {
    fn drop(&mut self) {
        let Some(browser) = self.browser.take() else { return };
        // What a failed test leaves behind is not known.
        if self.uses < USES && !std::thread::panicking() {
            lock(&RETURNED).push((browser, self.uses));
        }
    }
}

/// Makes returned browsers ready for the next test. One that cannot be is closed.
pub(crate) async fn clean_up() {
    loop {
        let Some((browser, uses)) = lock(&RETURNED).pop() else { return };
        if browser.reset().await.is_ok() {
            lock(&READY).push((browser, uses));
        }
    }
}

/// Closes all browsers that no test has.
pub(crate) async fn close_all() {
    drop(std::mem::take(&mut *lock(&RETURNED)));
    drop(std::mem::take(&mut *lock(&READY)));
}
