//! Comparison bars: from zero, with value and unit on them and their ideal as a mark.

use leptos::prelude::*;

use crate::exercises::compared::{Compared, ComparedBar};
use crate::measure::Outcome;
use crate::measure::report::{Column, Table};
use crate::measure::units;
use crate::ui::components::checks::checks;
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{details, div, figcaption, figure, h3, p, part, span, summary};

/// All comparisons of the lesson. They have their places before the first run.
pub(crate) fn comparisons(lab: Lab) -> AnyView {
    part(move || {
        lab.step.track();
        lab.runs.track();
        lab.compared().iter().map(|compared| comparison(lab, compared)).collect_view().into_any()
    })
}

fn comparison(lab: Lab, compared: &Compared) -> AnyView {
    let beside = lab.beside.get();
    let ghost = |bar: &ComparedBar| {
        let beside = beside.as_ref()?;
        Some(Ghost { us: beside.measured.median(bar.task)? as u64, word: beside.word })
    };
    // All on the same axis.
    let scale_us = compared.bars.iter().filter_map(ghost).map(|ghost| ghost.us).fold(compared.scale_us(), u64::max);
    let label = |part: &str| compared.bars.iter().find(|bar| bar.task == part).map(|bar| bar.label);
    let mut shown = figure().class("comparison").el(h3().text(compared.title));
    if !compared.about.is_empty() {
        shown = shown.el(p().class("hint").text(compared.about));
    }
    shown = shown.el(div().class("bars").add_all(compared.bars.iter().map(|it| bar(it, ghost(it), scale_us))));
    if compared.is_race && compared.bars.len() > 1 {
        let ratio = compared.speed_up().map(|ratio| format!("{ratio:.1} times as fast"));
        shown = shown.el(p().class("speed-up").text(ratio.unwrap_or_default()));
    }
    let expected = "The bars grow while the parts run.";
    let sentence = compared.sentence().unwrap_or_else(|| expected.to_owned());
    shown
        .el(figcaption().text(sentence))
        .add(checks(lab, label))
        .el(details().el(summary().text("The same as a table")).add(data_table(as_table(compared))))
        .view()
}

/// What a bar was in the run that this one is held against.
struct Ghost {
    us: u64,
    /// Which run that is.
    word: &'static str,
}

/// One bar; `scale_us` is what the whole width stands for.
fn bar(bar: &ComparedBar, ghost: Option<Ghost>, scale_us: u64) -> AnyView {
    let width =
        |us: Option<u64>| us.map(|us| format!("{:.2}%", us as f64 / scale_us as f64 * 100.0)).unwrap_or_default();
    let (class, word) = match bar.outcome {
        None if bar.so_far_us.is_some() => ("bar running", String::new()),
        None | Some(Outcome::Succeeded) => ("bar", String::new()),
        Some(outcome) => ("bar cut-short", format!(", {}", outcome.name())),
    };
    let ideal = bar.ideal_us.map(|us| format!("ideal {}", units::span(us)));
    let was = ghost.as_ref().map(|ghost| format!("{} {}", ghost.word, units::span(ghost.us)));
    let marks = [ideal, was].map(|mark| mark.map(|mark| span().text(mark).view()));
    let ghost_us = ghost.map(|ghost| ghost.us);
    let fill = view! { <span class="fill" hidden=bar.so_far_us.is_none() style:width=width(bar.so_far_us)></span> };
    let mark = view! { <span class="ideal" hidden=bar.ideal_us.is_none() style:left=width(bar.ideal_us)></span> };
    let outline = view! { <span class="ghost" hidden=ghost_us.is_none() style:width=width(ghost_us)></span> };
    div()
        .class(class)
        .attr_if("data-beside-us", ghost_us.map(|us| us.to_string()))
        .attr("data-bar", bar.task)
        .attr_if("data-measured-us", bar.measured_us.map(|us| us.to_string()))
        .attr_if("data-ideal-us", bar.ideal_us.map(|us| us.to_string()))
        .el(span().class("label").text(bar.label))
        .el(span().class("track").add(fill.into_any()).add(mark.into_any()).add(outline.into_any()))
        .el(span().class("figure").text(cell(bar.so_far_us) + &word))
        .el(span().class("ideal-figure").add_all(marks.into_iter().flatten()))
        .view()
}

fn as_table(compared: &Compared) -> Table {
    let row =
        |bar: &ComparedBar| vec![bar.label.to_owned(), cell(bar.measured_us), cell(bar.ideal_us), cell(bar.lag_us)];
    Table {
        caption: compared.title.to_owned(),
        columns: vec![
            Column::text("Part"),
            Column::number("Measured"),
            Column::number("Ideal"),
            Column::number("Longest lag of the loop"),
        ],
        rows: compared.bars.iter().map(row).collect(),
    }
}

fn cell(us: Option<u64>) -> String {
    us.map_or("–".to_owned(), units::span)
}
