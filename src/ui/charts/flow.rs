//! What the stages of a pipeline did over time, way by way on one axis: the throughput of each stage as a line, and below
//! it how full the queues were.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::measure::flow::{Flow, Scale, Strip};
use crate::measure::report::{Column, Table};
use crate::measure::units;
use crate::ui::components::report::data_table;
use crate::ui::lean::{El, details, div, figcaption, figure, h3, p, span, summary};

/// All ways through the pipeline.
pub(crate) fn flows(flows: &[Flow]) -> AnyView {
    let Some(scale) = Scale::from_flows(flows) else {
        return p().class("empty").text("Nothing went through the pipeline, so there is nothing to draw.").view();
    };
    flows.iter().map(|flow| one(flow, &scale)).collect_view().into_any()
}

fn one(flow: &Flow, scale: &Scale) -> AnyView {
    figure()
        .class("flow")
        .attr("data-flow", &flow.name)
        .el(h3().text(flow.title()))
        .add_all(scale.strips(flow).into_iter().map(strip))
        .el(axis(scale))
        .el(figcaption().text(scale.caption(flow)))
        .el(details().el(summary().text("The same as a table")).add(data_table(as_table(flow, scale))))
        .view()
}

/// A row: what it is, its picture, and a figure.
fn strip(strip: Strip) -> AnyView {
    let Strip { name, is_queue, path, figure } = strip;
    let label = format!("{name} over time: {figure}; the table below holds its numbers");
    let class = if is_queue { "steps" } else { "line" };
    let picture = view! {
        <svg class=class viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label=label>
            <path d=path></path>
        </svg>
    };
    div()
        .class("strip")
        .el(span().class("label").text(name))
        .add(picture.into_any())
        .el(span().class("figure").text(figure))
        .view()
}

/// The time below the strips.
fn axis(scale: &Scale) -> El {
    let edges = div()
        .class("edges")
        .attr("aria-hidden", "true")
        .el(span().text(units::span(0)))
        .el(span().text(units::span(scale.length_us)));
    div().class("strip").el(span().class("label")).el(edges).el(span().class("figure"))
}

fn as_table(flow: &Flow, scale: &Scale) -> Table {
    const QUEUES: [&str; 2] = ["First queue", "Second queue"];
    let lines: Vec<_> = flow.stages.iter().map(|stage| scale.rates(flow, stage)).collect();
    let queues: Vec<_> =
        flow.queues.iter().map(|queue| queue.means(flow.from_us, scale.length_us, scale.bins)).collect();
    let edge = |bin: usize| units::span(scale.length_us * bin as u64 / scale.bins as u64);
    let row = |bin: usize| {
        let cells = lines.iter().chain(&queues).map(|values| format!("{:.1}", values[bin]));
        [edge(bin), edge(bin + 1)].into_iter().chain(cells).collect()
    };
    let stages = flow.stages.iter().map(|stage| stage.name.clone());
    let queue_heads = QUEUES.into_iter().take(queues.len()).map(Cow::from);
    let heads = ["From", "To"].into_iter().map(Cow::from).chain(stages).chain(queue_heads);
    Table {
        caption: format!("{}: samples per second by stage, and batches in the queues on average", flow.name),
        columns: heads.map(|title| Column { title, is_numeric: true }).collect(),
        rows: (0..scale.bins).map(row).collect(),
    }
}
