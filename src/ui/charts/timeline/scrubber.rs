//! Moving through the time of a run that is over: a slider, and a replay.

use std::time::Duration;

use leptos::prelude::*;

use crate::measure::units::span;
use crate::runtime::browser::Stopwatch;
use crate::ui::display::chart::Chart;

/// The slider has this many steps.
const STEPS: f64 = 1_000.0;

/// The speeds of the replay: their values, and how they are shown.
const SPEEDS: [(&str, &str); 3] = [("1", "1/1"), ("10", "1/10"), ("100", "1/100")];

/// Readers who prefer less motion see the replay in steps of this time.
const STEP_WITHOUT_MOTION: Duration = Duration::from_millis(400);

/// The controls. They work once a run is over.
pub(super) fn scrubber(chart: Chart) -> AnyView {
    let cursor = chart.display.cursor;
    let slowdown = RwSignal::new(SPEEDS[1].0);
    let is_off = move || !chart.display.has_saved();
    let end_us = move || {
        chart.display.runs.track();
        chart.display.digest.track();
        cursor.axis.track();
        chart.whole().to_us
    };
    let step = move || cursor.pinned_us.get().map_or(0.0, |at_us| (at_us as f64 / end_us() * STEPS).round());
    let words = move || cursor.pinned_us.get().map_or_else(|| "no time chosen".to_owned(), span);
    let replay = move |_| {
        if cursor.is_replaying.get_untracked() {
            cursor.is_replaying.set(false);
        } else {
            start_replay(chart, untrack(end_us), slowdown);
        }
    };
    let slide = move |event: web_sys::Event| {
        let step: f64 = event_target_value(&event).parse().unwrap_or(0.0);
        cursor.is_replaying.set(false);
        cursor.pinned_us.set(Some((untrack(end_us) * step / STEPS) as u64));
    };
    let choose_speed = move |event: web_sys::Event| {
        let value = event_target_value(&event);
        SPEEDS.iter().filter(|(speed, _)| *speed == value).for_each(|(speed, _)| slowdown.set(speed));
    };
    let offers = SPEEDS.map(|(value, label)| {
        view! { <option value=value prop:selected=move || slowdown.get() == value>{label}</option> }
    });
    view! {
        <div class="scrubber" role="group" aria-label="Time">
            <button class="quiet" disabled=is_off on:click=replay>
                {move || if cursor.is_replaying.get() { "Pause" } else { "Replay" }}
            </button>
            <select aria-label="Replay speed" title="Speed of the replay" disabled=is_off on:change=choose_speed>
                {offers.collect_view()}
            </select>
            <input
                type="range"
                aria-label="Time in the run"
                min="0"
                max=STEPS.to_string()
                step="1"
                disabled=is_off
                prop:value=move || step().to_string()
                aria-valuetext=words
                on:input=slide
            />
            <output>{move || cursor.pinned_us.get().map(span)}</output>
        </div>
    }
    .into_any()
}

/// Moves the cursor to the end of the axis, from where it is or, if it is there, from the beginning.
fn start_replay(chart: Chart, end_us: f64, slowdown: RwSignal<&'static str>) {
    let cursor = chart.display.cursor;
    let from_us = cursor.pinned_us.get_untracked().map(|us| us as f64).filter(|us| *us < end_us).unwrap_or(0.0);
    cursor.is_replaying.set(true);
    cursor.pinned_us.set(Some(from_us as u64));
    let prefers_less = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    let is_smooth = !prefers_less.is_some_and(|it| it.matches());
    next_step(Replay { chart, run: chart.display.runs.get_untracked(), end_us, slowdown, is_smooth }, from_us);
}

/// A replay that is going on.
#[derive(Clone, Copy)]
struct Replay {
    chart: Chart,
    /// The run that it shows.
    run: u32,
    end_us: f64,
    slowdown: RwSignal<&'static str>,
    is_smooth: bool,
}

/// Moves the cursor on from `at_us` by the time that passes until the next frame.
fn next_step(replay: Replay, at_us: f64) {
    let since = Stopwatch::start();
    let step = move || {
        let cursor = replay.chart.display.cursor;
        let is_on = cursor.is_replaying.try_get_untracked() == Some(true)
            && replay.chart.display.runs.try_get_untracked() == Some(replay.run);
        let Some(slowdown) = replay.slowdown.try_get_untracked().filter(|_| is_on) else { return };
        let passed_us = since.elapsed().as_micros() as f64 / slowdown.parse::<f64>().unwrap_or(1.0);
        let next_us = (at_us + passed_us).min(replay.end_us);
        cursor.pinned_us.set(Some(next_us as u64));
        if next_us < replay.end_us {
            next_step(replay, next_us);
        } else {
            cursor.is_replaying.set(false);
        }
    };
    if replay.is_smooth {
        request_animation_frame(step);
    } else {
        set_timeout(step, STEP_WITHOUT_MOTION);
    }
}
