//! The exercise page as a user sees it.
//!
//! Buttons are found by their names, controls by their names in links, and results by what they measure. The rest of
//! the markup may change freely. Nothing waits for a fixed time: see [`eventually`].

mod audit;
mod control;
mod downloads;
mod keyboard;
mod program;
mod resources;
mod results;
mod runs;
mod tabs;
mod trigger;
mod view;
mod wait;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use audit::Violation;
pub use control::Control;
pub use keyboard::{TabCycle, TabStop};
pub use program::ProgramRun;
pub use resources::{COUNT_RESOURCES, Resources};
pub use results::{Bar, Check, ResultsSnapshot, Validation, milliseconds};
pub use runs::is_loading;
pub use tabs::Tab;
pub use trigger::{HAS_TASKS, IS_RUNNING};
pub use wait::{DEFAULT_TIMEOUT, eventually, eventually_every, eventually_within};

use crate::browser::{Browser, BrowserError};

/// The number of times that a button is pressed if it moves away from the mouse.
const CLICK_ATTEMPTS: usize = 3;
/// A click reaches the page when the driver reports it, or a moment later.
const CLICK_TIMEOUT: Duration = Duration::from_secs(1);

/// The time in which a moving page comes to rest.
const MOVING: Duration = Duration::from_millis(300);

/// A window with the site in it.
#[derive(Clone, Debug)]
pub struct Page {
    client: Client,
    site: String,
}

/// The reason that the page could not be used as expected.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Something is missing that should be on the page.
    #[error("the page has no {what}")]
    Missing {
        /// The missing thing, with its name.
        what: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not appear within {} s; the last state was {last}", limit.as_secs_f64())]
    TimedOut {
        /// The awaited condition.
        what: String,
        /// The time limit.
        limit: Duration,
        /// The state at the end.
        last: String,
    },
    /// A value on the page has an unexpected form.
    #[error("the page returned a value of an unexpected form: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The browser is gone, or refused a command.
    #[error("the browser did not execute a command: {0}")]
    Refused(#[source] Box<CmdError>),
    /// A command to the browser, rather than to the page, failed.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The script that checks accessibility is not installed.
    #[error("axe-core cannot be read from `{}`", path.display())]
    NoAxe {
        /// The expected path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A screenshot cannot be saved.
    #[error("the screenshot `{}` cannot be written", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl PageError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::TimedOut { .. } | Self::Unreadable(_) => {
                "check that the build is up to date, then open the page by hand and look at the browser's console"
            }
            Self::Refused(_) => "run the test again; if it fails again, check whether something covers the element",
            Self::Browser(error) => error.advice(),
            Self::NoAxe { .. } => "run `tools/setup test`, then `. tools/env`",
            Self::NotWritten { .. } => "make the folder writable",
        }
    }
}

impl From<CmdError> for PageError {
    fn from(error: CmdError) -> Self {
        Self::Refused(Box::new(error))
    }
}

fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}

impl Page {
    /// A page of the site at this address, which ends with a slash. It opens nothing yet.
    #[must_use]
    pub fn new(browser: &Browser, site: &str) -> Self {
        Self { client: browser.client().clone(), site: site.to_owned() }
    }

    /// Loads a link, such as `async-basics?seed=7`, in a new document.
    ///
    /// # Errors
    ///
    /// If the browser cannot load it.
    pub async fn open(&self, link: &str) -> Result<(), PageError> {
        self.open_path(&format!("#/{link}")).await
    }

    /// Loads an address below the site, such as `async-basics/?seed=7`, in a new document.
    ///
    /// # Errors
    ///
    /// If the browser cannot load it.
    pub async fn open_path(&self, path: &str) -> Result<(), PageError> {
        let address = format!("{}{path}", self.site);
        let is_open = without_fragment(self.client.current_url().await?.as_str()) == without_fragment(&address);
        // A change of only the fragment would not load the page again, so another document of the site comes between. With
        // one of no site, such as `about:blank`, the browser would end the site's process, and loading would take twice
        // as long.
        if is_open && self.client.goto(&format!("{}static/icon.svg", self.site)).await.is_err() {
            self.client.goto("about:blank").await?;
        }
        Ok(self.client.goto(&address).await?)
    }

