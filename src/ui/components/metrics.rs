//! The figures of a run.

use leptos::prelude::*;

use crate::measure::figures::{Figure, Figures, METRICS, Metric};
use crate::ui::display::Display;
use crate::ui::element::{dd, div, dl, dt, h2, part};

/// The figures, each with its meaning. They have no values before the first run.
pub(crate) fn metrics(display: Display) -> AnyView {
    let shown = move || {
        display.digest.track();
        display.runs.track();
        let figures = display.views().map(|views| (views.figures)(display)).unwrap_or_default();
        METRICS.iter().zip(figures).map(metric).collect_view().into_any()
    };
    [h2().text("Metrics").view(), dl().class("metrics").add(part(shown)).view()].into_any()
}

fn metric((metric, figure): (&Metric, Figure)) -> AnyView {
    div()
        .el(dt().text(metric.label))
        .el(dd()
            .attr("data-metric", metric.name)
            .attr_if("data-exact", figure.exact.map(|it| it.to_string()))
            .text(figure.text.unwrap_or_else(|| "–".to_owned())))
        .el(dd().class("help").text(metric.help))
        .view()
}

/// The values of the metrics now.
pub(crate) fn figures(display: Display) -> Figures {
    display.facts().map(|facts| facts.figures()).unwrap_or_default()
}
