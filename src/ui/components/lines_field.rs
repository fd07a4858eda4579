//! A field for lines of text that is closed at first, with a hint and what is wrong with the text.

use leptos::prelude::*;

/// The content of a field.
pub(crate) struct LinesField {
    /// Its label.
    pub(crate) label: &'static str,
    /// The class of its element, besides `lines-field`.
    pub(crate) class: &'static str,
    /// An example of a line.
    pub(crate) placeholder: &'static str,
    /// Its purpose, which is shown below the text.
    pub(crate) hint: String,
    /// The text, which the reader changes.
    pub(crate) text: RwSignal<String>,
    /// The problem with the text; empty if there is none.
    pub(crate) refusal: RwSignal<String>,
}

/// Creates the field.
pub(crate) fn lines_field(field: LinesField) -> AnyView {
    let LinesField { label, class, placeholder, hint, text, refusal } = field;
    view! {
        <details class=format!("lines-field {class}")>
            <summary>{label}</summary>
            <textarea
                rows="3"
                spellcheck="false"
                autocomplete="off"
                aria-label=label
                placeholder=placeholder
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            ></textarea>
            <p class="refusal" role="status">{move || refusal.get()}</p>
            <p class="hint">{hint}</p>
        </details>
    }
    .into_any()
}