    /// Enters the first frame of the page: everything else happens in it.
    ///
    /// # Errors
    ///
    /// If there is no frame.
    pub async fn enter_frame(&self) -> Result<(), PageError> {
        Ok(self.client.enter_frame(0).await?)
    }

    /// Returns from a frame to the page around it.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn leave_frame(&self) -> Result<(), PageError> {
        Ok(self.client.enter_parent_frame().await?)
    }

    /// Waits until the app has replaced the frame that is in the HTML.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_until_mounted(&self) -> Result<(), PageError> {
        eventually("the app", async || {
            // Before its document is there, a page in a frame has neither.
            let [frames, mains] = [self.texts("#frame").await?, self.texts("main").await?];
            Ok(if frames.is_empty() && !mains.is_empty() { Ok(()) } else { Err(format!("{frames:?}")) })
        })
        .await
    }

    /// Changes the link in the address bar of the open page, once the page is loaded: until then, a browser would
    /// replace the entry in its history instead of adding one.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn follow(&self, link: &str) -> Result<(), PageError> {
        eventually("the whole page", async || {
            let state: String = self.evaluate("return document.readyState", Vec::new()).await?;
            Ok(if state == "complete" { Ok(()) } else { Err(state) })
        })
        .await?;
        self.evaluate("location.hash = arguments[0]", vec![format!("#/{link}").into()]).await
    }

    /// Reloads the page, as the reload button does, and waits for the new document.
    ///
    /// # Errors
    ///
    /// If the browser cannot load it.
    pub async fn reload(&self) -> Result<(), PageError> {
        self.mark_document().await?;
        // The reload of Firefox's driver would bypass all caches, and with them the service worker.
        self.evaluate::<()>("location.reload()", Vec::new()).await?;
        self.wait_for_new_document().await
    }

    /// Reloads the page without any cache, as Shift and the reload button do, and waits for the new document. Works
    /// only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is not Chromium, or cannot load the page.
    pub async fn reload_without_cache(&self, browser: &Browser) -> Result<(), PageError> {
        self.mark_document().await?;
        browser.reload_without_cache().await?;
        self.wait_for_new_document().await
    }

    async fn mark_document(&self) -> Result<(), PageError> {
        self.evaluate("window.isOldDocument = true", Vec::new()).await
    }

    /// Waits until a document that is not marked is complete.
    async fn wait_for_new_document(&self) -> Result<(), PageError> {
        let is_new = "return !window.isOldDocument && document.readyState === 'complete'";
        eventually("a new document", async || match self.evaluate(is_new, Vec::new()).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => Ok(Err("the old document".to_owned())),
            // Between the two documents no script can run.
            Err(error) => Ok(Err(error.to_string())),
        })
        .await
    }

    /// The link in the address bar, without `#/`.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn link(&self) -> Result<String, PageError> {
        self.evaluate("return location.hash.replace(/^#\\//, '')", Vec::new()).await
    }

    /// Waits until the link in the address bar is the expected one.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_link(&self, expected: &str) -> Result<(), PageError> {
        eventually(&format!("the link `{expected}`"), async || {
            let link = self.link().await?;
            Ok(if link == expected { Ok(()) } else { Err(format!("`{link}`")) })
        })
        .await
    }

    /// The title of the exercise. A page has exactly one.
    ///
    /// # Errors
    ///
    /// If there is none, or more than one.
    pub async fn title(&self) -> Result<String, PageError> {
        let titles = self.texts("h1").await?;
        match titles.as_slice() {
            [title] => Ok(title.clone()),
            others => Err(PageError::Missing { what: format!("single `h1`: there are {}", others.len()) }),
        }
    }

    /// Presses a button with the mouse. Tries again if the page moved in the meantime, so that the mouse hit something
    /// else or could not reach it.
    ///
    /// # Errors
    ///
    /// If there is no such button, or something covers it.
    pub async fn press(&self, name: &str) -> Result<(), PageError> {
        for _ in 0..CLICK_ATTEMPTS {
            let button = self.button(name).await?;
            self.reveal(&button).await?;
            let element = serde_json::to_value(&button)?;
            let watch = "const button = arguments[0]; button.isHit = false;
                button.addEventListener('click', () => button.isHit = true, { once: true, capture: true })";
            self.evaluate::<()>(watch, vec![element.clone()]).await?;
            match button.click().await {
                Err(error) if error.is_element_not_interactable() => tokio::time::sleep(MOVING).await,
                clicked => {
                    clicked?;
                    if self.is_hit(element).await {
                        return Ok(());
                    }
                }
            }
        }
        Err(PageError::Missing { what: format!("button `{name}` that stays in place: the page moved at each click") })
    }

    /// True if a button was pressed. A button that has disappeared counts as pressed: the click removed it.
    async fn is_hit(&self, button: Value) -> bool {
        let hit = eventually_within(CLICK_TIMEOUT, "a click", async || {
            let is_hit = self.evaluate("return arguments[0].isHit", vec![button.clone()]).await.unwrap_or(true);
            Ok(if is_hit { Ok(()) } else { Err("none".to_owned()) })
        });
        hit.await.is_ok()
    }

    /// True if a button can be pressed.
    ///
    /// # Errors
    ///
    /// If there is no such button.
    pub async fn is_enabled(&self, name: &str) -> Result<bool, PageError> {
        Ok(self.button(name).await?.is_enabled().await?)
    }

    /// Waits until a button can be pressed.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_button(&self, name: &str) -> Result<(), PageError> {
        let what = format!("an enabled button `{name}`");
        eventually(&what, async || {
            Ok(if self.is_enabled(name).await? { Ok(()) } else { Err("a disabled one".to_owned()) })
        })
        .await?;
        eventually("the forecast, if there is one", async || {
            let arriving = self.texts(".arriving").await?;
            Ok(if arriving.is_empty() { Ok(()) } else { Err("a page that is still arriving".to_owned()) })
        })
        .await
    }

    /// Waits until there is a button, enabled or not: then the code of the panel around it has been loaded.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_button_to_appear(&self, name: &str) -> Result<(), PageError> {
        eventually(&format!("a button `{name}`"), async || Ok(Ok(self.button(name).await.map(drop)?))).await
    }

    /// The status: a word (Ready, Running, Finished, Stopped, Failed) and a sentence.
    ///
    /// # Errors
    ///
    /// If the page has no status.
    pub async fn status(&self) -> Result<String, PageError> {
        let status = self.texts("[role=status]").await?.into_iter().next();
        status.ok_or_else(|| PageError::Missing { what: "status".to_owned() })
    }

    /// Waits until the status begins with a word, and returns it.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_status(&self, word: &str) -> Result<String, PageError> {
        self.wait_for_status_within(DEFAULT_TIMEOUT, word).await
    }

    /// Like [`wait_for_status`](Self::wait_for_status), with this limit.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_status_within(&self, limit: Duration, word: &str) -> Result<String, PageError> {
        eventually_within(limit, &format!("the status `{word}`"), async || {
            let status = self.status().await?;
            Ok(if status.starts_with(word) { Ok(status) } else { Err(format!("`{status}`")) })
        })
        .await
    }

    /// Presses Run as soon as it is enabled, waits until the run has finished, and returns the status.
    ///
    /// # Errors
    ///
    /// If the run does not finish.
    pub async fn run_to_the_end(&self) -> Result<String, PageError> {
        self.wait_for_button("Run").await?;
        self.press("Run").await?;
        self.wait_for_status("Finished").await
    }

    /// Presses Run and leaves the page alone until the run is over: each command from outside blocks the page for some
    /// milliseconds, which the run would measure. For runs that take at least a second.
    ///
    /// # Errors
    ///
    /// If the run does not finish within the driver's 30 s for a script.
    pub async fn run_undisturbed(&self) -> Result<(), PageError> {
        const END: &str = "return new Promise((done) => {
            const look = () => {
                const status = document.querySelector('[role=status]').textContent;
                status.startsWith('Running') ? setTimeout(look, 300) : done(status);
            };
            look();
        })";
        self.wait_for_button("Run").await?;
        self.press("Run").await?;
        self.wait_for_status("Running").await?;
        let status: String = self.evaluate(END, Vec::new()).await?;
        if status.starts_with("Finished") {
            return Ok(());
        }
        Err(PageError::Missing { what: format!("status `Finished`: it is `{status}`") })
    }

    /// The visible text of every element that matches a CSS selector.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>, PageError> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(element => element.innerText.trim())";
        self.evaluate(script, vec![selector.into()]).await
    }

    /// The value of an attribute of every element that matches a CSS selector and has it.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn attributes(&self, selector: &str, name: &str) -> Result<Vec<String>, PageError> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter(element => element.hasAttribute(arguments[1]))
            .map(element => element.getAttribute(arguments[1]))";
        self.evaluate(script, vec![selector.into(), name.into()]).await
    }

    /// Chooses files of this machine in the page's file field.
    ///
    /// # Errors
    ///
    /// If there is no such field, or a file is not there.
    pub async fn choose_files(&self, files: &[&Path]) -> Result<(), PageError> {
        let field = self.find(Locator::Css("input[type=file]"), || "field for files".to_owned()).await?;
        let paths: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        Ok(field.send_keys(&paths.join("\n")).await?)
    }

    /// Runs a script in the page and returns its result.
    ///
    /// # Errors
    ///
    /// If the script throws, or returns anything other than a `T`.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> Result<T, PageError> {
        Ok(serde_json::from_value(self.client.execute(script, arguments).await?)?)
    }

    /// Runs a script in the page, passes a callback as its last argument, and returns the value that the script passes
    /// to the callback.
    ///
    /// # Errors
    ///
    /// If it takes too long, or if the value is not a `T`.
    pub async fn evaluate_async<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<T, PageError> {
        Ok(serde_json::from_value(self.client.execute_async(script, arguments).await?)?)
    }

    async fn button(&self, name: &str) -> Result<fantoccini::elements::Element, PageError> {
        let path = format!("//button[normalize-space()='{name}']");
        self.find(Locator::XPath(&path), || format!("button `{name}`")).await
    }

    /// Opens the tab and the disclosure that an element is in, and moves it away from the edge of the window, where
    /// scrollbars can cover it.
    async fn reveal(&self, element: &fantoccini::elements::Element) -> Result<(), PageError> {
        const REVEAL: &str = "const panel = arguments[0].closest('[role=tabpanel][hidden]');
            if (panel !== null) document.getElementById(panel.getAttribute('aria-labelledby')).click();
            const disclosure = arguments[0].closest('details:not([open])');
            if (disclosure !== null) disclosure.open = true;
            const { top, bottom } = arguments[0].getBoundingClientRect();
            if (top < 24 || bottom > innerHeight - 24) arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' });";
        self.evaluate(REVEAL, vec![serde_json::to_value(element)?]).await
    }

    async fn find(
        &self,
        locator: Locator<'_>,
        what: impl FnOnce() -> String,
    ) -> Result<fantoccini::elements::Element, PageError> {
        let found = self.client.find_all(locator).await?.into_iter().next();
        found.ok_or_else(|| PageError::Missing { what: what() })
    }
}
