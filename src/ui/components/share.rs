//! The actions on a run: open a file, export it, pin it, copy a link to it, or the code that embeds it.

use leptos::prelude::*;

use crate::share::embed::frame_code;
use crate::ui::address::{link_to, link_to_share};
use crate::ui::components::export::{export_button, export_menu};
use crate::ui::components::open_file::{open_error, open_file};
use crate::ui::display::Status;
use crate::ui::runner::Runner;

/// Something that was to be copied.
#[derive(Clone)]
struct Copied {
    what: &'static str,
    /// The text, if the browser did not allow copying.
    refused: Option<String>,
}

/// The content of the row of actions: the actions, and the menu and the messages that belong to them.
pub(crate) fn share(runner: Runner) -> AnyView {
    let display = runner.display;
    let (is_open, error) = (RwSignal::new(false), RwSignal::new(None));
    let copied = RwSignal::new(None::<Copied>);
    let is_unfinished = move || !display.status.with(Status::has_finished);
    // The editor has a button for links with the reader's program.
    let links = if runner.form.exercise.is_readers_program { ().into_any() } else { links(runner, copied) };
    view! {
        <div class="actions">
            {open_file(error)}
            {export_button(display, is_open)}
            {pin(runner, is_unfinished)}
            {links}
        </div>
        {export_menu(display, is_open)}
        <div aria-live="polite">
            {move || copied.get().map(message)}
            {open_error(error)}
        </div>
    }
    .into_any()
}

/// The buttons that copy a link or the code that embeds it.
fn links(runner: Runner, copied: RwSignal<Option<Copied>>) -> AnyView {
    let copy = move |what: &'static str, text: String| {
        leptos::task::spawn_local(async move {
            let refused = copy_text(&text).await.err().map(|()| text);
            // The page may be gone by now.
            copied.try_set(Some(Copied { what, refused }));
        });
    };
    let is_unfinished = move || !runner.display.status.with(Status::has_finished);
    let link = move || link_to_share(runner.form.setup(None));
    let link_with_result = move || link_to_share(runner.setup_with_result());
    let embed_code = move || frame_code(runner.form.exercise, &link_to(&runner.form.embedded()));
    view! {
        <button class="quiet" on:click=move |_| copy("Link copied: settings and seed.", untrack(link))>
            "Copy link"
        </button>
        <button
            class="quiet"
            title="The person who opens the link sees your result next to theirs"
            disabled=is_unfinished
            on:click=move |_| copy("Link copied: settings, seed and result.", untrack(link_with_result))
        >
            "Copy link with result"
        </button>
        <button
            class="quiet"
            title="HTML that shows this exercise inside another page"
            on:click=move |_| copy("Embed code copied: put it into the HTML of a page.", untrack(embed_code))
        >
            "Embed code"
        </button>
    }
    .into_any()
}

/// The button that makes the run the baseline of the next ones, or ends that.
fn pin(runner: Runner, is_unfinished: impl Fn() -> bool + Copy + Send + Sync + 'static) -> AnyView {
    let button = move || {
        if runner.display.baseline.with(Option::is_some) {
            view! { <button class="quiet" on:click=move |_| runner.unpin()>"Unpin"</button> }.into_any()
        } else {
            view! {
                <button
                    class="quiet"
                    title="The next runs are compared with this one"
                    disabled=is_unfinished
                    on:click=move |_| runner.pin()
                >
                    "Pin"
                </button>
            }
            .into_any()
        }
    };
    button.into_any()
}

fn message(copied: Copied) -> AnyView {
    match copied.refused {
        None => view! { <p class="hint">{copied.what}</p> }.into_any(),
        Some(text) => view! {
            <p class="hint">
                "The browser did not allow copying. Copy this yourself: "
                <code>{text}</code>
            </p>
        }
        .into_any(),
    }
}

/// Puts text on the clipboard, which browsers offer on secure pages only.
pub(crate) async fn copy_text(text: &str) -> Result<(), ()> {
    // `use_clipboard` of `leptos-use` does not report that the browser refused.
    let clipboard = window().navigator().clipboard();
    if wasm_bindgen::JsValue::from(clipboard.clone()).is_undefined() {
        return Err(());
    }
    let written = wasm_bindgen_futures::JsFuture::from(clipboard.write_text(text)).await;
    written.map(drop).map_err(drop)
}
