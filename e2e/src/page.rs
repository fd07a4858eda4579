//! The exercise page as a person sees it.
//!
//! Buttons are found by their names, controls by the name that they have in links, results by what they measure; markup
//! beyond that may change freely. Nothing waits for a fixed time: see [`eventually`].

mod audit;
mod control;
mod downloads;
mod keyboard;
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
pub use resources::{COUNT_RESOURCES, Resources};
pub use results::{Bar, Check, ResultsSnapshot, Validation};
pub use runs::is_loading;
pub use tabs::Tab;
pub use trigger::{HAS_TASKS, IS_RUNNING};
pub use wait::{DEFAULT_TIMEOUT, eventually, eventually_every, eventually_within};

use crate::browser::{Browser, BrowserError};

/// How often a button is pressed that moves away under the mouse.
const CLICK_ATTEMPTS: usize = 3;
/// A click is in the page when the driver says so, or an instant later.
const CLICK_TIMEOUT: Duration = Duration::from_secs(1);

/// A window with the site in it.
#[derive(Clone, Debug)]
pub struct Page {
    client: Client,
    site: String,
}

/// Why the page could not be used as it should.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Something that every exercise page has is not there.
    #[error("the page has no {what}")]
    Missing {
        /// What was looked for.
        what: String,
    },
    /// Something did not happen.
    #[error("{what} did not come within {} s, there was {last}", limit.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What there was instead at the end.
        last: String,
    },
    /// A value on the page has another form than agreed.
    #[error("the page answers in another form than agreed: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The browser refused a command, or has ended.
    #[error("the browser refused a command: {0}")]
    Refused(#[source] Box<CmdError>),
    /// A command that the page does not send itself failed.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The script that looks for barriers is not installed.
    #[error("axe-core cannot be read from `{}`", path.display())]
    NoAxe {
        /// Where it should lie.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A screenshot cannot be kept.
    #[error("the screenshot `{}` cannot be written", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl PageError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::TimedOut { .. } | Self::Unreadable(_) => {
                "open the page by hand, with the browser's console at its side; is the build up to date?"
            }
            Self::Refused(_) => "run it again; if it fails again, check what covers the element",
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

impl Page {
    /// A page of the site at this address, which ends with a slash. Nothing is opened yet.
    #[must_use]
    pub fn new(browser: &Browser, site: &str) -> Self {
        Self { client: browser.client().clone(), site: site.to_owned() }
    }

    /// Loads a link, such as `async-basics?seed=7`, as if it came from elsewhere.
    ///
    /// # Errors
    ///
    /// When the browser cannot load it.
    pub async fn open(&self, link: &str) -> Result<(), PageError> {
        // A mere change of the fragment would not load the page anew.
        self.client.goto("about:blank").await?;
        Ok(self.client.goto(&format!("{}#/{link}", self.site)).await?)
    }

    /// Changes the link in the address bar of the page that is open.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn follow(&self, link: &str) -> Result<(), PageError> {
        self.evaluate("location.hash = arguments[0]", vec![format!("#/{link}").into()]).await
    }

    /// Reloads the page, as the reload button does, and waits for the new document.
    ///
    /// # Errors
    ///
    /// When the browser cannot load it.
    pub async fn reload(&self) -> Result<(), PageError> {
        self.mark_document().await?;
        // Firefox's driver would bypass all caches, and with them the service worker.
        self.evaluate::<()>("location.reload()", Vec::new()).await?;
        self.wait_for_new_document().await
    }

    /// Reloads the page without any cache, as Shift and the reload button do, and waits for the new document. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is of another engine, or cannot load the page.
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
    /// When the browser is gone.
    pub async fn link(&self) -> Result<String, PageError> {
        self.evaluate("return location.hash.replace(/^#\\//, '')", Vec::new()).await
    }

    /// Waits until the link in the address bar is the expected one.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn wait_for_link(&self, expected: &str) -> Result<(), PageError> {
        eventually(&format!("the link `{expected}`"), async || {
            let link = self.link().await?;
            Ok(if link == expected { Ok(()) } else { Err(format!("`{link}`")) })
        })
        .await
    }

    /// The title of the exercise. The page has one, and only one.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub async fn title(&self) -> Result<String, PageError> {
        let titles = self.texts("h1").await?;
        match titles.as_slice() {
            [title] => Ok(title.clone()),
            others => Err(PageError::Missing { what: format!("single `h1`: there are {}", others.len()) }),
        }
    }

    /// Presses a button with the mouse, and again if the page moved while the mouse was on its way and something else was
    /// hit.
    ///
    /// # Errors
    ///
    /// When there is no such button, or something covers it.
    pub async fn press(&self, name: &str) -> Result<(), PageError> {
        for _ in 0..CLICK_ATTEMPTS {
            let button = self.button(name).await?;
            let element = serde_json::to_value(&button)?;
            let watch = "const button = arguments[0]; button.isHit = false;
                button.addEventListener('click', () => button.isHit = true, { once: true, capture: true })";
            self.evaluate::<()>(watch, vec![element.clone()]).await?;
            button.click().await?;
            if self.is_hit(element).await {
                return Ok(());
            }
        }
        Err(PageError::Missing { what: format!("button `{name}` where the mouse was: the page moved") })
    }

    /// Whether a button was pressed. One that is gone was: it went because of that.
    async fn is_hit(&self, button: Value) -> bool {
        let hit = eventually_within(CLICK_TIMEOUT, "a click", async || {
            let is_hit = self.evaluate("return arguments[0].isHit", vec![button.clone()]).await.unwrap_or(true);
            Ok(if is_hit { Ok(()) } else { Err("none".to_owned()) })
        });
        hit.await.is_ok()
    }

    /// Whether a button can be pressed.
    ///
    /// # Errors
    ///
    /// When there is no such button.
    pub async fn is_enabled(&self, name: &str) -> Result<bool, PageError> {
        Ok(self.button(name).await?.is_enabled().await?)
    }

    /// Waits until a button can be pressed.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn wait_for_button(&self, name: &str) -> Result<(), PageError> {
        let what = format!("an enabled button `{name}`");
        eventually(&what, async || {
            Ok(if self.is_enabled(name).await? { Ok(()) } else { Err("a disabled one".to_owned()) })
        })
        .await
    }

    /// Waits until there is a button, whether it can be pressed or not: then the code of the panel around it has come.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn wait_for_button_to_appear(&self, name: &str) -> Result<(), PageError> {
        eventually(&format!("a button `{name}`"), async || Ok(Ok(self.button(name).await.map(drop)?))).await
    }

    /// The status: a word (Ready, Running, Finished, Stopped, Failed) and a sentence.
    ///
    /// # Errors
    ///
    /// When the page has no status.
    pub async fn status(&self) -> Result<String, PageError> {
        let status = self.texts("[role=status]").await?.into_iter().next();
        status.ok_or_else(|| PageError::Missing { what: "status".to_owned() })
    }

    /// Waits until the status begins with a word, and returns it.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn wait_for_status(&self, word: &str) -> Result<String, PageError> {
        self.wait_for_status_within(DEFAULT_TIMEOUT, word).await
    }

    /// The same with another limit.
    ///
    /// # Errors
    ///
    /// When it takes too long.
    pub async fn wait_for_status_within(&self, limit: Duration, word: &str) -> Result<String, PageError> {
        eventually_within(limit, &format!("the status `{word}`"), async || {
            let status = self.status().await?;
            Ok(if status.starts_with(word) { Ok(status) } else { Err(format!("`{status}`")) })
        })
        .await
    }

    /// Presses Run as soon as that is possible, and waits for the end.
    ///
    /// # Errors
    ///
    /// When the run does not finish.
    pub async fn run_to_the_end(&self) -> Result<String, PageError> {
        self.wait_for_button("Run").await?;
        self.press("Run").await?;
        self.wait_for_status("Finished").await
    }

    /// Presses Run and leaves the page alone until the run is over: each look from outside keeps the page busy for some
    /// milliseconds, which it would measure. For runs that take a second at least.
    ///
    /// # Errors
    ///
    /// When the run does not finish within the driver's 30 s for a script.
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
    /// When the browser is gone.
    pub async fn texts(&self, selector: &str) -> Result<Vec<String>, PageError> {
        let script = "return [...document.querySelectorAll(arguments[0])].map(element => element.innerText.trim())";
        self.evaluate(script, vec![selector.into()]).await
    }

    /// The value of an attribute of every element that matches a CSS selector and has it.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn attributes(&self, selector: &str, name: &str) -> Result<Vec<String>, PageError> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter(element => element.hasAttribute(arguments[1]))
            .map(element => element.getAttribute(arguments[1]))";
        self.evaluate(script, vec![selector.into(), name.into()]).await
    }

    /// Chooses files of this machine in the page's field for them.
    ///
    /// # Errors
    ///
    /// When there is no such field, or a file is not there.
    pub async fn choose_files(&self, files: &[&Path]) -> Result<(), PageError> {
        let field = self.find(Locator::Css("input[type=file]"), || "field for files".to_owned()).await?;
        let paths: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
        Ok(field.send_keys(&paths.join("\n")).await?)
    }

    /// What a script in the page returns.
    ///
    /// # Errors
    ///
    /// When the script throws, or returns something else than a `T`.
    pub async fn evaluate<T: DeserializeOwned>(&self, script: &str, arguments: Vec<Value>) -> Result<T, PageError> {
        Ok(serde_json::from_value(self.client.execute(script, arguments).await?)?)
    }

    async fn button(&self, name: &str) -> Result<fantoccini::elements::Element, PageError> {
        let path = format!("//button[normalize-space()='{name}']");
        self.find(Locator::XPath(&path), || format!("button `{name}`")).await
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
