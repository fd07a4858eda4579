//! The browser's clock and its timer. This file and `turn` are the only parts of the runtime that use the browser.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use crate::runtime::turn::next_turn;

#[wasm_bindgen]
extern "C" {
    // Bound directly, because workers have no `Window`, which `web_sys` needs to get it.
    type Performance;
    // Cached, because getting it from the window takes longer than reading the time.
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
    #[wasm_bindgen(method)]
    fn now(this: &Performance) -> f64;
}

fn now() -> f64 {
    PERFORMANCE.with(Performance::now)
}

/// The page's time in milliseconds, on the same scale as the time stamps of DOM events.
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

/// Timers that are set by timers, nested several levels deep, wait for at least 4 ms, even if set to less
/// (<https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timer-initialisation-steps>).
const CLAMPED_BELOW_US: u64 = 4_000;

/// The browser's clock, counted from a run's start, and the single timer that serves all sleepers of the run.
#[derive(Debug)]
pub(crate) struct Clock {
    since_start: Stopwatch,
    alarm: Rc<RefCell<Option<Alarm>>>,
}

/// An alarm that is set. Dropping it clears it.
#[derive(Debug)]
enum Alarm {
    /// A timer of the browser.
    Timer(#[expect(dead_code, reason = "dropping it clears the timer")] Timeout),
    /// The browser's next turn, in which the timer will be set, unless this has been dropped by then.
    NextTurn(#[expect(dead_code, reason = "a weak reference tests if it was dropped")] Rc<()>),
}

impl Alarm {
    /// A timer that calls `ring` after the delay, or later.
    fn timer(delay_us: u64, ring: impl FnOnce() + 'static) -> Self {
        // Rounded up: otherwise it could go off before the deadline and would have to be set again. Browsers store
        // delays in an `i32`; a later deadline takes more than one alarm.
        let delay_ms = delay_us.div_ceil(1_000).min(i32::MAX as u64) as u32;
        Self::Timer(Timeout::new(delay_ms, ring))
    }
}

impl Clock {
    /// A clock that is at zero now.
    pub(crate) fn start() -> Self {
        Self { since_start: Stopwatch::start(), alarm: Rc::default() }
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        self.since_start.elapsed_us()
    }

    /// Replaces the alarm. It goes off at the deadline, or later.
    ///
    /// A short alarm is set in the browser's next turn. That turn was not started by a timer, so the alarm is not
    /// clamped.
    pub(crate) fn set_alarm(&self, deadline_us: u64, ring: impl FnOnce() + 'static) {
        let delay_us = deadline_us.saturating_sub(self.now_us());
        if delay_us >= CLAMPED_BELOW_US {
            self.alarm.replace(Some(Alarm::timer(delay_us, ring)));
            return;
        }
        let marker = Rc::new(());
        let (is_set, alarm, since_start) = (Rc::downgrade(&marker), Rc::downgrade(&self.alarm), self.since_start);
        self.alarm.replace(Some(Alarm::NextTurn(marker)));
        next_turn(move || {
            let Some(alarm) = alarm.upgrade().filter(|_| is_set.strong_count() > 0) else { return };
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

/// The resolution of the browser's clock in microseconds, measured: the smallest of a few differences between readings.
///
/// This keeps the page busy for at most about 10 ms, less if the clock is fine. Browsers reduce the resolution on
/// purpose, to 5 µs, 1 ms or more, to prevent timing attacks
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
    let smallest_ms = steps.take(STEPS).fold(f64::INFINITY, f64::min);
    ((smallest_ms * 1e3).round() as u64).max(1)
}

/// The size of the wasm memory in bytes. It never shrinks, so after a run it is also the run's maximum.
#[must_use]
pub fn wasm_memory_bytes() -> u64 {
    const PAGE: u64 = 65_536;
    core::arch::wasm32::memory_size(0) as u64 * PAGE
}
