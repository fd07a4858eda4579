//! The imports of the reader's program that this copy of the site does not have, listed before the program runs.

use std::time::Duration;

use leptos::prelude::*;

use crate::exercises::program::CODE;
use crate::python::interpreter;
use crate::python::message::MissingImport;
use crate::ui::components::recorder::recorder;
use crate::ui::form::Form;

/// The program is examined when it has not been changed for this time.
const AFTER: Duration = Duration::from_millis(700);

/// The number of imports that are listed.
const MOST: usize = 20;

/// The list, which is empty until `is_ready` is true.
pub(super) fn missing_imports(form: Form, is_ready: Signal<bool>) -> AnyView {
    let missing = RwSignal::new(Vec::new());
    let changes = StoredValue::new(0_u32);
    Effect::new(move || {
        form.settings.track();
        if !is_ready.get() {
            return;
        }
        changes.update_value(|changes| *changes += 1);
        let change = changes.get_value();
        let examine = async move {
            let files = form.settings.with_untracked(|settings| settings.program(CODE).clone());
            if let Some(found) = interpreter::missing_imports(&files).await {
                // The page may be gone by now.
                missing.try_set(found);
            }
        };
        let examine_if_unchanged = move || {
            if changes.try_get_value() == Some(change) {
                leptos::task::spawn_local(examine);
            }
        };
        set_timeout(examine_if_unchanged, AFTER);
    });
    let items = move || missing.with(|missing| missing.iter().take(MOST).map(item).collect_view());
    let where_it_runs = move || {
        let is_needed = missing.with(|missing| !missing.is_empty());
        is_needed.then(|| recorder("To record the program where it runs, download "))
    };
    view! {
        <ul class="missing-imports hint" aria-label="Imports that are missing here" aria-live="polite">{items}</ul>
        {where_it_runs}
    }
    .into_any()
}

fn item(missing: &MissingImport) -> AnyView {
    view! { <li>{missing.sentence()}</li> }.into_any()
}
