//! The measurements of the exercise on API calls: throughput, the knee, and latencies since due and since sent. No
//! other test runs at the same time, because it would change the measurements.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::endpoint::{Behaviour, Endpoint};
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually, milliseconds};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::api_calls::{PLAIN, link_to, outcomes};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        throughput_peaks_at_the_servers_maximum_and_the_knee_is_its_capacity,
        an_overload_shows_only_in_the_latency_since_due
    ]
    .chain(in_chromium![
        a_sweep_finds_the_capacity,
        a_sweep_of_an_endpoint_that_changes_claims_no_knee,
        a_preflight_is_sent_as_often_as_the_endpoint_requires
    ])
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

async fn a_sweep_finds_the_capacity() -> TestResult {
    // A browser opens at most six connections to one host, so the capacity is below that.
    let behaviour = Behaviour { latency: Duration::from_millis(150), capacity: Some(2), ..Behaviour::default() };
    let endpoint = Endpoint::start(behaviour)?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&requests=2&batch-size=1&sweep=4")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, ["2"], "{:?}", page.texts("figure.sweep").await?);
    Ok(())
}

async fn a_sweep_of_an_endpoint_that_changes_claims_no_knee() -> TestResult {
    // The latency changes by much more than the number of requests at once can, and not in step with the visits.
    let behaviour = |latency_ms| Behaviour { latency: Duration::from_millis(latency_ms), ..Behaviour::default() };
    let endpoint = Endpoint::start(behaviour(20))?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&requests=0&batch-size=1&sweep=4")).await?;
    let page = &fixture.page;
    page.press("Run").await?;
    // It changes until the run has ended.
    let changes = async {
        for latency_ms in [300, 20, 150, 300, 20, 20, 300].into_iter().cycle() {
            tokio::time::sleep(Duration::from_millis(370)).await;
            endpoint.behave(behaviour(latency_ms));
        }
    };
    tokio::select! {
        finished = page.wait_for_status("Finished") => drop(finished?),
        () = changes => unreachable!("it goes on forever"),
    }
    let text = page.texts("figure.sweep figcaption").await?.join("");
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, [""], "{text}");
    assert!(
        text.contains("too noisy to show a knee") && text.contains("Measure again with more time per level"),
        "{text}"
    );
    Ok(())
}

async fn a_preflight_is_sent_as_often_as_the_endpoint_requires() -> TestResult {
    let link = |endpoint: &Endpoint| link_to(endpoint, "digits", "&requests=30&limit=4&batch-size=1");
    let mut sent = Vec::new();
    let preflight_latency = Duration::from_millis(40);
    for preflight_max_age_s in [86_400, 0] {
        let endpoint = Endpoint::start(Behaviour { preflight_max_age_s, preflight_latency, ..Behaviour::default() })?;
        let fixture = Fixture::open(&link(&endpoint)).await?;
        fixture.page.run_to_the_end().await?;
        assert_eq!(outcomes(&fixture.page).await?, [("succeeded".to_owned(), 30)]);
        let asked = endpoint.received().into_iter().filter(|request| request.method == "OPTIONS");
        sent.push(asked.filter(|request| request.path.ends_with("/infer")).count());
        let notes = fixture.page.notes().await?;
        let is_said = notes.contains("(a CORS preflight)") && notes.contains("% of the median latency since sent");
        assert_eq!(is_said, preflight_max_age_s == 0, "{notes}");
    }
    assert_eq!(sent, [1, 31], "once, or before the warm-up and each request");
    Ok(())
}
