//! What the stages of a pipeline did over time, way by way on one axis, and how full the queues between them were.

use crate::measure::flow::{Flow, Scale, Strip};
use crate::measure::units::{shortened, span};
use crate::share::export::markup::Markup;
use crate::share::export::svg::{WIDTH, label, line, number, picture};

/// Where the strips begin, and how wide they are: beside them stand their names and figures.
const LEFT: f64 = 180.0;
const STRIP: f64 = 600.0;

/// How high a strip is, and from one to the next.
const HEIGHT: f64 = 36.0;
const STEP: f64 = 46.0;

/// All ways through the pipeline; nothing where nothing went through.
pub(super) fn stages(flows: &[Flow]) -> Markup {
    let Some(scale) = Scale::from_flows(flows) else { return Markup::none() };
    Markup::all(flows.iter().map(|flow| way(flow, &scale)))
}

fn way(flow: &Flow, scale: &Scale) -> Markup {
    let strips = scale.strips(flow);
    let bottom = strips.len() as f64 * STEP;
    let drawn = strips.iter().enumerate().map(|(place, it)| strip(it, place as f64 * STEP));
    let axis = [
        label("muted", "start", LEFT, bottom + 10.0, &span(0)),
        label("muted", "end", LEFT + STRIP, bottom + 10.0, &span(scale.length_us)),
    ];
    let title = flow.title();
    let inside = [
        Markup::said("h3", &title),
        picture(bottom + 16.0, &title, drawn.chain(axis)),
        Markup::said("figcaption", scale.caption(flow)),
    ];
    Markup::tag("figure", Markup::all(inside))
}

fn strip(strip: &Strip, top: f64) -> Markup {
    /// So many letters have room beside a strip.
    const NAME: usize = 22;
    let base = top + HEIGHT;
    // The outline comes in a box of 1000 by 100.
    let place = format!(
        "translate({} {}) scale({} {})",
        number(LEFT),
        number(top),
        number(STRIP / 1_000.0),
        number(HEIGHT / 100.0)
    );
    let class = if strip.is_queue { "depth" } else { "rate" };
    let told = Markup::said("title", format!("{} over time: {}", strip.name, strip.figure));
    Markup::all([
        label("", "start", 0.0, base - 4.0, &shortened(&strip.name, NAME)),
        Markup::with("path", &[("class", class), ("transform", &place), ("d", &strip.path)], told),
        line("axis", [LEFT, base, LEFT + STRIP, base]),
        label("muted", "end", WIDTH, base - 4.0, &strip.figure),
    ])
}
