//! Starts a browser and the driver that steers it, and ends both when dropped.
//!
//! Every browser begins with a fresh profile: the driver makes one for the session and removes it. The driver gets a port
//! of its own and, where it needs one, a screen of its own, so several can run side by side.

mod devtools;
mod driver;
mod engine;
mod error;
mod heap;
mod logs;
mod permission;
pub mod pool;
mod process;
mod program;
mod screen;

use std::path::Path;

use fantoccini::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

pub use engine::{Engine, UnknownEngine};
pub use error::{BrowserError, DriverError};
pub use heap::Heap;
pub use logs::Message;
pub use program::MissingProgram;

use devtools::DevTools;
use driver::Driver;
use permission::GrantPermission;

/// The window's size in CSS pixels, with its frame.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 900;

/// A browser window that nobody sees.
#[derive(Debug)]
#[must_use = "dropping it ends the browser"]
pub struct Browser {
    engine: Engine,
    client: Client,
    // After the client: it is dropped last, and ends the browser with it.
    _driver: Driver,
}

impl Browser {
    /// Starts an engine with a window of 1280 × 900.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn start(engine: Engine) -> Result<Self, BrowserError> {
        let program = engine.find_browser()?;
        let mut driver = Driver::start(engine).await?;
        let client = fantoccini::ClientBuilder::new(HttpConnector::new())
            .capabilities(engine.capabilities(program))
            .connect(&driver.url())
            .await
            .map_err(|source| BrowserError::NoSession { driver: engine.driver().name(), source: Box::new(source) })?;
        driver.set_session(&client);
        client.set_window_size(WIDTH, HEIGHT).await.map_err(Box::new)?;
        Ok(Self { engine, client, _driver: driver })
    }

    /// Puts back what a test may have changed: tabs, the window, the page, and in Chromium emulated preferences and logs.
    ///
    /// # Errors
    ///
    /// When the browser is gone or refuses.
    pub(crate) async fn reset(&self) -> Result<(), BrowserError> {
        let client = &self.client;
        let windows = client.windows().await.map_err(Box::new)?;
        let (first, others) = windows.split_first().ok_or(BrowserError::NoWindow)?;
        for window in others {
            client.switch_to_window(window.clone()).await.map_err(Box::new)?;
            client.close_window().await.map_err(Box::new)?;
        }
        client.switch_to_window(first.clone()).await.map_err(Box::new)?;
        client.goto("about:blank").await.map_err(Box::new)?;
        client.set_window_size(WIDTH, HEIGHT).await.map_err(Box::new)?;
        if self.engine == Engine::Chromium {
            self.emulate_media(&[]).await?;
            self.console_problems().await?;
            self.requested_urls().await?;
        }
        Ok(())
    }

    /// What it was started as.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The session, for what the page object does not do.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Errors and warnings on the console since the last call. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn console_problems(&self) -> Result<Vec<Message>, BrowserError> {
        self.expect_chromium("the console log")?;
        Ok(logs::console_problems(&self.client).await.map_err(Box::new)?)
    }

    /// The addresses of all requests since the last call, those of other hosts and of failed requests included. Chromium
    /// only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn requested_urls(&self) -> Result<Vec<String>, BrowserError> {
        self.expect_chromium("the request log")?;
        Ok(logs::requested_urls(&self.client).await.map_err(Box::new)?)
    }

    /// Grants the page a permission, such as `clipboard-read`, as if the user had agreed.
    ///
    /// # Errors
    ///
    /// When the browser does not know it. Firefox knows few, WebKit none.
    pub async fn allow(&self, permission: &'static str) -> Result<(), BrowserError> {
        self.client.issue_cmd(GrantPermission(permission)).await.map_err(Box::new)?;
        Ok(())
    }

    /// Stops all service workers, as the browser does with those that have nothing to do. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn stop_service_workers(&self) -> Result<(), BrowserError> {
        self.devtools("ServiceWorker.enable", json!({})).await?;
        self.devtools("ServiceWorker.stopAllWorkers", json!({})).await?;
        // While it is enabled, a worker is never idle, and a new release waits for the old worker.
        self.devtools("ServiceWorker.disable", json!({})).await
    }

    /// Reloads the page without any cache, as Shift and the reload button do. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn reload_without_cache(&self) -> Result<(), BrowserError> {
        self.devtools("Page.reload", json!({ "ignoreCache": true })).await
    }

    /// Gives the site of this address room for no more bytes than these, or as much as before for
    /// none. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn limit_storage(&self, site: &str, quota_bytes: Option<u64>) -> Result<(), BrowserError> {
        let parameters = match quota_bytes {
            Some(bytes) => json!({ "origin": origin(site), "quotaSize": bytes }),
            None => json!({ "origin": origin(site) }),
        };
        self.devtools("Storage.overrideQuotaForOrigin", parameters).await
    }

    /// Clears what the site of this address has stored, as somebody does in the browser's settings. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn clear_storage(&self, site: &str) -> Result<(), BrowserError> {
        let parameters = json!({ "origin": origin(site), "storageTypes": "file_systems,indexeddb" });
        self.devtools("Storage.clearDataForOrigin", parameters).await
    }

    /// From now on the page believes that its reader has set these media features, such as `prefers-color-scheme` to
    /// `dark`, and no others. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn emulate_media(&self, features: &[(&str, &str)]) -> Result<(), BrowserError> {
        let features: Vec<_> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await
    }

    /// Drops files and folders of this machine on a point of the page, in pixels from its corner, as a hand with a mouse
    /// does. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn drop_files(&self, files: &[&Path], (x, y): (u32, u32)) -> Result<(), BrowserError> {
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
            self.devtools("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data })).await?;
        }
        Ok(())
    }

    /// What the page's documents take, once all is collected that nobody holds. Chromium only.
    ///
    /// # Errors
    ///
    /// When the browser is gone, or of another engine.
    pub async fn heap(&self) -> Result<Heap, BrowserError> {
        // What a first collection lets go of may hold more.
        for _ in 0..2 {
            self.devtools("HeapProfiler.collectGarbage", json!({})).await?;
        }
        self.devtools("Performance.enable", json!({})).await?;
        let text = self.ask_devtools("Performance.getMetrics", json!({})).await?;
        Ok(Heap::from_reply(&text))
    }

    async fn devtools(&self, command: &'static str, parameters: Value) -> Result<(), BrowserError> {
        self.ask_devtools(command, parameters).await.map(drop)
    }

    async fn ask_devtools(&self, command: &'static str, parameters: Value) -> Result<Value, BrowserError> {
        self.expect_chromium(command)?;
        Ok(self.client.issue_cmd(DevTools { command, parameters }).await.map_err(Box::new)?)
    }

    fn expect_chromium(&self, what: &'static str) -> Result<(), BrowserError> {
        let engine = self.engine;
        if engine == Engine::Chromium { Ok(()) } else { Err(BrowserError::OnlyInChromium { what, engine }) }
    }
}

/// What stands before the path of an address.
fn origin(site: &str) -> String {
    site.split('/').take(3).collect::<Vec<_>>().join("/")
}
