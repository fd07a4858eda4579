//! Starts a browser and the driver that controls it, and ends both when dropped.
//!
//! Every browser starts with a new profile: the driver makes one for the session and removes it. Each driver has its
//! own port and, if its browser needs one, its own screen. So several can run at the same time.

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

pub use engine::{Compilation, Engine, UnknownEngine};
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

/// A browser with an invisible window.
#[derive(Debug)]
#[must_use = "dropping it ends the browser"]
pub struct Browser {
    engine: Engine,
    client: Client,
    // Declared after the client, so that it is dropped last. Dropping it ends the browser.
    _driver: Driver,
}

impl Browser {
    /// Starts an engine with a window of 1280 × 900.
    ///
    /// # Errors
    ///
    /// If a program is missing or does not start.
    pub async fn start(engine: Engine, compilation: Compilation) -> Result<Self, BrowserError> {
        let program = engine.find_browser()?;
        let mut driver = Driver::start(engine, compilation).await?;
        let client = fantoccini::ClientBuilder::new(HttpConnector::new())
            .capabilities(engine.capabilities(program, compilation))
            .connect(&driver.url())
            .await
            .map_err(|source| BrowserError::NoSession { driver: engine.driver().name(), source: Box::new(source) })?;
        driver.set_session(&client);
        client.set_window_size(WIDTH, HEIGHT).await.map_err(Box::new)?;
        Ok(Self { engine, client, _driver: driver })
    }

    /// Resets what a test may have changed: tabs, the window, the page, and in Chromium emulated preferences and logs.
    ///
    /// # Errors
    ///
    /// If the browser is gone or refuses.
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

    /// The engine that was started.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The session, for commands that [`Page`](crate::page::Page) does not have.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The errors and warnings on the console since the last call. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn console_problems(&self) -> Result<Vec<Message>, BrowserError> {
        self.expect_chromium("the console log")?;
        Ok(logs::console_problems(&self.client).await.map_err(Box::new)?)
    }

    /// The addresses of all requests since the last call, including failed requests and requests to other hosts. Works
    /// only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn requested_urls(&self) -> Result<Vec<String>, BrowserError> {
        self.expect_chromium("the request log")?;
        Ok(logs::requested_urls(&self.client).await.map_err(Box::new)?)
    }

    /// Grants the page a permission, such as `clipboard-read`, as if the user had agreed.
    ///
    /// # Errors
    ///
    /// If the browser does not support it. Firefox supports few permissions, WebKit none.
    pub async fn allow(&self, permission: &'static str) -> Result<(), BrowserError> {
        self.client.issue_cmd(GrantPermission(permission)).await.map_err(Box::new)?;
        Ok(())
    }

    /// Stops all service workers, as the browser does with idle ones. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn stop_service_workers(&self) -> Result<(), BrowserError> {
        self.devtools("ServiceWorker.enable", json!({})).await?;
        self.devtools("ServiceWorker.stopAllWorkers", json!({})).await?;
        // While the domain is enabled, a worker is never idle, so a new release would wait for the old worker.
        self.devtools("ServiceWorker.disable", json!({})).await
    }

    /// Reloads the page without any cache, as Shift and the reload button do. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn reload_without_cache(&self) -> Result<(), BrowserError> {
        self.devtools("Page.reload", json!({ "ignoreCache": true })).await
    }

    /// Limits the storage of the site at this address to a number of bytes. `None` removes the limit. Works only in
    /// Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn limit_storage(&self, site: &str, quota_bytes: Option<u64>) -> Result<(), BrowserError> {
        let parameters = match quota_bytes {
            Some(bytes) => json!({ "origin": origin(site), "quotaSize": bytes }),
            None => json!({ "origin": origin(site) }),
        };
        self.devtools("Storage.overrideQuotaForOrigin", parameters).await
    }

    /// Deletes the files and databases of the site at this address, as a user can do in the browser's settings. Works
    /// only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn clear_storage(&self, site: &str) -> Result<(), BrowserError> {
        let parameters = json!({ "origin": origin(site), "storageTypes": "file_systems,indexeddb" });
        self.devtools("Storage.clearDataForOrigin", parameters).await
    }

    /// Sets the media features that the user prefers, such as `prefers-color-scheme` with the value `dark`, and resets
    /// all others. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn emulate_media(&self, features: &[(&str, &str)]) -> Result<(), BrowserError> {
        let features: Vec<_> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await
    }

    /// Drops files and folders of this machine on a point of the page, as a user does with a mouse. The point is in
    /// pixels from the page's top left corner. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn drop_files(&self, files: &[&Path], (x, y): (u32, u32)) -> Result<(), BrowserError> {
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
            self.devtools("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data })).await?;
        }
        Ok(())
    }

    /// The memory of the page's documents, after garbage collection. Works only in Chromium.
    ///
    /// # Errors
    ///
    /// If the browser is gone, or is not Chromium.
    pub async fn heap(&self) -> Result<Heap, BrowserError> {
        // Objects that the first collection releases may hold others.
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

/// The part of an address before its path.
fn origin(site: &str) -> String {
    site.split('/').take(3).collect::<Vec<_>>().join("/")
}
