//! Throughput and latency at rising concurrency as columns, with a latency target if there is one.

use crate::figures::columns::{Column, Mark, across, column, part, row, whisker};
use crate::figures::node::{Element, Node, element};
use crate::figures::table::disclosed;
use crate::measure::heartbeat::Beat;
use crate::measure::report::{Column as TableColumn, Table};
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::measure::units::{count, span};

/// The level beyond which requests only wait.
const KNEE: Mark = Mark { text: "the knee", class: "column knee" };

/// The caption, the columns and their numbers as a table, without a target. `beats` are those of the whole run. None if
/// nothing was measured.
#[must_use]
pub fn sweep(sweep: &Sweep, beats: &[Beat]) -> Option<Node> {
    if sweep.levels().is_empty() {
        return None;
    }
    let figure = element("figure")
        .class("sweep")
        .attr("data-knee", knee(sweep))
        .child(caption(sweep))
        .children(caution(beats))
        .children(charts(sweep, None));
    Some(figure.into())
}

/// The concurrency at the knee; empty if there is no knee.
#[must_use]
pub fn knee(sweep: &Sweep) -> String {
    sweep.knee().map_or(String::new(), |knee| knee.concurrency.to_string())
}

/// A sentence about the sweep.
#[must_use]
pub fn caption(sweep: &Sweep) -> Element {
    element("figcaption").class("sentence").text(sweep.sentence())
}

/// A warning if the page was blocked, which is not the fault of the endpoint.
#[must_use]
pub fn caution(beats: &[Beat]) -> Option<Element> {
    let longest_us = beats.iter().filter(|it| it.is_blocked()).map(|it| it.lag_us()).max()?;
    let text = format!(
        "The page was blocked during this measurement, for up to {}. The page, not the endpoint, may have limited \
        the throughput.",
        span(longest_us)
    );
    Some(element("p").class("caution").text(text))
}

/// Throughput and p95 as columns, and both as a table. With a target in microseconds, the solid part of a column is
/// the share that meets the target.
#[must_use]
pub fn charts(sweep: &Sweep, target_us: Option<u64>) -> [Node; 5] {
    let (legend, line) = match target_us {
        Some(_) => ("; the solid part meets the target", "; the line is the target"),
        None => ("", ""),
    };
    let has_intervals = sweep.levels().iter().any(|level| level.throughput_interval().is_some());
    let interval = if has_intervals { "; the thin line is the 95 % interval" } else { "" };
    let knee = sweep.knee().map(|level| level.concurrency);
    let throughput = row("Throughput by requests at once, a column chart; the table below has its numbers")
        .children(throughput(sweep, knee, target_us));
    let p95 = row("p95 by requests at once, a column chart; the table below has its numbers")
        .children(p95(sweep, knee, target_us));
    [
        element("h3").text(format!("Requests per second, by number of requests at once{legend}{interval}")).into(),
        throughput.into(),
        element("h3").text(format!("p95 latency since sent, by number of requests at once{line}")).into(),
        p95.into(),
        disclosed(&as_table(sweep, target_us)),
    ]
}

fn throughput(sweep: &Sweep, knee: Option<u32>, target_us: Option<u64>) -> impl Iterator<Item = Element> {
    // The tallest column leaves room for its interval.
    let highest = sweep.levels().iter().filter_map(LoadLevel::throughput_interval).map(|[_, high]| high);
    let best = highest.fold(sweep.best_per_s(), f64::max).max(1e-9);
    sweep.levels().iter().map(move |level| {
        let share = level.throughput_per_s() / best;
        let goodput = target_us.map(|target_us| level.goodput_per_s(target_us));
        let good = goodput.map(|per_s| part("good", 0.0, per_s / best));
        let interval = level.throughput_interval().map(|[low, high]| whisker(low / best, high / best));
        column(&level_column(knee, level, per_s(level), share), "fill", good.into_iter().chain(interval))
            .attr("data-level", level.concurrency.to_string())
            .attr("data-throughput", format!("{:.2}", level.throughput_per_s()))
            .attr_if("data-goodput", goodput.map(|per_s| format!("{per_s:.2}")))
    })
}

fn p95(sweep: &Sweep, knee: Option<u32>, target_us: Option<u64>) -> impl Iterator<Item = Element> {
    let slowest_us = sweep.levels().iter().filter_map(LoadLevel::p95_us).max();
    let tallest_us = slowest_us.max(target_us).unwrap_or(0).max(1) as f64;
    sweep.levels().iter().map(move |level| {
        let p95_us = level.p95_us();
        let is_late = p95_us.zip(target_us).is_some_and(|(us, target_us)| us > target_us);
        let fill = if is_late { "fill late" } else { "fill" };
        let share = p95_us.unwrap_or(0) as f64 / tallest_us;
        let target = target_us.map(|us| across("target-line", us as f64 / tallest_us));
        column(&level_column(knee, level, p95_text(level), share), fill, target)
            .attr("data-level", level.concurrency.to_string())
            .attr_if("data-p95-us", p95_us)
    })
}

fn level_column(knee: Option<u32>, level: &LoadLevel, value: String, share: f64) -> Column {
    let is_knee = knee == Some(level.concurrency);
    Column { at: level.concurrency, value, share, mark: is_knee.then_some(KNEE), title: title(level) }
}

fn per_s(level: &LoadLevel) -> String {
    format!("{:.1}", level.throughput_per_s())
}

