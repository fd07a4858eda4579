//! An exercise inside another page: its comparisons and its timeline, without controls.

use leptos::prelude::*;

use crate::share::permalink::{Destination, Setup};
use crate::ui::charts::bars::comparisons;
use crate::ui::charts::timeline::timeline;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::element::{a, h2, p, section};
use crate::ui::runner::Runner;

/// The exercise as `setup` says, under this heading.
pub(crate) fn demo(name: &str, setup: Setup) -> AnyView {
    let link = Destination::Exercise(Setup { runs_at_once: false, ..setup.clone() }).to_string();
    let title = setup.exercise.title;
    let runner = Runner::new(setup);
    section()
        .class("panel demo")
        .attr("aria-label", name)
        .el(h2().text(name))
        .add(lab_bar(runner))
        .add(comparisons(runner.display))
        .add(timeline(runner.display))
        .el(p().class("hint").el(a().attr("href", link).text(format!("{title}, with its controls and its code"))))
        .view()
}
