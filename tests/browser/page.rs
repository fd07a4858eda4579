//! The page, mounted in a browser and used through what a user sees: names, texts and states.

use std::time::Duration;

use interleave::runtime::Run;
use interleave::runtime::browser::Stopwatch;
use interleave::ui::App;
use leptos::mount::mount_to;
use leptos::prelude::{document, location, set_timeout, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, Event, EventInit, HtmlButtonElement, HtmlElement, HtmlInputElement};

/// The page in its own element, which is removed when it is dropped.
struct Page {
    root: HtmlElement,
    _mounted: Box<dyn std::any::Any>,
}

impl Page {
    fn open(fragment: &str) -> Self {
        let history = window().history().expect("a page has one");
        history.replace_state_with_url(&JsValue::NULL, "", Some(fragment)).expect("it is of this page");
        let root: HtmlElement = document().create_element("div").expect("it is a tag").unchecked_into();
        document().body().expect("there is one").append_child(&root).expect("it is new");
        let mounted = mount_to(root.clone(), App);
        Self { root, _mounted: Box::new(mounted) }
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).expect("the selector is valid")
    }

    fn text(&self, selector: &str) -> String {
        self.find(selector).and_then(|element| element.text_content()).unwrap_or_default()
    }

    fn button(&self, name: &str) -> HtmlButtonElement {
        let all = self.root.query_selector_all("button").expect("the selector is valid");
        let mut buttons = (0..all.length()).filter_map(|index| all.get(index)?.dyn_into().ok());
        buttons.find(|button: &HtmlButtonElement| button.text_content().as_deref() == Some(name)).expect(name)
    }

    fn enter(&self, selector: &str, text: &str) {
        let input: HtmlInputElement = self.find(selector).expect(selector).unchecked_into();
        input.set_value(text);
        let bubbles = EventInit::new();
        bubbles.set_bubbles(true);
        let event = Event::new_with_event_init_dict("input", &bubbles).expect("it is an event");
        input.dispatch_event(&event).expect("it was just created");
    }

    async fn wait_for(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let (page, stopwatch) = (Run::for_page(), Stopwatch::start());
        while !condition(self) {
            let state = self.text("[role=status]");
            assert!(stopwatch.elapsed() < Duration::from_secs(20), "waited for {what}; the status is `{state}`");
            page.sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for what shows a run, which is loaded after the page.
    async fn wait_for_panels(&self) {
        self.wait_for("the panels", |page| page.find("[data-metric=tasks]").is_some()).await;
    }

    async fn wait_for_status(&self, word: &str) {
        self.wait_for(word, |page| page.text("[role=status]").starts_with(word)).await;
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let root = self.root.clone();
        // The element is removed after the view is unmounted.
        set_timeout(move || root.remove(), Duration::ZERO);
    }
}

#[wasm_bindgen_test]
async fn a_run_goes_from_ready_to_finished_with_its_results() {
    let page = Page::open("#/async-basics?scale=0.5&seed=7");
    assert!(page.text("[role=status]").starts_with("Ready"));
    assert_eq!(page.text("h1"), "Async basics");
    page.button("Run").click();
    page.wait_for_status("Running").await;
    assert!(page.button("Run").disabled() && !page.button("Stop").disabled());
    page.wait_for_status("Finished").await;
    assert!(page.text(".speed-up").ends_with("times as fast"));
    assert_eq!(page.text("[data-metric=tasks]"), "16");
    assert!(page.text(".digits figcaption").contains("seed 7"));
    assert!(page.find("[data-bar=blocking_sleep][data-measured-us][data-ideal-us]").is_some());
}

#[wasm_bindgen_test]
async fn stop_ends_a_run_immediately() {
    let page = Page::open("#/async-basics?seed=7");
    page.wait_for_panels().await;
    page.button("Run").click();
    page.wait_for("the first task", |page| page.text("[data-metric=tasks]") != "–").await;
    page.button("Stop").click();
    page.wait_for_status("Stopped").await;
    let tasks = page.text("[data-metric=tasks]");
    Run::for_page().sleep(Duration::from_millis(500)).await;
    assert_eq!(page.text("[data-metric=tasks]"), tasks);
    assert!(page.text("[role=status]").starts_with("Stopped"));
}

#[wasm_bindgen_test]
async fn a_number_out_of_range_is_refused_next_to_its_control() {
    let page = Page::open("#/async-basics?seed=7");
    page.enter("#control-download", "99999");
    page.wait_for("the error message", |page| page.text("#refusal-download").contains("99999 is out of range")).await;
    page.wait_for("Run to be disabled", |page| page.button("Run").disabled()).await;
    assert_eq!(
        page.find("#control-download").and_then(|input| input.get_attribute("aria-invalid")).as_deref(),
        Some("true")
    );

    page.button("Reset to defaults").click();
    page.wait_for("Run to work again", |page| !page.button("Run").disabled()).await;
    let input: HtmlInputElement = page.find("#control-download").expect("it is there").unchecked_into();
    assert_eq!((input.value().as_str(), page.text("#refusal-download").as_str()), ("400", ""));
}

#[wasm_bindgen_test]
async fn the_address_follows_the_controls() {
    let page = Page::open("#/async-basics?seed=7");
    page.enter("#control-load", "250");
    page.wait_for("the address", |_| location().hash().is_ok_and(|hash| hash == "#/async-basics?load=250&seed=7"))
        .await;
}

#[wasm_bindgen_test]
async fn text_from_a_link_is_shown_as_text() {
    let page = Page::open("#/%3Cimg%20src=x%20onerror=alert(1)%3E?%3Cb%3E=1");
    assert!(page.text(".notices").contains("<b>"));
    assert!(page.find(".notices b, .notices img").is_none());
}

#[wasm_bindgen_test]
async fn a_link_with_run_starts_a_run() {
    let page = Page::open("#/async-basics?scale=0.1&blocking=off&run=1");
    page.wait_for_status("Finished").await;
    assert!(page.find("[data-bar=blocking_sleep]").is_none());
}

#[wasm_bindgen_test]
async fn a_disclosure_stays_open_while_its_chart_changes() {
    let page = Page::open("#/async-basics?scale=0.5&seed=7");
    page.wait_for_panels().await;
    let disclosure = page.find("[aria-labelledby=tab-table] details").expect("the tasks are behind it");
    disclosure.set_attribute("open", "").expect("it is an attribute");
    page.button("Run").click();
    page.wait_for_status("Finished").await;
    page.wait_for("the table of tasks", |page| page.find("[aria-labelledby=tab-table] details table").is_some()).await;
    let now = page.find("[aria-labelledby=tab-table] details");
    assert!(now.as_ref() == Some(&disclosure) && disclosure.has_attribute("open"));
    let picture = page.find(".comparison .lanes").expect("each part has some");
    assert_eq!(picture.namespace_uri().as_deref(), Some("http://www.w3.org/2000/svg"));
}
