//! Everything that the user sees: the frame, the pages, their components and charts.
//!
//! Views format and lay out; what they show is computed in the modules below. Everything here needs a browser. The
//! folders are not in an order: charts and components use each other.
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
mod dropping;
mod embedding;
mod finished;
mod focus;
mod forecast;
mod form;
mod help_used;
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
mod theme;

pub use app::App;

use crate::runtime::turn::yield_to_browser;

/// The class of the body while the app is being built, and not shown.
const MOUNTING: &str = "mounting";

/// The number of levels of parts in parts that are built in their own turns.
const LEVELS: u32 = 4;

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
        mount().await;
        // A frame of another site would fill the storage of a reader who has not visited this one.
        if !cfg!(debug_assertions) && !embedding::is_in_another_site() {
            offline::keep();
        }
    });
}

/// Mounts the app. The HTML has the page's frame, which is painted first. The app is built behind it, and then takes
/// its place. In between, the browser gets a turn for each level of parts that are built in their own turns (see
/// `lazy_view::in_turn`).
async fn mount() {
    let document = leptos::prelude::document();
    let frame = document.get_element_by_id("frame");
    if let Some(frame) = &frame {
        painted::keep(frame);
    }
    let classes = document.body().map(|body| body.class_list());
    // The class is valid.
    let _ = classes.as_ref().map(|classes| classes.add_1(MOUNTING));
    leptos::mount::mount_to_body(App);
    for _ in 0..LEVELS {
        yield_to_browser().await;
    }
    let _ = classes.as_ref().map(|classes| classes.remove_1(MOUNTING));
    if let Some(frame) = frame {
        frame.remove();
    }
}
