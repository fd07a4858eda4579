//! The forecast before the first run, and the reader's prediction.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![an_idle_page_shows_a_forecast_if_its_exercise_has_an_ideal]
        .chain(in_chromium![
            without_an_ideal_there_are_the_names_of_the_parts_and_no_axis,
            without_an_ideal_the_last_run_is_outlined,
            a_run_replaces_the_forecast_and_a_change_after_it_names_the_new_ideal,
            the_reader_predicts_with_the_keyboard_and_sees_the_answer
        ])
        // Other tests would make them slower.
        .chain(
            in_each_engine![a_control_changes_the_forecast_at_once, a_large_forecast_does_not_freeze_the_page]
                .map(Test::alone),
        )
}

/// The exercises that have an ideal.
const WITH_IDEAL: [&str; 7] = [
    "async-basics",
    "async-multiple",
    "async-api-calls",
    "async-ml-pipeline",
    "async-error-handling",
    "common-issues",
    "advanced",
];

/// The exercises without one, and an endpoint of the reader's own, whose speed nobody knows.
const WITHOUT_IDEAL: [&str; 4] = [
    "async-file-io",
    "concurrency-comparison",
    "validate-async",
    "async-api-calls?endpoint=own&url=http%3A%2F%2F127.0.0.1%3A9",
];

/// The caption of the timeline.
const CAPTION: &str = "figure.timeline > figcaption";

/// Waits for a forecast, and returns the captions of the comparisons.
async fn wait_for_forecast(page: &Page) -> Result<String, PageError> {
    eventually("a forecast", async || {
        let caption = page.texts(CAPTION).await?.concat();
        let comparisons = page.texts(".comparison figcaption").await?.join("\n");
        let is_forecast = caption.starts_with("A forecast, not a measurement") && comparisons.contains("Forecast: ");
        Ok(if is_forecast { Ok(comparisons) } else { Err(format!("{caption} {comparisons}")) })
    })
    .await
}

/// The number of pixels that are filled in the timeline's picture. An axis without tasks has none: its lines are thin.
async fn filled_pixels(page: &Page) -> Result<u32, PageError> {
    let count = "const canvas = document.querySelector('figure.timeline canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let [filled, wide] = [0, 0];
        for (let at = 3; at < data.length; at += 4) {
            wide = data[at] > 0 ? wide + 1 : 0;
            filled += wide > 8;
        }
        return filled";
    page.evaluate(count, Vec::new()).await
}

/// Asserts that nothing on the page claims to have been measured.
async fn assert_nothing_measured(page: &Page) -> TestResult {
    assert!(page.status().await?.starts_with("Ready"));
    assert_eq!(page.attributes("[data-measured-us]", "data-measured-us").await?, [""; 0]);
    assert_eq!(page.attributes("[data-exact]", "data-exact").await?, [""; 0]);
    Ok(())
}

async fn an_idle_page_shows_a_forecast_if_its_exercise_has_an_ideal(engine: Engine) -> TestResult {
    // Without a service worker there is no model server that could answer.
    let fixture = Fixture::open_in_without_service_worker(engine, "async-basics").await?;
    let page = &fixture.page;
    for slug in WITH_IDEAL {
        for link in [slug.to_owned(), format!("{slug}?embed=1")] {
            page.open(&link).await?;
            page.wait_for_button("Run").await?;
            let forecast = wait_for_forecast(page).await?;
            assert_nothing_measured(page).await?;
            let ideals = page.texts(".ideal-figure").await?;
            assert!(ideals.iter().any(|text| text.starts_with("ideal ")), "{link}: {ideals:?}");
            assert!(filled_pixels(page).await? > 500, "{link}: nothing is drawn");
            let name = page.attributes("figure.timeline canvas", "aria-label").await?.concat();
            assert!(name.starts_with("Forecast of the tasks"), "{link}: {name}");
            println!("{link}: {}", forecast.lines().next().unwrap_or_default());
        }
    }
    let requests = fixture.server.requests();
    let asked: Vec<_> = requests.iter().filter(|request| request.path.contains("/api/")).collect();
    // The page of the exercise tests the connection by itself. The forecast sends nothing.
    assert!(asked.iter().all(|request| !request.path.contains("/infer")), "{asked:?}");
    Ok(())
}

