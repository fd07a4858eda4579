//! The buttons Run and Stop, the progress, and the status.

use leptos::prelude::*;

/// The bar above the controls. A screen reader reads the status when it changes, but not every step of the progress.
#[component]
pub(crate) fn RunBar(
    /// The name of the button that runs.
    run_label: &'static str,
    /// True while Run works.
    can_start: Signal<bool>,
    /// True while Stop works.
    is_running: Signal<bool>,
    /// The number of finished parts, and of all parts.
    progress: Signal<(usize, usize)>,
    /// The status in a word, then in a sentence.
    status: Signal<String>,
    /// The state's name in the style sheet.
    state: Signal<&'static str>,
    /// Called by Run.
    on_run: impl Fn() + 'static,
    /// Called by Stop.
    on_stop: impl Fn() + 'static,
) -> impl IntoView {
    let percent = move || {
        let (over, all) = progress.get();
        (over * 100 / all.max(1)).to_string()
    };
    view! {
        <div class=move || format!("run-bar {}", state.get())>
            <div class="buttons">
                <button class="run" disabled=move || !can_start.get() on:click=move |_| on_run()>{run_label}</button>
                <button class="stop" disabled=move || !is_running.get() on:click=move |_| on_stop()>"Stop"</button>
            </div>
            <progress aria-label="Progress" max="100" prop:value=percent></progress>
            <p class="status" role="status">{move || status.get()}</p>
        </div>
    }
}
