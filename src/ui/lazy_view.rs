//! Parts of the page that are shown later: when their code is loaded, or in their own turn of the event loop.

use std::future::Future;

use futures::FutureExt;
use leptos::prelude::*;

use crate::lazy::NotFetched;
use crate::runtime::turn::next_turn;

/// A part of the page that is shown once its code is loaded. `view` calls the function that `lazy!` has made, which
/// does not wait after `load` has ended.
pub(super) fn lazy_view<F: Future<Output = Result<AnyView, NotFetched>>>(
    load: impl Future<Output = Result<(), NotFetched>> + 'static,
    view: impl Fn() -> F + Send + 'static,
) -> AnyView {
    let loaded = RwSignal::new(None::<Result<(), NotFetched>>);
    leptos::task::spawn_local(async move { loaded.set(Some(load.await)) });
    let content = move || match loaded.get() {
        None => view! { <p class="empty">"Loading …"</p> }.into_any(),
        Some(loaded) => {
            let view = loaded.and_then(|()| view().now_or_never().unwrap_or(Err(NotFetched)));
            view.unwrap_or_else(|error| not_loaded(&error))
        }
    };
    content.into_any()
}

fn not_loaded(error: &NotFetched) -> AnyView {
    view! {
        <div class="failure">
            <p>{format!("{error}.")}</p>
            <p class="hint">{error.advice()}</p>
        </div>
    }
    .into_any()
}

/// A part of the page that is built in its own turn of the event loop, after the parts before it. In between, a slow
/// machine can paint and react to input.
pub(super) fn in_turn(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let is_due = RwSignal::new(false);
    next_turn(move || is_due.set(true));
    let content = move || if is_due.get() { view() } else { ().into_any() };
    content.into_any()
}
