//! The measurements of the exercise on API calls: throughput, the knee, and latencies since due and since sent. No
//! other test runs at the same time, because it would change the measurements.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually, milliseconds};
use e2e::suite::Test;

use super::api_calls::PLAIN;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        throughput_peaks_at_the_servers_maximum_and_the_knee_is_its_capacity,
        an_overload_shows_only_in_the_latency_since_due
    ]
    .map(Test::alone)
}

/// The values of an attribute of all columns, one for each level of concurrency.
async fn levels(page: &Page, attribute: &str) -> Result<Vec<f64>, PageError> {
    let values = page.attributes(&format!("figure.sweep .column[{attribute}]"), attribute).await?;
    Ok(values.iter().map(|value| value.parse().unwrap_or(f64::NAN)).collect())
}

async fn throughput_peaks_at_the_servers_maximum_and_the_knee_is_its_capacity(engine: Engine) -> TestResult {
    let link = format!("{PLAIN}&requests=0&batch-size=1&latency=100&capacity=8&sweep=16");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let throughput = levels(page, "data-throughput").await?;
    assert_eq!(throughput.len(), 5);
    let text = page.texts("figure.sweep").await?.join("\n");
    // A machine that is busy for a moment lowers the throughput of one level. Nothing raises it.
    let highest = throughput[3..].iter().copied().fold(0.0, f64::max);
    // No machine is faster than the waits, and a slow machine adds its own time to each.
    assert!((56.0..=82.0).contains(&highest), "8 at a time for 100 ms each are 80 per second: {text}");
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, ["8"], "{text}");
    assert!(text.contains("is at 8 concurrent requests"), "{text}");

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

async fn an_overload_shows_only_in_the_latency_since_due(engine: Engine) -> TestResult {
    // One permit, 50 ms for each request, and 100 requests per second are due: five times as many as the endpoint can
    // serve.
    let settings = "arrivals=rate&rate=100&limit=1&requests=100&batch-size=1&capacity=0&latency=50";
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&{settings}")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let rows = page.table("Latency: percentiles").await?;
    let p99: Vec<_> = rows.iter().map(|row| milliseconds(&row[6]).unwrap_or(f64::NAN)).collect();
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["Since due", "Since sent"]);
    assert!(p99[0] > 5.0 * p99[1], "{rows:?}");
    let found = page.notes().await?;
    assert!(found.contains("coordinated omission") && found.contains("a request was due every 10 ms"), "{found}");
    Ok(())
}
