//! A chart of columns: each stands on a common line, with its value on top and what it belongs to below.

use crate::measure::units::count;
use crate::share::export::markup::Markup;
use crate::share::export::svg::{WIDTH, label, line, picture, rectangle};

/// Where the common line lies.
const BASE: f64 = 140.0;

/// How high the tallest column is, with room for its value above.
const TALLEST: f64 = 120.0;

/// One column.
pub(super) struct Column {
    /// What it belongs to.
    pub(super) at: u32,
    /// Its value, with a unit unless the title has it.
    pub(super) value: String,
    /// Its height as a share of the tallest, from 0 to 1.
    pub(super) share: f64,
    /// What it is marked as, if it is.
    pub(super) mark: Option<&'static str>,
    /// All that is known of it, in words.
    pub(super) told: String,
}

/// The columns below a title; `axis` says what they belong to.
pub(super) fn columns(title: &str, axis: &str, columns: &[Column]) -> Markup {
    let width = WIDTH / columns.len().max(1) as f64;
    let drawn = columns.iter().enumerate().map(|(place, it)| column(it, place as f64 * width, width));
    let below = [line("axis", [0.0, BASE, WIDTH, BASE]), label("muted", "end", WIDTH, BASE + 34.0, axis)];
    Markup::all([Markup::said("h3", title), picture(BASE + 40.0, title, drawn.chain(below))])
}

fn column(column: &Column, left: f64, slot: f64) -> Markup {
    const WIDEST: f64 = 60.0;
    let (width, height) = (WIDEST.min(slot * 0.8), column.share.clamp(0.0, 1.0) * TALLEST);
    let (middle, top) = (left + slot / 2.0, BASE - height);
    let bar = rectangle("bar", [middle - width / 2.0, top, width, height], Markup::said("title", &column.told));
    let value = label("", "middle", middle, top - 4.0, &column.value);
    let below = |class, text: &str| label(class, "middle", middle, BASE + 16.0, text);
    let at = count(column.at.into());
    let below = match column.mark {
        None => below("muted", &at),
        Some(mark) => Markup::all([
            line("ideal", [middle - width / 2.0, BASE + 1.0, middle + width / 2.0, BASE + 1.0]),
            below("", &format!("{at}: {mark}")),
        ]),
    };
    Markup::all([bar, value, below])
}
