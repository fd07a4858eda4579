//! The HTML pages of the exercises (`async-basics/`), and the frame in every page's HTML, which is painted before the
//! app is there.

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestError, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, Server, built_part, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_page_of_an_exercise_opens_it_with_the_settings_of_its_address,
        a_route_in_the_address_of_a_page_wins,
        the_frame_stays_in_place_when_the_app_replaces_it
    ]
    .chain(in_chromium![nothing_moves_while_a_page_is_loaded])
}

/// The address of the open page, relative to the site.
async fn address(page: &Page, server: &Server) -> Result<String, PageError> {
    let address: String = page.evaluate("return location.href", Vec::new()).await?;
    Ok(address.strip_prefix(server.url()).unwrap_or(&address).to_owned())
}

async fn the_page_of_an_exercise_opens_it_with_the_settings_of_its_address(engine: Engine) -> TestResult {
    let Fixture { page, browser: _browser, server } = Fixture::open_in(engine, QUICK).await?;
    page.open_path("async-multiple/?one-by-one=off&scale=0.1&seed=42&run=1").await?;
    page.wait_for_status("Finished").await?;
    assert_eq!(page.title().await?, "Many tasks");
    assert_eq!(page.control("seed").await?.value, "42");
    let shared = "#/async-multiple?one-by-one=off&scale=0.1&seed=42&run=1";
    assert_eq!(address(&page, &server).await?, shared);
    // It is an ordinary address of the app: it can be loaded again, and other pages can be opened from it.
    page.reload().await?;
    page.wait_for_status("Finished").await?;
    assert_eq!(address(&page, &server).await?, shared);
    page.follow("async-basics?seed=3").await?;
    page.wait_for_link("async-basics?seed=3").await?;
    assert_eq!(address(&page, &server).await?, "#/async-basics?seed=3");
    Ok(())
}

async fn a_route_in_the_address_of_a_page_wins(engine: Engine) -> TestResult {
    let Fixture { page, browser: _browser, server } = Fixture::open_in(engine, QUICK).await?;
    page.open_path("async-multiple/#/async-basics?seed=5").await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.title().await?, "Async basics");
    assert_eq!(address(&page, &server).await?, "#/async-basics?seed=5");
    Ok(())
}

/// The places of everything in the frame that has a text, and these texts.
const FRAME: &str = "return [...document.querySelectorAll(
    '.top a, .top button, .exercises a, h1, .teaches, .door, .first-run :is(button, label, input, .line, .label, h2), .card h2')]
    .map((element) => {
        const { left, top, height } = element.getBoundingClientRect();
        return [element.innerText.trim(), ...[left, top, height].map((it) => Math.round(it * 10) / 10)].join(' ');
    })";

/// A server of a site whose code does not arrive.
pub(super) fn without_code() -> Result<Server, TestError> {
    let server = Server::start(&built_site(), BASE)?;
    server.replace(&built_part("interleave.js")?, Replacement::Status(404));
    Ok(server)
}

async fn the_frame_stays_in_place_when_the_app_replaces_it(engine: Engine) -> TestResult {
    let Fixture { page, browser, server: _server } = Fixture::open_in(engine, QUICK).await?;
    let frozen = without_code()?;
    let frozen_page = Page::new(&browser, frozen.url());
    for width in [1280, 600] {
        page.set_width(width).await?;
        for path in ["", "async-basics/", "validate-async/", "common-issues/"] {
            frozen_page.open_path(path).await?;
            let frame: Vec<String> = frozen_page.evaluate(FRAME, Vec::new()).await?;
            assert!(frame.len() > 12, "{frame:?}");
            page.open_path(path).await?;
            page.wait_until_mounted().await?;
            // The cards of the first page are mounted one after the other.
            let app = eventually("the whole page", async || {
                let app: Vec<String> = page.evaluate(FRAME, Vec::new()).await?;
                Ok(if app.len() == frame.len() { Ok(app) } else { Err(format!("{app:#?}")) })
            })
            .await?;
            let moved: Vec<_> = frame.iter().zip(&app).filter(|(before, after)| before != after).collect();
            assert!(moved.is_empty(), "`{path}` at {width} px: {moved:#?}");
        }
    }
    Ok(())
}

/// Everything that has moved since the page was opened, and how much of the window that was. Less than 0.002 is left out:
/// a browser may paint the top bar when only half of its HTML has arrived.
const SHIFTS: &str = "return new Promise((done) => {
    new PerformanceObserver((list) => done(list.getEntries().filter((shift) => shift.value >= 0.002).flatMap((shift) => shift.sources.map((source) =>
        [shift.value, source.node?.outerHTML?.slice(0, 80), ...[source.previousRect, source.currentRect]
            .map(({ left, top, width, height }) => `${left} ${top} ${width} ${height}`)].join(', '))))).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done([]), 500);
})";

async fn nothing_moves_while_a_page_is_loaded() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    // The lanes of the other exercises make room for their forecast when it is there.
    let paths =
        ["", "#/guide", "#/runs", "#/benchmark", "async-file-io/", "concurrency-comparison/", "validate-async/?seed=3"];
    let mut moved = Vec::new();
    for width in [1280, 360] {
        page.set_width(width).await?;
        for path in paths {
            page.open_path(path).await?;
            page.wait_until_mounted().await?;
            // A run that starts by itself does not move anything either.
            if path.is_empty() {
                page.wait_for_status("Finished").await?;
            }
            let shifts: Vec<String> = page.evaluate(SHIFTS, Vec::new()).await?;
            moved.extend(shifts.into_iter().map(|shift| format!("`{path}` at {width} px: {shift}")));
        }
    }
    assert_eq!(moved, [""; 0]);
    Ok(())
}
