//! What the user sees: the frame, the pages, their components and charts.
//!
//! Views format and lay out; what they show is computed in the rooms below. Everything here needs a browser.
//!
//! Browser APIs are used through Leptos' own helpers and `web-sys`, not through the hooks of `leptos-use`. With version
//! 0.19.0 (0.20.0 needs a newer `web-sys`), one `use_media_query` instead of eleven lines in `charts::timeline` added
//! 3.4 KB with brotli to the 657 KB of the page's code, and six crates to the build. Where there is a hook, one line
//! says why it is not used.

mod address;
mod app;
mod charts;
mod components;
mod display;
mod download;
mod drawing;
mod embedding;
mod finished;
mod focus;
mod forecast;
mod form;
mod history;
mod lazy_view;
mod offline;
mod opened;
mod pages;
mod painted;
mod panic;
mod png;
mod runner;
mod scrolling;
mod sections;
mod theme;

pub use app::App;

/// Starts the page. In a worker, which runs the same module, there is no page to start.
pub fn start() {
    if web_sys::window().is_none() {
        return;
    }
    panic::show_in_a_banner();
    wasm_bindgen_futures::spawn_local(async {
        if address::is_home() {
            // If it fails, the page itself says so.
            let _ = pages::home::load().await;
        }
        mount();
        // A frame of another site would fill the storage of a reader who has not visited this one.
        if !cfg!(debug_assertions) && !embedding::is_in_another_site() {
            offline::keep();
        }
    });
}

/// The HTML has the page's frame, for the first paint. The app takes its place before the next one.
fn mount() {
    if let Some(frame) = leptos::prelude::document().get_element_by_id("frame") {
        painted::keep(&frame);
        frame.remove();
    }
    leptos::mount::mount_to_body(App);
}
