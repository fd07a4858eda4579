//! The event loop's pulse, live, and a button that counts presses, so that the reader notices when the loop is blocked.

use leptos::prelude::*;
use web_sys::MouseEvent;

use crate::measure::heartbeat::longest_lag_us;
use crate::measure::units;
use crate::runtime::browser::page_time_ms;
use crate::ui::display::Display;

/// The progress bar fills once in this many milliseconds.
const TURN_MS: u64 = 1_000;

/// The presses of the button, and the longest time that the page took to react.
#[derive(Clone, Copy, Default)]
struct Presses {
    /// The run during or after which the button was pressed.
    run: u32,
    count: u32,
    slowest_ms: f64,
}

/// The pulse and the button, for an exercise that blocks the event loop.
pub(crate) fn pulse(display: Display) -> AnyView {
    if display.exercise.has_pulse { beating(display) } else { ().into_any() }
}

fn beating(display: Display) -> AnyView {
    let presses = RwSignal::new(Presses::default());
    let press = move |event: MouseEvent| {
        let reacted_after_ms = page_time_ms() - event.time_stamp();
        let run = display.runs.get_untracked();
        presses.update(|presses| {
            if presses.run != run {
                *presses = Presses { run, ..Presses::default() };
            }
            presses.count += 1;
            presses.slowest_ms = presses.slowest_ms.max(reacted_after_ms);
        });
    };
    let message = move || match presses.get() {
        Presses { run, count, slowest_ms } if run == display.runs.get() && count > 0 => {
            let times = if count == 1 { "press".to_owned() } else { format!("{} presses", units::count(count.into())) };
            format!("{times}; the page took up to {slowest_ms:.0} ms to react.")
        }
        _ => "Press it during a run.".to_owned(),
    };
    // It moves with every frame, and stops while the page is blocked.
    let beat = move || {
        display.frame.track();
        (display.now_us() / 1_000 % TURN_MS).to_string()
    };
    view! {
        <div class="pulse">
            <progress aria-hidden="true" max=TURN_MS.to_string() prop:value=beat></progress>
            <p class="pulse-figures" data-pulse="">{move || figures(display)}</p>
            <button data-presses="" on:click=press>"Count my presses"</button>
            <p class="hint" aria-live="polite">{message}</p>
        </div>
    }
    .into_any()
}

fn figures(display: Display) -> String {
    display.step.track();
    display.runs.track();
    let now_us = display.now_us();
    let lags = display.with_record(|record| {
        let last = record.beats().last().map(|beat| beat.lag_us());
        last.zip(longest_lag_us(record.beats(), 0, now_us))
    });
    match lags.flatten() {
        Some((last, longest)) => {
            format!(
                "Heartbeat of the event loop: last beat {} late, worst {} late.",
                units::span(last),
                units::span(longest)
            )
        }
        None => "Heartbeat of the event loop: a beat is due every 20 ms.".to_owned(),
    }
}
