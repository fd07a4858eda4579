//! The browser's clock and its timer. With `turn` it is all of the runtime that knows the browser.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use crate::runtime::turn::next_turn;

#[wasm_bindgen]
extern "C" {
    // Bound directly, because the page and its workers both have it and `web_sys` asks for a `Window` first.
    type Performance;
    // Fetched once: to ask the window for it takes longer than to ask it for the time.
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
    #[wasm_bindgen(method)]
    fn now(this: &Performance) -> f64;
}

fn now() -> f64 {
    PERFORMANCE.with(Performance::now)
}

/// The page's own time in milliseconds, the scale of its events' time stamps.
#[must_use]
pub fn page_time_ms() -> f64 {
    now()
}

/// Measures the time since its start, on the browser's clock.
#[derive(Clone, Copy, Debug)]
#[must_use = "it measures time only if it is read"]
pub struct Stopwatch {
    start_ms: f64,
}

impl Stopwatch {
    /// A stopwatch that starts now.
    pub fn start() -> Self {
        Self { start_ms: now() }
    }

    /// The time since the start, in whole microseconds.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Duration::from_micros(self.elapsed_us())
    }

    fn elapsed_us(self) -> u64 {
        ((now() - self.start_ms) * 1e3) as u64
    }
}

/// Keeps the thread busy for the whole duration.
pub(crate) fn block(duration: Duration) {
    let until_ms = now() + duration.as_secs_f64() * 1e3;
    while now() < until_ms {
        std::hint::spin_loop();
    }
}

/// A timer that is set by a timer, and so on, waits for 4 ms at least, whatever it is set to
/// (<https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timer-initialisation-steps>).
const CLAMPED_BELOW_US: u64 = 4_000;

/// The browser's clock, counted from a run's start, with the one timer that serves all its sleepers.
#[derive(Debug)]
pub(crate) struct Clock {
    since_start: Stopwatch,
    alarm: Rc<RefCell<Option<Alarm>>>,
}

/// What will ring. Dropping it clears it.
#[derive(Debug)]
enum Alarm {
    /// A timer.
    Timer(#[expect(dead_code, reason = "it is held until it rings")] Timeout),
    /// The browser's next turn, in which the timer will be set. Whoever comes then looks whether this is still there.
    NextTurn(#[expect(dead_code, reason = "its weak reference tells")] Rc<()>),
}

impl Alarm {
    /// Rings after the delay or later.
    fn timer(delay_us: u64, ring: impl FnOnce() + 'static) -> Self {
        // Rounded up, or it would go off too early, find nobody due and have to be set again. Browsers keep delays in
        // an `i32`; a later deadline takes more than one alarm.
        let delay_ms = delay_us.div_ceil(1_000).min(i32::MAX as u64) as u32;
        Self::Timer(Timeout::new(delay_ms, ring))
    }
}

impl Clock {
    /// A clock that stands at zero now.
    pub(crate) fn start() -> Self {
        Self { since_start: Stopwatch::start(), alarm: Rc::default() }
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        self.since_start.elapsed_us()
    }

    /// Sets the alarm in place of the one that was set. It goes off at the deadline or later.
    ///
    /// A short one is set from a turn of its own, which no timer began, so that it is not clamped.
    pub(crate) fn set_alarm(&self, deadline_us: u64, ring: impl FnOnce() + 'static) {
        let delay_us = deadline_us.saturating_sub(self.now_us());
        if delay_us >= CLAMPED_BELOW_US {
            self.alarm.replace(Some(Alarm::timer(delay_us, ring)));
            return;
        }
        let here = Rc::new(());
        let (still_here, alarm, since_start) = (Rc::downgrade(&here), Rc::downgrade(&self.alarm), self.since_start);
        self.alarm.replace(Some(Alarm::NextTurn(here)));
        next_turn(move || {
            let Some(alarm) = alarm.upgrade().filter(|_| still_here.strong_count() > 0) else { return };
            let delay_us = deadline_us.saturating_sub(since_start.elapsed_us());
            if delay_us > 0 {
                alarm.replace(Some(Alarm::timer(delay_us, ring)));
            } else {
                alarm.replace(None);
                ring();
            }
        });
    }

    /// Clears the alarm.
    pub(crate) fn clear_alarm(&self) {
        self.alarm.replace(None);
    }
}

/// The step of the browser's clock in microseconds, measured: the least of a few differences between readings.
///
/// It keeps the page busy for at most some 10 ms, less where the clock is fine. Browsers make their clocks coarse on
/// purpose, by 5 µs to 1 ms and more, against attacks that need a fine one
/// (<https://www.w3.org/TR/hr-time-3/#clock-resolution>).
#[must_use]
pub fn clock_resolution_us() -> u64 {
    const STEPS: usize = 5;
    let steps = std::iter::repeat_with(|| {
        let before = now();
        loop {
            let step = now() - before;
            if step > 0.0 {
                return step;
            }
        }
    });
    let least_ms = steps.take(STEPS).fold(f64::INFINITY, f64::min);
    ((least_ms * 1e3).round() as u64).max(1)
}

/// The size of the wasm memory in bytes. It never shrinks, so after a run it is also the highest of the run.
#[must_use]
pub fn wasm_memory_bytes() -> u64 {
    const PAGE: u64 = 65_536;
    core::arch::wasm32::memory_size(0) as u64 * PAGE
}
