//! Throughput and latency at rising concurrency as columns, with a latency target that can be moved afterwards.

use leptos::prelude::*;

use crate::measure::report::{Column, Table};
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::measure::units;
use crate::ui::charts::columns::{bar, column, row, share};
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{El, details, div, figcaption, figure, h3, input, label, p, part, span, summary};

/// The columns, the slider of the target, and the same as a table.
pub(crate) fn sweep(lab: Lab, sweep: &Sweep) -> AnyView {
    let target_ms = RwSignal::new(first_target_ms(sweep));
    let measured = StoredValue::new_local(sweep.clone());
    let most_ms = sweep.slowest_us().div_ceil(1_000).max(first_target_ms(sweep));
    let slider = input()
        .attr("id", "latency-target")
        .attr("type", "range")
        .attr("min", "1")
        .attr("max", most_ms.to_string())
        .attr("step", "1")
        .attr_changing("aria-valuetext", move || Some(format!("{} ms", target_ms.get())))
        .prop("value", move || target_ms.get().to_string())
        .on_input(move |event| {
            if let Ok(ms) = event_target_value(event).parse() {
                target_ms.set(ms);
            }
        });
    let target = div()
        .class("target")
        .el(label().attr("for", "latency-target").text("Latency target"))
        .el(slider)
        .el(span().class("figure").text_changing(move || format!("{} ms", units::count(target_ms.get()))));
    let told = move || measured.with_value(|sweep| sweep.goodput_sentence(target_ms.get() * 1_000));
    let shown = move || measured.with_value(|sweep| charts(sweep, target_ms.get() * 1_000));
    figure()
        .class("sweep")
        .attr("data-knee", sweep.knee().map_or(String::new(), |knee| knee.concurrency.to_string()))
        .el(figcaption().class("told").text(sweep.sentence()))
        .add(blocked(lab))
        .el(target)
        .el(p().attr("aria-live", "polite").attr("data-goodput", "").text_changing(told))
        .add(part(shown))
        .view()
}

/// What the page itself was kept by is no fault of the endpoint.
fn blocked(lab: Lab) -> AnyView {
    let longest_us =
        lab.with_record(|record| record.beats().iter().filter(|it| it.is_blocked()).map(|it| it.lag_us()).max());
    let told = |us| {
        format!(
            "The page was blocked while this was measured, for {} at the longest: where throughput ends may be the page's \
             limit and not the endpoint's.",
            units::span(us)
        )
    };
    longest_us.flatten().map(|us| p().class("caution").text(told(us)).view()).into_any()
}

/// Half as long again as one request takes alone.
fn first_target_ms(sweep: &Sweep) -> u64 {
    let alone_us = sweep.levels().first().and_then(|level| level.latencies().median()).unwrap_or(0.0);
    (alone_us * 1.5 / 1e3).ceil().max(1.0) as u64
}

fn charts(sweep: &Sweep, target_us: u64) -> AnyView {
    let best = sweep.best_per_s().max(1e-9);
    let slowest = sweep.levels().iter().filter_map(LoadLevel::p95_us).max().unwrap_or(0).max(target_us).max(1) as f64;
    let knee = sweep.knee().map(|knee| knee.concurrency);
    let throughput = sweep.levels().iter().map(|level| {
        let per_s = level.throughput_per_s();
        let good = share(level.goodput_per_s(target_us) / per_s.max(1e-9));
        level_column(level, knee, format!("{per_s:.1}"), bar("bar", per_s / best, good_part(good)))
            .attr("data-throughput", format!("{per_s:.2}"))
            .attr("data-goodput", format!("{:.2}", level.goodput_per_s(target_us)))
            .view()
    });
    let p95 = sweep.levels().iter().map(|level| {
        let p95 = level.p95_us();
        let class = if p95.is_some_and(|us| us > target_us) { "bar late" } else { "bar" };
        let bar = bar(class, p95.unwrap_or(0) as f64 / slowest, ().into_any());
        level_column(level, knee, p95.map_or("–".to_owned(), units::span), bar)
            .attr_if("data-p95-us", p95.map(|us| us.to_string()))
            .view()
    });
    // Above the numbers below the columns, in their height.
    let height = format!("calc(40px + {:.4} * 120px)", target_us as f64 / slowest);
    let line = view! { <span class="target-line" style:bottom=height></span> }.into_any();
    [
        h3().text("Requests per second, by how many are under way at once; the solid part keeps the target").view(),
        row("Throughput by requests at once, a column chart; the table below holds its numbers")
            .add_all(throughput)
            .view(),
        h3().text("p95 latency from send, by how many are under way at once; the line is the target").view(),
        row("p95 by requests at once, a column chart; the table below holds its numbers").add_all(p95).add(line).view(),
        details().el(summary().text("The same as a table")).add(data_table(as_table(sweep, target_us))).view(),
    ]
    .into_any()
}

/// A level's column.
fn level_column(level: &LoadLevel, knee: Option<u32>, value: String, bar: AnyView) -> El {
    let class = if knee == Some(level.concurrency) { "column knee" } else { "column" };
    let at = units::count(level.concurrency.into());
    column(class, &at, value, bar).attr("data-level", level.concurrency.to_string())
}

fn good_part(height: String) -> AnyView {
    view! { <span class="good" style:height=height></span> }.into_any()
}

fn as_table(sweep: &Sweep, target_us: u64) -> Table {
    let row = |level: &LoadLevel| {
        let latencies = level.latencies();
        let of = |p| latencies.percentile(p).map_or("–".to_owned(), |us| units::span(us as u64));
        vec![
            units::count(level.concurrency.into()),
            units::count(level.latencies_us.len() as u64),
            units::count(level.failed.into()),
            format!("{:.1}", level.throughput_per_s()),
            of(50.0),
            of(95.0),
            format!("{:.1}", level.goodput_per_s(target_us)),
        ]
    };
    let heads = ["At once", "Succeeded", "Failed", "Per second", "p50", "p95", "Within the target"];
    Table {
        caption: "The sweep: throughput, latency from send and goodput".to_owned(),
        columns: heads.map(Column::number).to_vec(),
        rows: sweep.levels().iter().map(row).collect(),
    }
}
