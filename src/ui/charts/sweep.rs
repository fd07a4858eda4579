//! Throughput and latency at rising concurrency, with a latency target that the reader can move.

use leptos::prelude::*;

use crate::figures::sweep::{caption, caution, charts, knee};
use crate::measure::sweep::Sweep;
use crate::measure::units::count;
use crate::ui::display::Display;
use crate::ui::drawing::{drawing, drawings};

/// The columns and the slider of the target.
pub(crate) fn sweep(display: Display, sweep: &Sweep) -> AnyView {
    let target_ms = RwSignal::new(first_target_ms(sweep));
    let most_ms = sweep.slowest_us().div_ceil(1_000).max(first_target_ms(sweep));
    let measured = StoredValue::new_local(sweep.clone());
    let goodput = move || measured.with_value(|sweep| sweep.goodput_sentence(target_ms.get() * 1_000));
    let columns = move || measured.with_value(|sweep| drawings(charts(sweep, Some(target_ms.get() * 1_000))));
    view! {
        <figure class="sweep" data-knee=knee(sweep)>
            {drawing(caption(sweep))}
            {drawings(display.with_record(|record| caution(record.beats())).flatten())}
            {target(target_ms, most_ms)}
            <p aria-live="polite" data-goodput="">{goodput}</p>
            {columns}
        </figure>
    }
    .into_any()
}

/// The slider of the target, and its value.
fn target(target_ms: RwSignal<u64>, most_ms: u64) -> AnyView {
    let take = move |event| {
        if let Ok(ms) = event_target_value(&event).parse() {
            target_ms.set(ms);
        }
    };
    view! {
        <div class="target">
            <label for="latency-target">"Latency target"</label>
            <input
                id="latency-target"
                type="range"
                min="1"
                max=most_ms.to_string()
                step="1"
                aria-valuetext=move || format!("{} ms", target_ms.get())
                prop:value=move || target_ms.get().to_string()
                on:input=take
            />
            <span class="figure">{move || format!("{} ms", count(target_ms.get()))}</span>
        </div>
    }
    .into_any()
}

/// Half as long again as one request takes alone.
fn first_target_ms(sweep: &Sweep) -> u64 {
    let alone_us = sweep.levels().first().and_then(|level| level.latencies().median()).unwrap_or(0.0);
    (alone_us * 1.5 / 1e3).ceil().max(1.0) as u64
}
