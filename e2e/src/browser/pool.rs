//! Browsers that tests use one after the other, because starting one takes one to three seconds.
//!
//! Each test serves the site on another port. For the browser it is another site, with its own storage, caches and
//! service worker. Everything else that a test changes (tabs, the window, emulated preferences) is reset before the
//! next test.

use std::ops::Deref;
use std::sync::Mutex;

use super::{Browser, BrowserError, Compilation, Engine};
use crate::host::lock;

/// The maximum number of tests in one browser. Firefox and WebKit become slower with each site that they visit.
const USES: u32 = 25;

/// A browser that a test uses.
#[derive(Debug)]
#[must_use = "dropping it returns the browser"]
pub struct PooledBrowser {
    browser: Option<Browser>,
    uses: u32,
}

/// Browsers that tests have returned and that are not reset yet.
static RETURNED: Mutex<Vec<(Browser, u32)>> = Mutex::new(Vec::new());

/// Browsers that are ready for the next test.
static READY: Mutex<Vec<(Browser, u32)>> = Mutex::new(Vec::new());

/// How the browsers compile that are started from now on.
static COMPILATION: Mutex<Compilation> = Mutex::new(Compilation::Full);

impl PooledBrowser {
    /// Takes a browser that is ready, or starts a new one.
    ///
    /// # Errors
    ///
    /// If a program is missing or does not start.
    pub async fn take(engine: Engine) -> Result<Self, BrowserError> {
        close_other_engines(engine);
        let ready = lock(&READY).pop();
        let (browser, uses) = match ready {
            Some((browser, uses)) => (browser, uses + 1),
            None => (start(engine).await?, 1),
        };
        Ok(Self { browser: Some(browser), uses })
    }

    /// Starts a browser that no other test uses, neither before nor after.
    ///
    /// # Errors
    ///
    /// If a program is missing or does not start.
    pub async fn exclusive(engine: Engine) -> Result<Self, BrowserError> {
        // `USES` makes `drop` close it instead of returning it.
        Ok(Self { browser: Some(start(engine).await?), uses: USES })
    }
}

impl Deref for PooledBrowser {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        self.browser.as_ref().expect("the browser is taken only in `drop`")
    }
}

impl Drop for PooledBrowser {
    fn drop(&mut self) {
        let Some(browser) = self.browser.take() else { return };
        // A browser is not used again after a failed test, because its state is unknown.
        if self.uses < USES && !std::thread::panicking() {
            lock(&RETURNED).push((browser, self.uses));
        }
    }
}

async fn start(engine: Engine) -> Result<Browser, BrowserError> {
    let compilation = *lock(&COMPILATION);
    Browser::start(engine, compilation).await
}

/// Closes the ready browsers of other engines. Tests run engine by engine, so they are no longer needed.
fn close_other_engines(engine: Engine) {
    let others: Vec<_> = lock(&READY).extract_if(.., |(browser, _)| browser.engine() != engine).collect();
    // Closing takes some time, so the lock is released first.
    drop(others);
}

/// Resets the returned browsers for the next test. A browser that cannot be reset is closed.
pub(crate) async fn reset_returned() {
    loop {
        let Some((browser, uses)) = lock(&RETURNED).pop() else { return };
        if browser.reset().await.is_ok() {
            lock(&READY).push((browser, uses));
        }
    }
}

/// Sets how the next browsers compile, and closes those that no test uses.
pub(crate) async fn compile(compilation: Compilation) {
    *lock(&COMPILATION) = compilation;
    close_all().await;
}

/// Closes all browsers that no test uses.
pub(crate) async fn close_all() {
    drop(std::mem::take(&mut *lock(&RETURNED)));
    drop(std::mem::take(&mut *lock(&READY)));
}