async fn without_an_ideal_there_are_the_names_of_the_parts_and_no_axis() -> TestResult {
    let fixture = Fixture::open("async-basics").await?;
    let page = &fixture.page;
    for link in WITHOUT_IDEAL {
        page.open(link).await?;
        page.wait_for_button("Run").await?;
        eventually(&format!("the names of the parts of `{link}`"), async || {
            let labels = page.texts(".comparison .label").await?;
            let are_there = labels.len() >= 2 && labels.iter().all(|label| !label.is_empty());
            Ok(if are_there { Ok(()) } else { Err(format!("{labels:?}")) })
        })
        .await?;
        assert_eq!(page.attributes("[data-ideal-us]", "data-ideal-us").await?, [""; 0], "{link}");
        let is_blank = "const canvas = document.querySelector('figure.timeline canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return data.every(value => value === 0)";
        assert!(page.evaluate::<bool>(is_blank, Vec::new()).await?, "{link}: an empty axis");
        assert_nothing_measured(page).await?;
    }
    Ok(())
}

async fn without_an_ideal_the_last_run_is_outlined() -> TestResult {
    let link = "async-file-io?files=5&size=2&seed=7";
    let fixture = Fixture::open(link).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    eventually("a saved run", async || {
        let saved = page.texts(".saved").await?.concat();
        Ok(if saved.starts_with("Saved") { Ok(()) } else { Err(saved) })
    })
    .await?;
    page.open("async-file-io?files=9&size=2&seed=7").await?;
    page.wait_for_button("Run").await?;
    eventually("the outline of the last run", async || {
        let caption = page.texts(CAPTION).await?.concat();
        let is_there = caption.starts_with("The outline is your last run") && caption.contains("Files 5");
        Ok(if is_there { Ok(()) } else { Err(caption) })
    })
    .await?;
    let beside = page.texts(".ideal-figure").await?;
    assert!(beside.iter().any(|text| text.starts_with("last run ")), "{beside:?}");
    assert!(filled_pixels(page).await? > 500, "nothing is drawn");
    assert_nothing_measured(page).await
}

/// Changes a field and measures the time until the text or an attribute of the comparisons changes, in milliseconds.
const TIME_OF_CHANGE: &str = "const [name, value, done] = arguments;
    const field = document.querySelector(`[data-control='${name}'] input[type=range]`);
    const ideals = () => [...document.querySelectorAll('[data-ideal-us]')].map(bar => bar.dataset.idealUs).join();
    const before = ideals();
    const start = performance.now();
    const watch = new MutationObserver(() => {
        if (ideals() === before) return;
        watch.disconnect();
        done(performance.now() - start);
    });
    watch.observe(document.querySelector('.tracks'), { subtree: true, childList: true, attributes: true });
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));";

async fn a_control_changes_the_forecast_at_once(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    let page = &fixture.page;
    for (link, control, values) in [
        ("async-basics", "download", ["800", "100", "900", "50"]),
        ("async-multiple", "limit", ["2", "5", "1", "4"]),
        ("async-error-handling", "failure-rate", ["0.8", "0.1", "0.9", "0"]),
    ] {
        page.open(link).await?;
        page.wait_for_button("Run").await?;
        wait_for_forecast(page).await?;
        let mut times = Vec::new();
        for value in values {
            times.push(page.evaluate_async::<f64>(TIME_OF_CHANGE, vec![control.into(), value.into()]).await?);
        }
        println!("{engine:?} {link}: {times:.1?} ms from the input to the new forecast");
        times.sort_by(f64::total_cmp);
        // A busy machine delays some of them.
        assert!(times[1] < 100.0, "{link}: {times:?} ms");
    }
    Ok(())
}

