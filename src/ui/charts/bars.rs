//! The comparisons of an exercise, whose bars grow while it runs.

use leptos::prelude::*;

use crate::exercises::compared::Compared;
use crate::figures::bars::{self, Baseline};
use crate::figures::node::Node;
use crate::ui::drawing::drawings;
use crate::ui::lab::Lab;
use crate::ui::lean::part;

/// All comparisons of the exercise. They have their places before the first run.
pub(crate) fn comparisons(lab: Lab) -> AnyView {
    part(move || {
        lab.step.track();
        lab.runs.track();
        drawings(lab.compared().iter().map(|compared| comparison(lab, compared)))
    })
}

fn comparison(lab: Lab, compared: &Compared) -> Node {
    let beside = lab.beside.get();
    let length_us = |task: &str| beside.as_ref().and_then(|it| it.measured.median(task)).map(|us| us as u64);
    let baseline = beside.as_ref().map(|it| Baseline { word: it.word, length_us: &length_us });
    let unfinished = if lab.runs.get() == 0 { "Press Run." } else { "Not all parts have ended." };
    lab.report.with(|report| {
        let checks = report.as_ref().map_or(&[][..], |report| &report.checks);
        bars::comparison(compared, checks, baseline.as_ref(), unfinished)
    })
}
