//! The stages of a pipeline over time, way by way on one axis: the throughput of each stage as a line, and below it the
//! length of the queues.

use std::borrow::Cow;

use crate::figures::node::{Element, Node, element};
use crate::figures::table::disclosed;
use crate::measure::flow::{Flow, Scale, Strip};
use crate::measure::report::{Column, Table};
use crate::measure::units::span;

/// All ways through the pipeline, a figure each. None if nothing went through it.
#[must_use]
pub fn flows(flows: &[Flow]) -> Option<Vec<Node>> {
    let scale = Scale::from_flows(flows)?;
    Some(flows.iter().map(|flow| way(flow, &scale)).collect())
}

fn way(flow: &Flow, scale: &Scale) -> Node {
    element("figure")
        .class("flow")
        .attr("data-flow", flow.name.clone())
        .child(element("h3").text(flow.title()))
        .children(scale.strips(flow).into_iter().map(strip))
        .child(axis(scale))
        .child(element("figcaption").text(scale.caption(flow)))
        .child(disclosed(&as_table(flow, scale)))
        .into()
}

/// A row: a name, a picture and a figure.
fn strip(strip: Strip) -> Element {
    let Strip { name, is_queue, path, figure } = strip;
    let picture = element("svg")
        .class(if is_queue { "steps" } else { "line" })
        .attr("viewBox", "0 0 1000 100")
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .attr("aria-label", format!("{name} over time: {figure}; the table below has its numbers"))
        .child(element("path").attr("d", path));
    element("div")
        .class("strip")
        .child(element("span").class("label").text(name))
        .child(picture)
        .child(element("span").class("figure").text(figure))
}

/// The time below the strips.
fn axis(scale: &Scale) -> Element {
    let edges = [0, scale.length_us].map(|us| element("span").text(span(us)));
    element("div")
        .class("strip")
        .child(element("span").class("label"))
        .child(element("div").class("edges").attr("aria-hidden", "true").children(edges))
        .child(element("span").class("figure"))
}

fn as_table(flow: &Flow, scale: &Scale) -> Table {
    const QUEUES: [&str; 2] = ["First queue", "Second queue"];
    let lines: Vec<_> = flow.stages.iter().map(|stage| scale.rates(flow, stage)).collect();
    let queues: Vec<_> =
        flow.queues.iter().map(|queue| queue.means(flow.from_us, scale.length_us, scale.bins)).collect();
    let edge = |bin: usize| span(scale.length_us * bin as u64 / scale.bins as u64);
    let row = |bin: usize| {
        let cells = lines.iter().chain(&queues).map(|values| format!("{:.1}", values[bin]));
        [edge(bin), edge(bin + 1)].into_iter().chain(cells).collect()
    };
    let stages = flow.stages.iter().map(|stage| stage.name.clone());
    let queue_titles = QUEUES.into_iter().take(queues.len()).map(Cow::from);
    let titles = ["From", "To"].into_iter().map(Cow::from).chain(stages).chain(queue_titles);
    Table {
        caption: format!("{}: samples per second by stage, and batches in the queues on average", flow.name),
        columns: titles.map(|title| Column { title, is_numeric: true }).collect(),
        rows: (0..scale.bins).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::measure::flow::{Stage, Work};

    fn flow(length_us: u64) -> Flow {
        let stage = Stage {
            name: "Load".into(),
            works: vec![Work { from_us: 0, to_us: length_us, samples: 8 }],
            servers: 1,
            waited_for_input_us: 0,
            waited_for_room_us: 0,
        };
        Flow {
            part: "run".into(),
            name: "Sequential".into(),
            from_us: 0,
            length_us,
            samples: 8,
            stages: vec![stage],
            queues: Vec::new(),
            most_under_way: 1,
        }
    }

    #[test]
    fn each_stage_has_a_strip_on_the_axis_of_the_longest_way() {
        let figures = flows(&[flow(400_000), flow(800_000)]).expect("something went through");
        assert_eq!(figures.len(), 2);
        figures.iter().for_each(assert_sound);
        assert_eq!(figures[0].texts(".edges"), ["0 ms800 ms"]);
        assert_eq!((figures[0].all("path").len(), figures[0].texts(".label")[0].as_str()), (1, "Load"));
        assert_eq!(figures[0].texts("h3"), ["Sequential: 400 ms, 20.0 samples per second"]);
        let rows = figures[0].rows();
        assert_eq!((rows[0][0].as_str(), rows.last().expect("there are bins")[1].as_str()), ("0 ms", "800 ms"));
    }

    #[test]
    fn if_nothing_went_through_there_is_no_figure() {
        assert_eq!(flows(&[]), None);
        assert_eq!(flows(&[flow(0)]), None);
    }
}
