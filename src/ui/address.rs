//! The page's address: its fragment, read and written.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::share::permalink::{Destination, Notice, Setup};
use crate::ui::scrolling::{self, use_scrolling};

/// The address follows the controls after this time: a slider changes many times a second, and browsers limit how often
/// a page may change its address.
const SETTLES_AFTER: Duration = Duration::from_millis(150);

/// One opening of a page.
#[derive(Clone)]
pub(super) struct Visit {
    /// Counts the visits.
    pub(super) number: u32,
    pub(super) destination: Destination,
    /// The parts of the link that could not be used.
    pub(super) notices: Vec<Notice>,
}

impl Visit {
    fn new(number: u32) -> Self {
        let (destination, notices) = Destination::parse(&fragment());
        Self { number, destination, notices }
    }
}

/// The visit to the current address. A new one begins whenever the reader follows a link, goes back or forward, or
/// types an address.
pub(super) fn use_visit() -> RwSignal<Visit> {
    let visit = RwSignal::new(Visit::new(0));
    let scrolling = use_scrolling();
    // Leptos' listener does what `use_event_listener` of `leptos-use` does.
    let listener = window_event_listener(leptos::ev::hashchange, move |_| {
        visit.update(|visit| *visit = Visit::new(visit.number + 1));
        scrolling.open();
    });
    on_cleanup(move || listener.remove());
    visit
}

/// True if the address is that of the first page.
pub(super) fn is_home() -> bool {
    matches!(Destination::parse(&fragment()).0, Destination::Home)
}

fn fragment() -> String {
    location().hash().unwrap_or_default()
}

/// Keeps the address equal to `destination`, without adding to the browser's history.
pub(super) fn use_follow(destination: impl Fn() -> Destination + 'static) {
    // Without `watch_debounced` of `leptos-use`, because of its size (see `ui`).
    let timer = StoredValue::new_local(None::<TimeoutHandle>);
    let here = StoredValue::new_local(fragment());
    let clear = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    Effect::new(move || {
        let wanted = destination().to_string();
        clear();
        let settle = move || {
            // Otherwise the reader has followed a link, and its page is about to open.
            if here.with_value(|here| *here == fragment()) {
                replace(&wanted);
                here.set_value(fragment());
            }
        };
        let handle = set_timeout_with_handle(settle, SETTLES_AFTER);
        timer.set_value(handle.ok());
    });
    on_cleanup(clear);
}

fn replace(fragment: &str) {
    // If the browser refuses, the button still copies the link.
    let replace = |history: web_sys::History| history.replace_state_with_url(&scrolling::state(), "", Some(fragment));
    let _ = window().history().and_then(replace);
}

/// Opens a page as a link does, even if it is open already.
pub(super) fn go_to(destination: &Destination) {
    let fragment = destination.to_string();
    let pushed = window().history().and_then(|it| it.push_state_with_url(&JsValue::NULL, "", Some(&fragment)));
    let dispatched = pushed.and_then(|()| web_sys::Event::new("hashchange"));
    if dispatched.and_then(|event| window().dispatch_event(&event)).is_err() {
        // Browsers limit how often a page may do that, but not how often it may follow a link.
        let _ = location().set_hash(&fragment);
    }
}

/// The complete address of a page.
pub(super) fn link_to(destination: &Destination) -> String {
    let href = location().href().unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}{destination}")
}

/// The complete address of an exercise, for other people: that of its own HTML page, which has a preview. Only a site
/// that `tools/site` has finished has such pages, and its HTML says so.
pub(super) fn link_to_share(setup: Setup) -> String {
    let has_pages = document().query_selector("meta[name=exercise-pages]").ok().flatten().is_some();
    if !has_pages {
        return link_to(&Destination::Exercise(setup));
    }
    let site = location().href().unwrap_or_default();
    let site = site.split(['#', '?']).next().unwrap_or_default();
    // The page itself may have been opened as `index.html`.
    let folder = site.rfind('/').map_or("", |end| &site[..=end]);
    format!("{folder}{}", setup.page_address())
}
