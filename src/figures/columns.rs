//! A chart of columns: all begin at a common line, with the value on top and what it belongs to below.

use crate::figures::node::{Element, element};
use crate::measure::units::count;

/// The left edge and the width of a bar, as shares of the column's width.
const LEFT: f64 = 0.15;
const WIDTH: f64 = 0.7;

/// One column.
pub(super) struct Column {
    /// The x value.
    pub(super) at: u32,
    /// Its value, with a unit unless the title has it.
    pub(super) value: String,
    /// Its height as a share of the tallest, from 0 to 1.
    pub(super) share: f64,
    /// A remark below it, with the class that the column then has.
    pub(super) mark: Option<Mark>,
    /// All that is known of it, in words.
    pub(super) title: String,
}

/// A remark on a column.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) text: &'static str,
    pub(super) class: &'static str,
}

/// A row of columns. The label is for those who do not see it.
pub(super) fn row(label: impl Into<std::borrow::Cow<'static, str>>) -> Element {
    element("div").class("columns").attr("role", "img").attr("tabindex", "0").attr("aria-label", label)
}

/// A column whose bar has a class of its own, with more marks in its picture.
pub(super) fn column(column: &Column, fill: &'static str, more: impl IntoIterator<Item = Element>) -> Element {
    let at = count(column.at.into());
    let (class, at) = match column.mark {
        None => ("column", at),
        Some(mark) => (mark.class, format!("{at}: {}", mark.text)),
    };
    let bar = part(fill, 0.0, column.share).child(element("title").text(column.title.clone()));
    element("div")
        .class(class)
        .child(element("span").class("value").text(column.value.clone()))
        .child(element("svg").class("track").child(bar).child(line("end", LEFT, WIDTH, column.share)).children(more))
        .child(element("span").class("at").text(at))
}

/// A part of a column's bar, between two shares of the height.
pub(super) fn part(class: &'static str, from: f64, to: f64) -> Element {
    let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
    element("rect").class(class).share("x", LEFT).share("y", 1.0 - to).share("width", WIDTH).share("height", to - from)
}

/// A line over the whole width of a column, at a share of the height.
pub(super) fn across(class: &'static str, share: f64) -> Element {
    line(class, 0.0, 1.0, share)
}

/// A line in the middle of a column, between two shares of the height: the interval in which its true value is.
pub(super) fn whisker(from: f64, to: f64) -> Element {
    let (from, to) = (from.clamp(0.0, 1.0), to.clamp(0.0, 1.0));
    let middle = LEFT + WIDTH / 2.0;
    element("line")
        .class("whisker")
        .share("x1", middle)
        .share("x2", middle)
        .share("y1", 1.0 - from)
        .share("y2", 1.0 - to)
}

fn line(class: &'static str, left: f64, width: f64, share: f64) -> Element {
    let y = 1.0 - share.clamp(0.0, 1.0);
    element("line").class(class).share("x1", left).share("x2", left + width).share("y1", y).share("y2", y)
}
