//! The elements that are in view without scrolling on a laptop's screen, on the page of each exercise, before and after
//! a run.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use super::all_pages::EXERCISES;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![title_controls_code_timeline_and_result_are_in_view]
}

/// The sizes of the window, in CSS pixels.
const SIZES: [(u32, u32); 2] = [(1440, 900), (1280, 800)];

/// The size of the window during a run.
const SMALL: (u32, u32) = (500, 400);

/// The elements that must be in view and are not: their names, with the places of their boxes. The timeline counts as
/// in view if its axis and the lanes of all parts of its first comparison are. The code does if the name of one of the
/// exercise's functions is; its pane may be higher than the window, and scrolls.
const OUT_OF_VIEW: &str = "const isFinished = arguments[0];
    const inPane = (element) => {
        const [box, pane] = [element, element.closest('pre')].map(it => it.getBoundingClientRect());
        return box.top >= pane.top - 1 && box.bottom <= pane.bottom + 1;
    };
    const functions = [...document.querySelectorAll('section.sources pre:not([hidden]) .line .f')].filter(inPane);
    const wanted = {
        title: [document.querySelector('h1')],
        sentence: [document.querySelector('.teaches')],
        run: [document.querySelector('button.run')],
        stop: [document.querySelector('button.stop')],
        controls: [...document.querySelectorAll('.setup .control')].filter(it => !it.closest('details'))
            .concat(document.querySelector('.more-controls > summary')),
        code: [functions[0]],
        timeline: [...document.querySelector('.timeline .comparison')?.querySelectorAll('.lanes') ?? [null]],
    };
    if (isFinished) wanted.headline = [document.querySelector('.comparison figcaption')];
    const isIn = (element) => {
        const { left, top, right, bottom, width } = element.getBoundingClientRect();
        return width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    };
    return Object.entries(wanted).flatMap(([name, elements]) => {
        const box = (element) => JSON.stringify(element?.getBoundingClientRect() ?? null);
        const bad = elements.filter(element => !element || !isIn(element));
        return elements.length === 0 ? [`${name}: none`] : bad.map(element => `${name}: ${box(element)}`);
    });";

async fn out_of_view(page: &Page, is_finished: bool) -> Result<Vec<String>, PageError> {
    let mut missing = Vec::new();
    for (width, height) in SIZES {
        page.set_size(width, height).await?;
        // The page is laid out, and the canvas drawn, with the next frame.
        let settle =
            "scrollTo(0, 0); await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))";
        page.evaluate::<()>(settle, Vec::new()).await?;
        let out_of_view: Vec<String> = page.evaluate(OUT_OF_VIEW, vec![is_finished.into()]).await?;
        missing.extend(out_of_view.into_iter().map(|what| format!("{width} × {height}: {what}")));
    }
    Ok(missing)
}

async fn title_controls_code_timeline_and_result_are_in_view() -> TestResult {
    let fixture = Fixture::open(EXERCISES[0]).await?;
    let page = &fixture.page;
    let mut missing = Vec::new();
    for link in EXERCISES {
        // With the settings that a visitor finds.
        let slug = link.split('?').next().unwrap_or_default();
        page.open(slug).await?;
        page.wait_for_button("Run").await?;
        eventually("the source", async || {
            let lines = page.texts("section.sources .line").await?.len();
            Ok(if lines > 20 { Ok(()) } else { Err(format!("{lines} lines")) })
        })
        .await?;
        for (is_finished, when) in [(false, "before a run"), (true, "after a run")] {
            if is_finished {
                // A run draws many frames, and a small one takes less time.
                page.set_size(SMALL.0, SMALL.1).await?;
                page.run_to_the_end().await?;
            }
            let out_of_view = out_of_view(page, is_finished).await?;
            missing.extend(out_of_view.into_iter().map(|what| format!("{slug} {when}, {what}")));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    Ok(())
}
