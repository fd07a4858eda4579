//! The exercise on API calls: with the page's own model server, and with an independent endpoint on another origin, in
//! every engine.

mod bad_endpoints;
mod model_server;
mod own_endpoint;

use e2e::endpoint::Endpoint;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    bad_endpoints::tests().chain(model_server::tests()).chain(own_endpoint::tests())
}

/// Nothing random and no comparison, so that a run consists mostly of its requests.
pub const PLAIN: &str = "async-api-calls?one-by-one=off&failure-rate=0&spread=0&seed=7";

/// A link to the exercise with an endpoint on another origin.
pub fn link_to(endpoint: &Endpoint, models: &str, more: &str) -> String {
    format!("{PLAIN}&endpoint=own&url={}&models={models}{more}", encoded(endpoint.url()))
}

fn encoded(url: &str) -> String {
    url.replace(':', "%3A").replace('/', "%2F")
}

/// The number of requests by outcome.
pub async fn outcomes(page: &Page) -> Result<Vec<(String, u32)>, PageError> {
    let rows = page.table("Outcomes of the requests").await?;
    Ok(rows.into_iter().map(|row| (row[0].clone(), row[1].replace(',', "").parse().unwrap_or(u32::MAX))).collect())
}

/// The page's text about the connection, after the test of the connection.
async fn connection(page: &Page) -> Result<String, PageError> {
    eventually("a text about the connection", async || {
        let text = page.texts("[data-connection]").await?.join("\n");
        Ok(if text.is_empty() || text.contains("Testing") { Err(text) } else { Ok(text) })
    })
    .await
}

/// Presses the button that tests the connection, and returns the page's text about it.
async fn test_connection(page: &Page) -> Result<String, PageError> {
    page.wait_for_button("Test connection").await?;
    page.press("Test connection").await?;
    connection(page).await
}
