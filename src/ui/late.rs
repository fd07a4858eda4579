//! Parts of the page that come later: in a turn of their own, or when their code is fetched.

use std::future::Future;

use futures::FutureExt;
use leptos::prelude::*;

use crate::lazy::NotFetched;
use crate::runtime::turn::next_turn;
use crate::ui::lean::{div, p, part};

/// A part of the page that is there once its code is. `view` makes it from what `lazy!` made of its function, which does
/// not wait after `load` has ended.
pub(super) fn late<F: Future<Output = Result<AnyView, NotFetched>>>(
    load: impl Future<Output = Result<(), NotFetched>> + 'static,
    view: impl Fn() -> F + Send + 'static,
) -> AnyView {
    let loaded = RwSignal::new(None::<Result<(), NotFetched>>);
    leptos::task::spawn_local(async move { loaded.set(Some(load.await)) });
    part(move || match loaded.get() {
        None => p().class("empty").text("Being fetched.").view(),
        Some(loaded) => {
            let view = loaded.and_then(|()| view().now_or_never().unwrap_or(Err(NotFetched)));
            view.unwrap_or_else(|error| {
                let message = p().text(format!("{error}."));
                div().class("failure").el(message).el(p().class("hint").text(error.advice())).view()
            })
        }
    })
}

/// A part of the page that is made in a turn of its own, after those that were asked for before: a slow machine paints
/// and answers in between.
pub(super) fn in_turn(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let is_due = RwSignal::new(false);
    next_turn(move || is_due.set(true));
    part(move || if is_due.get() { view() } else { ().into_any() })
}
