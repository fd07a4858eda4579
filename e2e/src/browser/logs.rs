//! The browser's logs: the console, and every request that it made. Works only in Chromium.

use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde::Deserialize;
use serde_json::{Value, json};

/// A line on the console.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// The location in the code, followed by the text.
    #[serde(rename = "message")]
    pub text: String,
}

pub(super) async fn console_problems(client: &Client) -> Result<Vec<Message>, CmdError> {
    let messages = fetch(client, "browser").await?;
    Ok(messages.into_iter().filter(|message| matches!(message.level.as_str(), "SEVERE" | "WARNING")).collect())
}

pub(super) async fn requested_urls(client: &Client) -> Result<Vec<String>, CmdError> {
    let messages = fetch(client, "performance").await?;
    Ok(messages.iter().filter_map(|message| requested_url(&message.text)).collect())
}

/// The address in an event of Chromium's DevTools protocol, if a request begins with this event.
fn requested_url(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).ok()?;
    let message = event.get("message")?;
    let is_request = message.get("method")? == "Network.requestWillBeSent";
    let url = message.pointer("/params/request/url").and_then(Value::as_str)?;
    (is_request && url.starts_with("http")).then(|| url.to_owned())
}

async fn fetch(client: &Client, log: &'static str) -> Result<Vec<Message>, CmdError> {
    let messages = client.issue_cmd(TakeLog(log)).await?;
    Ok(serde_json::from_value(messages)?)
}

/// Takes the entries of one of Chromium's logs since the last time.
#[derive(Debug)]
struct TakeLog(&'static str);

impl WebDriverCompatibleCommand for TakeLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_request_is_read_when_it_begins() {
        let event =
            r#"{"message":{"method":"Network.requestWillBeSent","params":{"request":{"url":"http://h/a.js"}}}}"#;
        assert_eq!(requested_url(event), Some("http://h/a.js".to_owned()));
    }

    #[test]
    fn other_events_and_data_urls_are_ignored() {
        for event in [
            r#"{"message":{"method":"Network.loadingFailed","params":{"request":{"url":"http://h/"}}}}"#,
            r#"{"message":{"method":"Network.requestWillBeSent","params":{"request":{"url":"data:,x"}}}}"#,
            r#"{"message":{"method":"Page.frameResized","params":{}}}"#,
            "no JSON",
        ] {
            assert_eq!(requested_url(event), None, "{event}");
        }
    }
}
