//! What the exercise on API calls measures: throughput, the knee, and latencies from schedule and from send. Apart from the
//! other tests, because what runs beside it is measured with it.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use tokio::sync::Mutex;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        throughput_settles_at_what_the_server_can_and_the_knee_is_its_capacity,
        a_schedule_that_outruns_the_endpoint_shows_from_schedule_only
    ]
}

/// Nothing random and no comparison, so that a run is little more than its requests.
const PLAIN: &str = "async-api-calls?one-by-one=off&failure-rate=0&spread=0&seed=7";

/// What is measured here is measured alone.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A time as the page writes it, in milliseconds.
fn ms(text: &str) -> f64 {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: f64 = number.parse().unwrap_or(f64::NAN);
    if unit == "s" { number * 1e3 } else { number }
}

/// An attribute of each level's column.
async fn levels(page: &Page, attribute: &str) -> Result<Vec<f64>, PageError> {
    let values = page.attributes(&format!("figure.sweep .column[{attribute}]"), attribute).await?;
    Ok(values.iter().map(|value| value.parse().unwrap_or(f64::NAN)).collect())
}

async fn throughput_settles_at_what_the_server_can_and_the_knee_is_its_capacity(engine: Engine) -> TestResult {
    let _alone = ALONE.lock().await;
    let link = format!("{PLAIN}&requests=0&batch-size=1&latency=200&capacity=8&sweep=32");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let throughput = levels(page, "data-throughput").await?;
    assert_eq!(throughput.len(), 6);
    let message = page.texts("figure.sweep").await?.join("\n");
    // A machine that does something else for a moment takes from one level, and nothing adds to any.
    let most = throughput[4..].iter().copied().fold(0.0, f64::max);
    // No machine is faster than the waits, and a slow one adds its own time to each.
    assert!((32.0..=41.0).contains(&most), "8 at a time for 200 ms each are 40 per second: {message}");
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, ["8"], "{message}");
    assert!(message.contains("The knee is at 8:"), "{message}");

    // The target moves without another run.
    let runs = page.metric("tasks").await?;
    let goodput = levels(page, "data-goodput").await?;
    let slide = "const slider = document.getElementById('latency-target'); slider.value = slider.max;
        slider.dispatchEvent(new Event('input', { bubbles: true })); return null";
    page.evaluate::<serde_json::Value>(slide, Vec::new()).await?;
    eventually("another goodput", async || {
        let now = levels(page, "data-goodput").await?;
        Ok(if now != goodput && now == throughput { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await?;
    assert_eq!(page.metric("tasks").await?, runs);
    Ok(())
}

async fn a_schedule_that_outruns_the_endpoint_shows_from_schedule_only(engine: Engine) -> TestResult {
    let _alone = ALONE.lock().await;
    // A tenth of: one permit, 500 ms of service, 10 requests per second due.
    let settings = "arrivals=rate&rate=100&limit=1&requests=100&batch-size=1&capacity=0&latency=50";
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&{settings}")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let rows = page.table("Latency: percentiles").await?;
    let p99: Vec<_> = rows.iter().map(|row| ms(&row[6])).collect();
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["From schedule", "From send"]);
    assert!(p99[0] > 5.0 * p99[1], "{rows:?}");
    let found = page.notes().await?;
    assert!(found.contains("coordinated omission") && found.contains("a request was due every 10 ms"), "{found}");
    Ok(())
}
