//! The figures of a run.

use leptos::prelude::*;

use crate::measure::figures::{Facts, Figure, Figures, METRICS, Metric};
use crate::measure::metrics::Metrics;
use crate::ui::display::Display;

/// The figures, each with its meaning. They have no values before the first run.
pub(crate) fn metrics(display: Display) -> AnyView {
    let shown = move || {
        display.digest.track();
        display.runs.track();
        METRICS.iter().zip(figures(display)).map(metric).collect_view().into_any()
    };
    view! { <dl class="metrics">{shown}</dl> }.into_any()
}

fn metric((metric, figure): (&Metric, Figure)) -> AnyView {
    view! {
        <div>
            <dt>{metric.label}</dt>
            <dd data-metric=metric.name data-exact=figure.exact.map(|it| it.to_string())>
                {figure.text.unwrap_or_else(|| "–".to_owned())}
            </dd>
            <dd class="help">{metric.help}</dd>
        </div>
    }
    .into_any()
}

/// The values of the metrics now, of the time range that is selected or of the whole run.
fn figures(display: Display) -> Figures {
    if let Some(selection) = display.cursor.selection.get() {
        let window = &selection.window;
        return Facts::of_range(&Metrics::from_record(&window.record), window.range.us());
    }
    display.facts().map(|facts| facts.figures()).unwrap_or_default()
}
