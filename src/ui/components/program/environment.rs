//! The field with the environment variables of the program.

use leptos::prelude::*;

use super::desk::Desk;
use crate::python::environment::Environment;
use crate::python::interpreter;
use crate::ui::components::lines_field::{LinesField, lines_field};

const HINT: &str = "One NAME=value per line, for os.environ. They are kept until you open another program or leave the page, \
    and are never saved or shared. The values of names such as API_KEY or TOKEN are hidden in what the program prints. MODEL_SERVER_URL \
    is there already: it is the address of this page's own model server.";

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
    lines_field(LinesField {
        label: "Environment",
        class: "program-environment",
        placeholder: "API_KEY=…",
        hint: HINT.to_owned(),
        text: desk.environment,
        refusal,
    })
}
