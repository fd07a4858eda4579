//! Grants permissions for which a browser would ask the user.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::json;

/// The command of <https://www.w3.org/TR/permissions/#webdriver-command-set-permission>, with `granted`.
#[derive(Debug)]
pub(super) struct GrantPermission(
    /// The permission's name, such as `clipboard-read`.
    pub &'static str,
);

impl WebDriverCompatibleCommand for GrantPermission {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/permissions", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "descriptor": { "name": self.0 }, "state": "granted" }).to_string()))
    }
}
