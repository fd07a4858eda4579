//! The scroll position of a page when it opens.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        a_new_page_starts_at_its_top_and_back_returns_to_where_the_reader_was,
        a_change_of_a_control_does_not_scroll
    ]
}

/// Scrolls as a reader does, and waits until the page has noticed. The body is made high: an exercise fits on a screen.
async fn scroll_to(page: &Page, y: f64) -> Result<(), PageError> {
    let scroll = "document.body.style.minHeight = '3000px'; scrollTo(0, arguments[0])";
    page.evaluate::<()>(scroll, vec![y.into()]).await?;
    eventually(&format!("a stored position of {y}"), async || {
        let (at, stored): (f64, Option<f64>) = page.evaluate("return [scrollY, history.state]", Vec::new()).await?;
        Ok(if (at, stored) == (y, Some(y)) { Ok(()) } else { Err(format!("{at}, {stored:?}")) })
    })
    .await
}

async fn wait_for_position(page: &Page, title: &str, y: f64) -> Result<(), PageError> {
    eventually(&format!("{title} at {y}"), async || {
        let at: f64 = page.evaluate("return scrollY", Vec::new()).await?;
        let now = (page.texts("h1").await?.concat(), at);
        Ok(if now == (title.to_owned(), y) { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await
}

async fn a_new_page_starts_at_its_top_and_back_returns_to_where_the_reader_was(engine: Engine) -> TestResult {
    // A browser that has visited many pages drops entries of its history.
    let fixture = Fixture::open_in_new_browser(engine, "guide").await?;
    let page = &fixture.page;
    eventually("the text of the guide", async || {
        let headings = page.texts(".guide h2").await?.len();
        Ok(if headings > 4 { Ok(()) } else { Err(headings.to_string()) })
    })
    .await?;
    scroll_to(page, 400.0).await?;
    page.follow("async-basics?seed=7").await?;
    wait_for_position(page, "Async basics", 0.0).await?;
    scroll_to(page, 250.0).await?;
    page.follow("async-multiple?seed=7").await?;
    wait_for_position(page, "Many tasks", 0.0).await?;
    page.back().await?;
    wait_for_position(page, "Async basics", 250.0).await?;
    // The text of the guide is loaded again, so its page is short at first.
    page.back().await?;
    wait_for_position(page, "Guide", 400.0).await?;
    page.forward().await?;
    wait_for_position(page, "Async basics", 250.0).await?;
    Ok(())
}

async fn a_change_of_a_control_does_not_scroll(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    let page = &fixture.page;
    page.wait_for_button("Run").await?;
    scroll_to(page, 200.0).await?;
    let change = "const field = document.querySelector('[data-control=download] input[type=number]');
        field.value = '60'; field.dispatchEvent(new Event('input', { bubbles: true }));
        field.dispatchEvent(new Event('change', { bubbles: true }))";
    page.evaluate::<()>(change, Vec::new()).await?;
    page.wait_for_link("async-basics?download=60&seed=7").await?;
    let (at, stored): (f64, Option<f64>) = page.evaluate("return [scrollY, history.state]", Vec::new()).await?;
    assert_eq!((at, stored), (200.0, Some(200.0)));
    Ok(())
}
