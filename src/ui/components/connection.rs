//! The connection to the exercise's endpoint: tested immediately if the endpoint is the page's own, otherwise when
//! the reader presses a button.

use futures::FutureExt;
use leptos::prelude::*;

use crate::endpoint::http::own_headers::origin;
use crate::exercises::exercise::{ConnectionReport, ConnectionTest, Failure};
use crate::lazy::lazy;
use crate::runtime::{Run, Stopper, stoppable};
use crate::ui::components::own_headers::own_headers;
use crate::ui::form::Form;
use crate::ui::lazy_view::lazy_view;

#[derive(Clone, PartialEq)]
enum State {
    Untested,
    Asking,
    Answered(ConnectionReport),
    Failed(Failure),
}

/// The state of the connection, with a button that tests it.
pub(crate) fn connection(form: Form) -> AnyView {
    if form.exercise.connection_test.is_none() {
        return ().into_any();
    }
    let panel = lazy_view(fetched::load, move || fetched::panel(form));
    view! { <div class="connection">{panel}</div> }.into_any()
}

lazy!(mod fetched in io: panel(form: Form) -> AnyView);

fn panel(form: Form) -> AnyView {
    let Some(connect) = &form.exercise.connection_test else { return ().into_any() };
    let state = RwSignal::new(State::Untested);
    // Dropping it aborts the request.
    let asking = StoredValue::new_local(None::<Stopper>);
    let test = move || asking.set_value(Some(ask(form, connect, state)));
    let mut asked = None;
    Effect::new(move || {
        let (key, at_once) =
            form.settings.with(|settings| ((connect.cache_key)(settings), (connect.is_automatic)(settings)));
        if asked.as_ref() == Some(&key) {
            return;
        }
        asked = Some(key);
        if at_once {
            test();
        } else {
            asking.set_value(None);
            state.set(State::Untested);
        }
    });
    on_cleanup(move || drop(asking.try_update_value(Option::take)));
    // If a field is refused, the settings are not those that the reader sees.
    let is_off = move || state.with(|state| *state == State::Asking) || form.has_refusals();
    let shown = move || if form.has_refusals() { message(&State::Untested) } else { message(&state.get()) };
    // Before the first run, the reader must see where a link sends requests.
    let recipient = move || {
        let address = form.settings.with(connect.address);
        address.map(|address| view! { <p>"Requests go to " <strong>{address}</strong> "."</p> })
    };
    // What the server says depends on the headers.
    let forget = move || {
        asking.set_value(None);
        state.set(State::Untested);
    };
    // The headers are for one origin: for another one, there is another field.
    let origin = Memo::new(move |_| form.settings.with(connect.address).and_then(|address| origin(&address)));
    view! {
        <div aria-live="polite" data-connection="">{recipient} {shown}</div>
        <button class="quiet" disabled=is_off on:click=move |_| test()>"Test connection"</button>
        {move || origin.get().map(|origin| own_headers(origin, forget))}
    }
    .into_any()
}

fn ask(form: Form, connect: &'static ConnectionTest, state: RwSignal<State>) -> Stopper {
    state.set(State::Asking);
    let settings = form.settings.get_untracked();
    let (asking, stopper) = stoppable(async move {
        state.set(match (connect.send)(Run::for_page(), settings).await {
            Ok(connection) => State::Answered(connection),
            Err(failure) => State::Failed(failure),
        });
    });
    leptos::task::spawn_local(asking.boxed_local());
    stopper
}

/// The result of the test. Text from the endpoint is only ever shown as text.
fn message(state: &State) -> AnyView {
    match state {
        State::Untested => view! { <p class="hint">"Not tested yet."</p> }.into_any(),
        State::Asking => view! { <p class="hint">"Testing …"</p> }.into_any(),
        State::Answered(ConnectionReport { lines }) => {
            let lines = lines.iter().map(|line| view! { <p>{line.clone()}</p> }).collect_view();
            view! { <div class="answered">{lines}</div> }.into_any()
        }
        State::Failed(Failure { message, advice, .. }) => view! {
            <div class="failure">
                <p>{format!("{message}.")}</p>
                <p class="hint">{*advice}</p>
            </div>
        }
        .into_any(),
    }
}
