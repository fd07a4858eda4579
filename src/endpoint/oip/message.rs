//! The message in the body of an error.
//!
//! The protocol says `{"error": "…"}`, but what answers is often not the model: a framework, a proxy or a gateway. Each has
//! a form of its own: `detail` as text or list (FastAPI), `error` as an object (OpenAI, vLLM), `message` and `code` (gRPC
//! gateways, TorchServe), `title` and `detail` (RFC 9457), plain text, HTML.

use serde_json::{Map, Value};

/// The fields that contain a message, in the order in which they are shown.
const FIELDS: [&str; 12] = [
    "title",
    "error",
    "error_code",
    "message",
    "msg",
    "error_message",
    "error_description",
    "reason",
    "description",
    "detail",
    "details",
    "errors",
];

/// The maximum number of messages that are shown of a list.
const MOST_OF_LIST: usize = 3;

/// The message in the body of an error response, in one line. `None` if the body is empty.
pub(super) fn message(body: &[u8]) -> Option<String> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        // Other JSON is better than nothing.
        return message_in(&value).or_else(|| is_something(&value).then(|| in_one_line(&value.to_string())));
    }
    let text = String::from_utf8_lossy(body);
    let text = if is_html(&text) { text_of_html(&text) } else { in_one_line(&text) };
    Some(text).filter(|text| !text.is_empty())
}

/// The message in a body that should be a result, but has a field `error` that says otherwise.
pub(super) fn reported_error(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Reported {
        error: Option<Value>,
    }

    // Most results do not contain the word, and a result can have megabytes.
    let has_field = body.windows(b"\"error\"".len()).any(|part| part == b"\"error\"");
    let error = has_field.then(|| serde_json::from_slice::<Reported>(body).ok())??.error?;
    message_in(&error).or_else(|| is_something(&error).then(|| in_one_line(&error.to_string())))
}

/// False for what stands for "no error".
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(in_one_line(text)).filter(|text| !text.is_empty()),
        Value::Array(items) => joined(items.iter().filter_map(message_in), "; "),
        Value::Object(fields) => message_in_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn message_in_fields(fields: &Map<String, Value>) -> Option<String> {
    let value_of = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = joined(FIELDS.into_iter().filter_map(value_of).filter_map(message_in), ": ")?;
    // FastAPI names the field of the request.
    let place = value_of("loc").and_then(Value::as_array).map(|parts| {
        let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
        parts.iter().map(part).collect::<Vec<_>>().join(".")
    });
    Some(match place {
        Some(place) if !place.is_empty() => format!("{}: {text}", in_one_line(&place)),
        _ => text,
    })
}

/// The first texts, each only once.
fn joined(texts: impl Iterator<Item = String>, separator: &str) -> Option<String> {
    let mut shown = Vec::new();
    for text in texts {
        if !shown.contains(&text) && shown.len() < MOST_OF_LIST {
            shown.push(text);
        }
    }
    (!shown.is_empty()).then(|| shown.join(separator))
}

pub(super) fn is_html(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The title of an HTML page, or else its text.
fn text_of_html(html: &str) -> String {
    let title = between(html, "<title", "</title").and_then(|title| title.split_once('>')).map(|(_, title)| title);
    let text = title.filter(|title| !title.trim().is_empty()).map_or_else(|| without_tags(html), str::to_owned);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    in_one_line(&entities.into_iter().fold(text, |text, (entity, character)| text.replace(entity, character)))
}

/// The part of a page from one tag to another. Tags are found in capital letters, too.
fn between<'a>(html: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let lower = html.to_ascii_lowercase();
    let from = lower.find(start)? + start.len();
    let length = lower[from..].find(end)?;
    Some(&html[from..from + length])
}

