//! Parts of the page that are shown later: when their code is loaded, or in their own turn of the event loop.

use std::future::Future;

use futures::FutureExt;
use leptos::prelude::*;

use crate::lazy::NotFetched;
use crate::runtime::turn::{next_turn, yield_to_browser};

/// A part of the page's code: `None` while it is being loaded.
pub(super) type Loaded = RwSignal<Option<Result<(), NotFetched>>>;

/// Loads a part, and tries again with each change of what `again` tracks, until it is loaded.
pub(super) fn use_loading<F: Future<Output = Result<(), NotFetched>> + 'static>(
    load: impl Fn() -> F + 'static,
    again: impl Fn() + 'static,
) -> Loaded {
    let loaded = RwSignal::new(None);
    Effect::new(move || {
        again();
        if loaded.get_untracked() != Some(Ok(())) {
            let load = load();
            leptos::task::spawn_local(async move {
                let result = load.await;
                // Building the part has a turn of its own.
                yield_to_browser().await;
                // The page may be gone by now, and another attempt may have succeeded.
                if loaded.try_get_untracked().is_some_and(|loaded| loaded != Some(Ok(()))) {
                    loaded.set(Some(result));
                }
            });
        }
    });
    loaded
}

/// A part of the page that is shown once its code is loaded. `view` calls the function that `lazy!` has made, which
/// does not wait after `load` has ended.
pub(super) fn lazy_view<F, G>(load: impl Fn() -> F + 'static, view: impl Fn() -> G + Send + 'static) -> AnyView
where
    F: Future<Output = Result<(), NotFetched>> + 'static,
    G: Future<Output = Result<AnyView, NotFetched>>,
{
    when_loaded(use_loading(load, || {}), view)
}

/// The same for a part that something else loads.
pub(super) fn when_loaded<G>(loaded: Loaded, view: impl Fn() -> G + Send + 'static) -> AnyView
where
    G: Future<Output = Result<AnyView, NotFetched>>,
{
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
