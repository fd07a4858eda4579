//! The connection to the exercise's endpoint: tested immediately if the endpoint is the page's own, else at the press
//! of a button.

use futures::FutureExt;
use leptos::prelude::*;

use crate::exercises::exercise::{Connection, ConnectionTest, Failure};
use crate::lazy::lazy;
use crate::runtime::{Run, Stopper, stoppable};
use crate::ui::element::{button, div, p, part};
use crate::ui::form::Form;
use crate::ui::lazy_view::lazy_view;

#[derive(Clone, PartialEq)]
enum State {
    Untested,
    Asking,
    Answered(Connection),
    Failed(Failure),
}

/// The state of the connection, with a button that tests it.
pub(crate) fn connection(form: Form) -> AnyView {
    if form.exercise.connection_test.is_none() {
        return ().into_any();
    }
    div().class("connection").add(lazy_view(fetched::load(), move || fetched::panel(form))).view()
}

lazy!(mod fetched in api: panel(form: Form) -> AnyView);

fn panel(form: Form) -> AnyView {
    let Some(connect) = &form.exercise.connection_test else { return ().into_any() };
    let state = RwSignal::new(State::Untested);
    // Dropping it aborts the request.
    let asking = StoredValue::new_local(None::<Stopper>);
    let test = move || asking.set_value(Some(ask(form, connect, state)));
    let mut asked = None;
    Effect::new(move || {
        let (address, at_once) =
            form.settings.with(|settings| ((connect.address)(settings), (connect.is_automatic)(settings)));
        if asked.as_ref() == Some(&address) {
            return;
        }
        asked = Some(address);
        if at_once {
            test();
        } else {
            asking.set_value(None);
            state.set(State::Untested);
        }
    });
    on_cleanup(move || drop(asking.try_update_value(Option::take)));
    // If a field is refused, the settings are not those that the reader sees.
    let is_off = move || (state.with(|state| *state == State::Asking) || form.has_refusals()).then(String::new);
    [
        div()
            .attr("aria-live", "polite")
            .attr("data-connection", "")
            .add(part(move || if form.has_refusals() { message(&State::Untested) } else { message(&state.get()) }))
            .view(),
        button().class("quiet").attr_changing("disabled", is_off).on_click(test).text("Test connection").view(),
    ]
    .into_any()
}

fn ask(form: Form, connect: &'static ConnectionTest, state: RwSignal<State>) -> Stopper {
    state.set(State::Asking);
    let settings = form.settings.get_untracked();
    let (asking, stopper) = stoppable(async move {
        state.set(match (connect.ask)(Run::for_page(), settings).await {
            Ok(connection) => State::Answered(connection),
            Err(failure) => State::Failed(failure),
        });
    });
    leptos::task::spawn_local(asking.boxed_local());
    stopper
}

/// What the endpoint says is shown as text only.
fn message(state: &State) -> AnyView {
    match state {
        State::Untested => p().class("hint").text("Not tested yet.").view(),
        State::Asking => p().class("hint").text("Testing …").view(),
        State::Answered(Connection { lines }) => {
            div().class("answered").add_all(lines.iter().map(|line| p().text(line).view())).view()
        }
        State::Failed(Failure { message, advice }) => {
            div().class("failure").el(p().text(format!("{message}."))).el(p().class("hint").text(advice)).view()
        }
    }
}
