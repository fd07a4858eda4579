//! The comparisons of an exercise, whose bars grow while it runs.

use leptos::prelude::*;

use crate::exercises::compared::Compared;
use crate::figures::bars::{self, Baseline};
use crate::figures::node::Node;
use crate::ui::display::Display;
use crate::ui::drawing::drawings;

/// All comparisons of the exercise. Before the first run they are empty.
pub(crate) fn comparisons(display: Display) -> AnyView {
    let shown = move || {
        display.step.track();
        display.runs.track();
        drawings(display.compared().iter().map(|compared| comparison(display, compared)))
    };
    shown.into_any()
}

fn comparison(display: Display, compared: &Compared) -> Node {
    let compared_with = display.baseline.get();
    let length_us = |task: &str| compared_with.as_ref().and_then(|it| it.measured.median(task)).map(|us| us as u64);
    let baseline = compared_with.as_ref().map(|it| Baseline { word: it.word, length_us: &length_us });
    let unfinished = if display.runs.get() == 0 { "Press Run." } else { "Not all parts have ended." };
    display.report.with(|report| {
        let checks = report.as_ref().map_or(&[][..], |report| &report.checks);
        bars::comparison(compared, checks, baseline.as_ref(), unfinished)
    })
}
