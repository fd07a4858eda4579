//! The recorder for programs that run elsewhere: where it is, and how to use it.

use leptos::prelude::*;

/// The file, relative to the site. `tools/site` makes it from `static/trace`.
const FILE: &str = "static/interleave_trace.py";

/// Two sentences with a link that downloads the recorder. `lead` begins the first one.
pub(crate) fn recorder(lead: &'static str) -> AnyView {
    view! {
        <p class="hint recorder">
            {lead}
            <a href=FILE download="interleave_trace.py">"interleave_trace.py"</a>
            " and run "
            <code>"python interleave_trace.py your_script.py"</code>
            ". Then open the file that it writes with “Open a run…”: it shows every task and the lines on which it waited."
        </p>
    }
    .into_any()
}
