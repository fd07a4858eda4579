//! Parts of the page whose code is fetched when they are needed.

use std::future::Future;

use futures::FutureExt;
use leptos::prelude::*;

use crate::lazy::NotFetched;
use crate::ui::lean::{Watched, div, p, part};

/// A part of the page that is there once its code is. `view` makes it from what `lazy!` made of its function, which does
/// not wait after `load` has ended.
pub(super) fn late<F: Future<Output = Result<AnyView, NotFetched>>>(
    load: impl Future<Output = Result<(), NotFetched>> + 'static,
    view: impl Fn() -> F + Send + 'static,
) -> AnyView {
    let loaded = Watched::new(None::<Result<(), NotFetched>>);
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