/// The 95 % confidence interval of the throughput, or a dash.
fn interval_text(level: &LoadLevel) -> String {
    level.throughput_interval().map_or("–".to_owned(), |[low, high]| format!("{low:.1} to {high:.1}"))
}

/// A dash if there are too few requests for it.
fn p95_text(level: &LoadLevel) -> String {
    level.p95_us().map_or("–".to_owned(), span)
}

fn title(level: &LoadLevel) -> String {
    format!(
        "{} at once: {} succeeded, {} failed, {} per second (95 % interval: {}), p95 {}",
        count(level.concurrency.into()),
        count(level.latencies_us.len() as u64),
        count(level.failed.into()),
        per_s(level),
        interval_text(level),
        p95_text(level),
    )
}

fn as_table(sweep: &Sweep, target_us: Option<u64>) -> Table {
    let row = |level: &LoadLevel| {
        let latencies = level.latencies();
        let percentile = |p| latencies.percentile(p).map_or("–".to_owned(), |us| span(us as u64));
        let cells = vec![
            count(level.concurrency.into()),
            count(level.latencies_us.len() as u64),
            count(level.failed.into()),
            per_s(level),
            interval_text(level),
            percentile(50.0),
            percentile(95.0),
        ];
        let goodput = target_us.map(|target_us| format!("{:.1}", level.goodput_per_s(target_us)));
        cells.into_iter().chain(goodput).collect()
    };
    let mut titles = vec!["At once", "Succeeded", "Failed", "Per second", "95 % interval", "p50", "p95"];
    titles.extend(target_us.map(|_| "Within the target"));
    Table {
        caption: "The sweep: throughput, latency since sent, and throughput within the target".to_owned(),
        columns: titles.into_iter().map(TableColumn::number).collect(),
        rows: sweep.levels().iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::measure::sweep::Visit;

    fn level(concurrency: u32, latency_us: u64) -> LoadLevel {
        let latencies_us = vec![latency_us; 40];
        LoadLevel {
            concurrency,
            length_us: 40 * 100_000 / u64::from(concurrency.min(2)),
            latencies_us,
            ..LoadLevel::default()
        }
    }

    fn measured() -> Sweep {
        Sweep::new(vec![level(1, 100_000), level(2, 100_000), level(4, 200_000)])
    }

    #[test]
    fn columns_show_throughput_and_p95_and_the_knee() {
        let figure = sweep(&measured(), &[]).expect("there are levels");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".column", "data-throughput"), ["10.00", "20.00", "20.00"]);
        assert_eq!(figure.attributes("rect", "height"), ["50%", "100%", "100%", "50%", "50%", "100%"]);
        assert_eq!(figure.attributes("figure", "data-knee"), ["2"]);
        assert_eq!(figure.texts(".at"), ["1", "2: the knee", "4", "1", "2: the knee", "4"]);
        assert_eq!(figure.rows()[2], ["4", "40", "0", "20.0", "–", "200 ms", "200 ms"]);
        assert!(figure.all(".target-line").is_empty() && figure.all(".good").is_empty());
    }

    #[test]
    fn an_interval_is_drawn_and_written_beside_its_throughput() {
        let visit = |succeeded| Visit { length_us: 1_000_000, succeeded, median_us: 100_000 };
        let level = LoadLevel { visits: [90, 100, 110].map(visit).to_vec(), ..level(1, 30_000) };
        let figure = sweep(&Sweep::new(vec![level]), &[]).expect("there is a level");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".whisker", "y2"), ["0%"], "the chart is as high as the interval");
        assert_eq!(figure.rows()[0][4], "75.2 to 124.8");
        assert!(figure.texts("h3")[0].ends_with("the thin line is the 95 % interval"));
    }

    #[test]
    fn a_target_marks_what_meets_it_and_what_is_late() {
        let charts = charts(&measured(), Some(150_000));
        let figure = Node::from(element("figure").child(caption(&measured())).children(charts));
        assert_sound(&figure);
        assert_eq!(figure.attributes(".good", "height"), ["50%", "100%", "0%"]);
        assert_eq!(figure.attributes(".column", "data-goodput"), ["10.00", "20.00", "0.00"]);
        assert_eq!(figure.attributes(".target-line", "y1"), ["25%"; 3]);
        assert_eq!(figure.all(".late").len(), 1);
        assert_eq!(figure.rows()[2].last().map(String::as_str), Some("0.0"));
    }

    #[test]
    fn without_levels_there_is_no_figure_and_a_level_without_requests_gives_a_valid_one() {
        assert_eq!(sweep(&Sweep::new(Vec::new()), &[]), None);
        let level = LoadLevel { concurrency: 1, length_us: 0, ..LoadLevel::default() };
        let figure = sweep(&Sweep::new(vec![level]), &[]).expect("there is a level");
        assert_sound(&figure);
        assert_eq!(figure.attributes("rect", "height"), ["0%", "0%"]);
        assert_eq!(figure.texts(".value")[1], "–");
    }

    #[test]
    fn a_blocked_page_is_mentioned() {
        let beat = |lag_us| Beat { due_us: 0, at_us: lag_us };
        assert_eq!(caution(&[beat(1_000)]), None);
        assert!(caution(&[beat(1_000), beat(300_000)]).expect("one was late").content().contains("300 ms"));
    }
}
