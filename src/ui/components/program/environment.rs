//! The field with the environment variables of the program.

use leptos::prelude::*;

use super::desk::Desk;
use crate::python::environment::Environment;
use crate::python::interpreter;

const HINT: &str = "One NAME=value per line, for os.environ. They are kept until you open another program or leave the page, \
    and are never saved or shared. The values of names such as API_KEY or TOKEN are hidden in what the program prints.";

/// The field, which is closed at first.
pub(super) fn environment(desk: Desk) -> AnyView {
    let refusal = RwSignal::new(String::new());
    // The runs use what was valid last.
    Effect::new(move || match desk.environment.with(|text| Environment::parse(text)) {
        Ok(environment) => {
            interpreter::set_environment(environment);
            refusal.set(String::new());
        }
        Err(error) => refusal.set(format!("Not used yet: {error}. {}", error.advice())),
    });
    view! {
        <details class="program-environment">
            <summary>"Environment"</summary>
            <textarea
                rows="3"
                spellcheck="false"
                autocomplete="off"
                aria-label="Environment"
                placeholder="API_KEY=…"
                prop:value=move || desk.environment.get()
                on:input=move |event| desk.environment.set(event_target_value(&event))
            ></textarea>
            <p class="refusal" role="status">{move || refusal.get()}</p>
            <p class="hint">{HINT}</p>
        </details>
    }
    .into_any()
}
