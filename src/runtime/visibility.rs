//! Marks a run as hidden while the page is: a browser slows a hidden page down, so that its times say nothing.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::Document;

use crate::runtime::Run;

const VISIBILITY_CHANGE: &str = "visibilitychange";

/// Marks a run as hidden if the page is hidden, now or as long as this lives.
#[must_use = "dropping it ends the watch"]
pub struct HiddenPageMark(Option<(Document, Closure<dyn FnMut()>)>);

impl HiddenPageMark {
    /// Begins the watch. Where there is no page, as in a worker, nothing is ever marked.
    pub fn new(run: Run) -> Self {
        Self(web_sys::window().and_then(|window| window.document()).map(|document| watch(document, run)))
    }
}

fn watch(document: Document, run: Run) -> (Document, Closure<dyn FnMut()>) {
    let page = document.clone();
    let mark = move || {
        if page.hidden() {
            run.mark_hidden();
        }
    };
    mark();
    let mark = Closure::<dyn FnMut()>::new(mark);
    // It cannot fail for an event of this name.
    let _ = document.add_event_listener_with_callback(VISIBILITY_CHANGE, mark.as_ref().unchecked_ref());
    (document, mark)
}

impl Drop for HiddenPageMark {
    fn drop(&mut self) {
        if let Some((document, mark)) = self.0.take() {
            let _ = document.remove_event_listener_with_callback(VISIBILITY_CHANGE, mark.as_ref().unchecked_ref());
        }
    }
}