async fn a_run_replaces_the_forecast_and_a_change_after_it_names_the_new_ideal() -> TestResult {
    let fixture = Fixture::open(super::QUICK).await?;
    let page = &fixture.page;
    let forecast = wait_for_forecast(page).await?;
    assert!(forecast.contains("Concurrent takes 80 ms, 1.2 times as fast as sequential (100 ms)"), "{forecast}");
    page.run_to_the_end().await?;
    let caption = page.texts(CAPTION).await?.concat();
    assert!(!caption.contains("forecast"), "{caption}");
    let comparisons = page.texts(".comparison figcaption").await?.join("\n");
    assert!(!comparisons.contains("Forecast"), "{comparisons}");
    let bar = page.bar("concurrent_execution").await?;
    assert_eq!(bar.ideal_ms, Some(80.0), "{bar:?}");

    page.fill_in("download", "160").await?;
    eventually("the ideal of the new settings", async || {
        let outdated = page.texts(".outdated").await?.concat();
        let expected = "Controls have changed since this run. With the new settings, the ideal is: sequential 200 ms, \
                        concurrent 180 ms.";
        Ok(if outdated == expected { Ok(()) } else { Err(outdated) })
    })
    .await?;
    // The run on display stays as it is.
    assert_eq!(page.bar("concurrent_execution").await?, bar);
    Ok(())
}

/// Moves a slider several times, and returns the longest time for which the page did not respond until the last
/// forecast was there, and the time until then, in milliseconds.
const LONGEST_BLOCK: &str = "const [name, values, expected, done] = arguments;
    const field = document.querySelector(`[data-control='${name}'] input[type=range]`);
    const start = performance.now();
    let [last, longest] = [start, 0];
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (values.length > 0) {
            field.value = values.shift();
            field.dispatchEvent(new Event('input', { bubbles: true }));
        } else if (document.querySelector('.timeline > figcaption').textContent.includes(expected)) {
            return done([longest, now - start]);
        }
        setTimeout(() => channel.port2.postMessage(null), 0);
    };
    channel.port2.postMessage(null);";

async fn a_large_forecast_does_not_freeze_the_page(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-multiple?one-by-one=off&limit=100").await?;
    let page = &fixture.page;
    wait_for_forecast(page).await?;
    // Both batches and the four downloads, with their parts.
    let expected = "20,007 tasks";
    let values = serde_json::json!(["9000", "9500", "9900", "10000"]);
    let arguments = vec!["samples".into(), values, expected.into()];
    let [longest, total]: [f64; 2] = page.evaluate_async(LONGEST_BLOCK, arguments).await?;
    println!("{engine:?}: 10,000 samples twice: blocked for at most {longest:.0} ms, forecast after {total:.0} ms");
    // Both grow with what else the machine does. Computed at once, the forecast would block for all of the time.
    assert!(longest < 0.6 * total, "{longest} of {total} ms");
    Ok(())
}

async fn the_reader_predicts_with_the_keyboard_and_sees_the_answer() -> TestResult {
    let fixture = Fixture::open(&format!("{}&predict=1", super::QUICK)).await?;
    let page = &fixture.page;
    let question = page.texts(".question label").await?.concat();
    assert!(question.contains("60 ms and 20 ms") && question.ends_with("How long does it take?"), "{question}");
    assert!(page.is_enabled("Run").await?, "nobody has to answer");
    // The axis comes after the buttons of the timeline.
    page.tab_to("As it happened").await?;
    page.key(Key::Tab).await?;
    for _ in 0..30 {
        page.key(Key::Right).await?;
    }
    let said: f64 = page.evaluate("return Number(document.getElementById('prediction').value)", Vec::new()).await?;
    assert_eq!(said, 60_000.0, "half of an axis of 120 ms");
    assert_eq!(page.attributes("#prediction", "aria-valuetext").await?, ["60 ms"]);
    // The forecast would give the answer away.
    assert_eq!(page.attributes("[data-ideal-us]", "data-ideal-us").await?, [""; 0]);
    page.run_to_the_end().await?;
    eventually("the answer", async || {
        let answer = page.texts(".answer").await?.concat();
        let is_there = answer.starts_with("You predicted 60 ms; it took ") && answer.ends_with(" ms.");
        Ok(if is_there { Ok(()) } else { Err(answer) })
    })
    .await?;
    assert!(page.bar("concurrent_execution").await?.ideal_ms.is_some());

    // The next run has no question.
    page.run_to_the_end().await?;
    assert_eq!(page.texts(".question").await?, [""; 0]);
    page.wait_for_link(&format!("{}&predict=1", super::QUICK)).await?;
    Ok(())
}
