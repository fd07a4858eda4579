//! A chart of columns: each stands on a common line, with its value on top and what it belongs to below.

use leptos::prelude::*;

use crate::ui::lean::{El, div, span};

/// A row for columns, with a name for who does not see it.
pub(super) fn row(name: &str) -> El {
    div().class("columns").attr("role", "img").attr("tabindex", "0").attr("aria-label", name)
}

/// A column with its bar.
pub(super) fn column(class: &str, at: &str, value: String, bar: AnyView) -> El {
    div().class(class).el(span().class("value").text(value)).add(bar).el(span().class("at").text(at))
}

/// The bar of a column, which takes a share of its height, with something in it.
pub(super) fn bar(class: &'static str, height: f64, inside: AnyView) -> AnyView {
    let height = share(height);
    view! { <span class="track"><span class=class style:height=height>{inside}</span></span> }.into_any()
}

/// A share as CSS has it.
pub(super) fn share(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}
