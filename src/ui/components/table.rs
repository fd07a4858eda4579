//! A table whose cells can contain controls. One of plain text is a [`data_table`](super::report::data_table).

use leptos::prelude::*;

use crate::measure::report::Column;

/// A table; a wide one scrolls by itself. `label` is its name for screen readers, and `rows` are its `tr` elements.
pub(crate) fn table(label: String, caption: String, columns: &[Column], rows: AnyView) -> AnyView {
    let header = |column: &Column| {
        view! { <th scope="col" class=if column.is_numeric { "number" } else { "" }>{column.title.clone()}</th> }
    };
    view! {
        <div class="scrolls" tabindex="0" role="region" aria-label=label>
            <table>
                <caption>{caption}</caption>
                <thead>
                    <tr>{columns.iter().map(header).collect_view()}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