fn without_tags(html: &str) -> String {
    // Bytes have the same places in it.
    let lower = html.to_ascii_lowercase();
    let (mut text, mut at) = (String::new(), 0);
    while let Some(start) = lower[at..].find('<').map(|found| at + found) {
        text.push_str(&html[at..start]);
        text.push(' ');
        // The content of these is not shown.
        let hidden = ["script", "style"].into_iter().find(|name| lower[start + 1..].starts_with(name));
        let last_tag = match hidden {
            Some(name) => lower[start..].find(&format!("</{name}")).map(|found| start + found),
            None => Some(start),
        };
        let end = last_tag.and_then(|tag| lower[tag..].find('>').map(|found| tag + found + 1));
        at = end.unwrap_or(html.len());
    }
    text.push_str(&html[at..]);
    text
}

/// The text without line breaks, and without characters that change how the text around it is shown.
pub(super) fn in_one_line(text: &str) -> String {
    let is_shown = |c: &char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().filter(is_shown).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_message_is_found_in_every_form() {
        for (body, expected) in [
            (r#"{"error": "there is no model `m`"}"#, "there is no model `m`"),
            // FastAPI and KServe.
            (r#"{"detail": "Not Found"}"#, "Not Found"),
            (
                r#"{"detail": [{"loc": ["body", "inputs", 0, "shape"], "msg": "value is not a valid list", "type": "x"}]}"#,
                "body.inputs.0.shape: value is not a valid list",
            ),
            // OpenAI and vLLM.
            (r#"{"error": {"code": "400", "message": "too long", "param": "", "type": "BadRequest"}}"#, "too long"),
            (
                r#"{"object": "error", "message": "no such model", "type": "NotFoundError", "code": 404}"#,
                "no such model",
            ),
            // gRPC gateways.
            (r#"{"code": 5, "message": "Not Found", "details": []}"#, "Not Found"),
            // RFC 9457, and Spring.
            (r#"{"type": "about:blank", "title": "Bad Request", "detail": "no inputs"}"#, "Bad Request: no inputs"),
            (r#"{"status": 404, "error": "Not Found", "message": "No route", "path": "/v2"}"#, "Not Found: No route"),
            (r#"{"Message": "denied"}"#, "denied"),
            (r#"{"errors": [{"msg": "a"}, "b", {"message": "a"}, "c", "d"]}"#, "a; b; c"),
            (r#"{"error": {"inner": {"message": "deep"}}}"#, r#"{"error":{"inner":{"message":"deep"}}}"#),
            (r#""just a text""#, "just a text"),
            (r#"{"error": null, "reason": "busy"}"#, "busy"),
            // Nothing that is known, but something.
            (r#"{"code": 7}"#, r#"{"code":7}"#),
            ("Internal Server Error\n", "Internal Server Error"),
            ("upstream\r\n  connect\u{202e} error\u{0}", "upstream connect error"),
            ("<html><head><TITLE>502 Bad Gateway</TITLE></head><body>nginx</body></html>", "502 Bad Gateway"),
            ("<p>Busy &amp; <style>p { color: red }</style><b>slow</b></p>", "Busy & slow"),
            ("<script>while (true) {}", ""),
            ("", ""),
            ("{}", ""),
            ("null", ""),
        ] {
            let found = message(body.as_bytes()).unwrap_or_default();
            assert_eq!(found, expected, "{body}");
        }
        assert_eq!(message(b"\xff\xfe").as_deref(), Some("\u{fffd}\u{fffd}"));
    }

    #[test]
    fn an_error_in_a_result_is_reported() {
        for (body, expected) in [
            (r#"{"error": "out of memory", "outputs": []}"#, Some("out of memory")),
            (r#"{"error": {"code": 3}}"#, Some(r#"{"code":3}"#)),
            (r#"{"error": null, "outputs": []}"#, None),
            (r#"{"error": "", "outputs": []}"#, None),
            (r#"{"error": false, "outputs": []}"#, None),
            (r#"{"outputs": [{"name": "error"}]}"#, None),
            (r#"{"outputs": []}"#, None),
            ("\"error\"", None),
        ] {
            assert_eq!(reported_error(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(body in prop::collection::vec(any::<u8>(), 0..100), html in "<[a-zA-Z<>/é&; ]{0,60}") {
            let _ = (message(&body), reported_error(&body));
            let text = message(html.as_bytes()).unwrap_or_default();
            prop_assert!(!text.contains(char::is_control));
        }
    }
}
