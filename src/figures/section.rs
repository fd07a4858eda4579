//! A section of a report as figures and tables. The page replaces those that the reader can use: see
//! `ui::components::sections`.

use super::batch_sizes::batch_sizes;
use super::digits::digits;
use super::distribution::distribution;
use super::flow::flows;
use super::latency::latency;
use super::node::{Node, element};
use super::sweep::sweep;
use super::table::table;
use super::test_results::test_results;
use super::validations::validations;
use crate::measure::Record;
use crate::measure::report::Section;

/// Draws a section of the report of a run. `seed` is that of the run.
#[must_use]
pub fn section(section: &Section, record: &Record, seed: u64) -> Vec<Node> {
    match section {
        Section::Table(data) => vec![table(data).into()],
        Section::Digits(shown) => digits(shown, seed).into_iter().collect(),
        Section::Latency(requests) => {
            one_or(latency(requests, record.beats()), "There was no request, so there is no latency.")
        }
        Section::Sweep(levels) => {
            one_or(sweep(levels, record.beats()), "There was no request, so there is no throughput.")
        }
        Section::Flow(ways) => flows(ways)
            .unwrap_or_else(|| vec![empty("Nothing went through the pipeline, so there is nothing to draw.")]),
        Section::BatchSizes(sizes) => one_or(batch_sizes(sizes), "Without samples there are no batches to try."),
        Section::Distribution(of) => distribution(record, of).into_iter().collect(),
        Section::Validations(promises) => validations(promises).map(Node::from).collect(),
        Section::Tests(results) => test_results(results),
    }
}

fn one_or(figure: Option<Node>, reason: &'static str) -> Vec<Node> {
    vec![figure.unwrap_or_else(|| empty(reason))]
}

/// The placeholder of a chart without data.
fn empty(reason: &'static str) -> Node {
    element("p").class("empty").text(reason).into()
}
