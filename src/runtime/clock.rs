//! A run's clock: the browser's or a virtual one.

use std::cell::Cell;
use std::time::Duration;

use crate::measure::ClockKind;
#[cfg(target_arch = "wasm32")]
use crate::runtime::browser;

/// The source of a run's time, and its alarm.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The browser's clock. One of the browser's timers is the alarm.
    #[cfg(target_arch = "wasm32")]
    Browser(browser::Clock),
    /// A number that [`virtual_time`](crate::runtime::virtual_time) increases. It needs no alarm.
    Virtual {
        /// Microseconds since the run's start.
        now_us: Cell<u64>,
    },
}

impl Clock {
    /// A virtual clock at zero.
    pub(crate) fn virtual_at_zero() -> Self {
        Self::Virtual { now_us: Cell::new(0) }
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> ClockKind {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Browser(_) => ClockKind::Browser,
            Self::Virtual { .. } => ClockKind::Virtual,
        }
    }

    /// Microseconds since the run's start. It never goes backwards.
    pub(crate) fn now_us(&self) -> u64 {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Browser(clock) => clock.now_us(),
            Self::Virtual { now_us } => now_us.get(),
        }
    }

    /// Lets time pass while nothing else can happen: loops on the browser's clock, or advances the virtual clock.
    pub(crate) fn block(&self, duration: Duration) {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Browser(_) => browser::block(duration),
            Self::Virtual { now_us } => now_us.set(now_us.get() + micros(duration)),
        }
    }

    /// Clears the alarm, if there is one.
    pub(crate) fn clear_alarm(&self) {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Browser(clock) => clock.clear_alarm(),
            Self::Virtual { .. } => {}
        }
    }

    /// Moves a virtual clock forward to an instant. Does nothing if that is in the past, or on the browser's clock.
    pub(crate) fn jump_to(&self, at_us: u64) {
        match self {
            #[cfg(target_arch = "wasm32")]
            Self::Browser(_) => {}
            Self::Virtual { now_us } => now_us.set(now_us.get().max(at_us)),
        }
    }
}

/// A duration in whole microseconds, rounded up so that nothing ends early. It is limited to about 292,000 years.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX / 2)
}
