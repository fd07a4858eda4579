//! The field with the reader's own headers for requests to an endpoint.

use leptos::prelude::*;

use crate::endpoint::http::own_headers::{set, text_for};
use crate::ui::components::lines_field::{LinesField, lines_field};

/// The field for the headers of this origin, which is closed at first. Calls `changed` when the reader changes them.
pub(crate) fn own_headers(origin: String, changed: impl Fn() + 'static) -> AnyView {
    let text = RwSignal::new(text_for(&origin));
    let refusal = RwSignal::new(String::new());
    let hint = format!(
        "One header per line, such as a key. They are sent only to {origin}, and forgotten when you close or reload this tab: \
         no link, export or saved run contains them. The endpoint must allow them (CORS). Requests with them do not \
         follow redirects."
    );
    Effect::new(move |previous: Option<()>| {
        if previous.is_some() {
            changed();
        }
        let problem = text.with(|text| set(&origin, text)).err();
        refusal.set(problem.map(|problem| format!("✕ No header is sent yet: {problem}.")).unwrap_or_default());
    });
    let placeholder = "Authorization: Bearer …";
    lines_field(LinesField { label: "Headers", class: "own-headers", placeholder, hint, text, refusal })
}
