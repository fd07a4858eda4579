//! What the stages of a pipeline did over time, way by way on one axis: the throughput of each stage as a line, and below
//! it how full the queues were.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::measure::decimal::fixed;
use crate::measure::flow::{Depth, Flow, Stage};
use crate::measure::rate::rates;
use crate::measure::report::{Column, Table};
use crate::measure::units;
use crate::ui::components::report::data_table;
use crate::ui::lean::{El, details, div, figcaption, figure, h3, p, span, summary};

/// Stretches of time for the lines: about as many as there are batches, so that most hold one.
const FEWEST_BINS: usize = 8;
const MOST_BINS: usize = 40;

/// Stretches of time for the queues, finer than the eye sees.
const DEPTH_BINS: usize = 240;

/// What all figures share, so that they can be compared.
struct Scale {
    length_us: u64,
    bins: usize,
    /// The height of a line's box, in samples per second.
    most_per_s: f64,
    /// The height of a queue's box, in batches.
    deepest: u32,
}

impl Scale {
    fn of(flows: &[Flow]) -> Self {
        let length_us = flows.iter().map(|flow| flow.length_us).max().unwrap_or(0);
        let batches = flows.iter().flat_map(|flow| &flow.stages).map(|stage| stage.works.len()).max().unwrap_or(0);
        let mut scale = Self { length_us, bins: batches.clamp(FEWEST_BINS, MOST_BINS), most_per_s: 0.0, deepest: 0 };
        let rates = flows.iter().flat_map(|flow| flow.stages.iter().flat_map(|stage| scale.rates(flow, stage)));
        scale.most_per_s = rates.fold(0.0, f64::max);
        scale.deepest = flows.iter().flat_map(|flow| &flow.queues).map(Depth::peak).max().unwrap_or(0);
        scale
    }

    fn rates(&self, flow: &Flow, stage: &Stage) -> Vec<f64> {
        rates(&stage.works, flow.from_us, self.length_us, self.bins)
    }
}

/// All ways through the pipeline.
pub(crate) fn flows(flows: &[Flow]) -> AnyView {
    let scale = Scale::of(flows);
    if scale.most_per_s == 0.0 {
        return p().class("empty").text("Nothing went through the pipeline, so there is nothing to draw.").view();
    }
    flows.iter().map(|flow| one(flow, &scale)).collect_view().into_any()
}

fn one(flow: &Flow, scale: &Scale) -> AnyView {
    let heads = flow.stages.iter().skip(1).map(|stage| format!("Queue to {}", stage.name.to_ascii_lowercase()));
    let until = flow.length_us as f64 / scale.length_us as f64;
    let stages = flow.stages.iter().map(|stage| {
        let busy = format!("{} busy", units::percent(flow.share(stage)));
        strip(&stage.name, "line", path(&scale.rates(flow, stage), scale.most_per_s, until), busy)
    });
    let queues = flow.queues.iter().zip(heads).map(|(queue, name)| {
        let means = queue.means(flow.from_us, scale.length_us, DEPTH_BINS);
        let steps = path(&means, f64::from(scale.deepest.max(1)), until);
        strip(&name, "steps", steps, format!("at most {}", queue.peak()))
    });
    figure()
        .class("flow")
        .attr("data-flow", &flow.name)
        .el(h3().text(title(flow)))
        .add_all(stages)
        .add_all(queues)
        .el(axis(scale))
        .el(figcaption().text(caption(flow, scale)))
        .el(details().el(summary().text("The same as a table")).add(data_table(as_table(flow, scale))))
        .view()
}

fn title(flow: &Flow) -> String {
    let per_s = flow.per_s().map(|per_s| format!(", {} samples per second", fixed(per_s, 1)));
    format!("{}: {}{}", flow.name, units::span(flow.length_us), per_s.unwrap_or_default())
}

fn caption(flow: &Flow, scale: &Scale) -> String {
    let lines = format!(
        "The throughput of each stage while it works on a batch; a strip is {} samples per second high",
        units::count(scale.most_per_s.round() as u64)
    );
    if flow.queues.is_empty() {
        format!("{lines}.")
    } else {
        format!("{lines}. Below, how many batches lie in a queue.")
    }
}

/// A row: what it is, its picture, and a figure.
fn strip(name: &str, class: &'static str, path: String, figure: String) -> AnyView {
    let label = format!("{name} over time: {figure}; the table below holds its numbers");
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

/// Equal steps in a box of 1000 by 100, each as high as its share of the greatest value, up to a share of the width: where
/// a way is over there is no line.
fn path(values: &[f64], most: f64, until: f64) -> String {
    let end = (until * 1e3).round() as usize;
    let step = |(place, value): (usize, &f64)| {
        let to = ((place + 1) * 1_000 / values.len()).min(end);
        // A little room above, so that no line is cut in half.
        format!("V{}H{to}", fixed(100.0 - value / most * 98.0, 1))
    };
    let is_reached = |(place, _): &(usize, &f64)| place * 1_000 < end * values.len();
    let steps: String = values.iter().enumerate().take_while(is_reached).map(step).collect();
    format!("M0 100{steps}V100")
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
        let cells = lines.iter().chain(&queues).map(|values| fixed(values[bin], 1));
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
