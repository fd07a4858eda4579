//! What a lab has on display: a run under way, one that is over, or none yet. All that is shown is read through here.

use std::cell::OnceCell;
use std::rc::Rc;

use super::Lab;
use leptos::prelude::*;

use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::measure::Record;
use crate::measure::figures::Facts;
use crate::measure::metrics::{Meter, Metrics};
use crate::measure::spans::Spans;
use crate::runtime::Run;
use crate::runtime::browser::clock_resolution_us;
use crate::share::saved::SavedRun;

impl Lab {
    /// Reads the record of the run on display. Whoever wants to be told of changes tracks `frame` or `digest`.
    pub(in crate::ui) fn with_record<T>(self, read: impl FnOnce(&Record) -> T) -> Option<T> {
        match self.read_saved(|saved| Rc::clone(&saved.record)) {
            Some(record) => Some(read(&record)),
            None => self.run.with_value(|run| run.as_ref().map(|run| read(&run.record()))),
        }
    }

    /// Reads the run on display if it is over.
    fn read_saved<T>(self, read: impl FnOnce(&SavedRun) -> T) -> Option<T> {
        self.over.with_untracked(|over| over.as_ref().map(read))
    }

    /// Counts of the run on display.
    pub(in crate::ui) fn measured(self) -> Option<Metrics> {
        self.with_record(|record| self.meter.update_value(|meter| meter.read(record)))?;
        Some(self.meter.with_value(Meter::metrics))
    }

    /// What is known of the run on display in numbers.
    pub(in crate::ui) fn facts(self) -> Option<Facts> {
        Some(Facts {
            measured: self.measured()?,
            ideal_us: self.ideal.get().map(|ideal| ideal.record.end_us()),
            clock_resolution_us: self.clock_resolution_us(),
            record_bytes: self.record_bytes(),
            memory: self.memory.get(),
        })
    }

    /// One step of the clock with which the run on display was measured, in microseconds.
    pub(in crate::ui) fn clock_resolution_us(self) -> u64 {
        self.read_saved(|saved| saved.clock_resolution_us).unwrap_or_else(measure_clock)
    }

    /// What the record on display takes, or took in the browser in which it was made.
    fn record_bytes(self) -> u64 {
        let saved = self.read_saved(|saved| saved.record_bytes);
        saved.or_else(|| self.with_record(|record| record.heap_bytes() as u64)).unwrap_or(0)
    }

    /// The time of the run on display: now while its lesson is under way, then its end.
    pub(in crate::ui) fn now_us(self) -> u64 {
        if self.experiment.with_value(Option::is_some) {
            self.run.with_value(|run| run.as_ref().map_or(0, Run::now_us))
        } else {
            self.with_record(Record::end_us).unwrap_or(0)
        }
    }

    /// What the run on display was started with; what is set up before the first.
    pub(in crate::ui) fn run_settings(self) -> Settings {
        self.ran_with.get().map_or_else(|| self.settings.get(), |experiment| experiment.settings)
    }

    /// The lesson's comparisons, as far as the run has come.
    pub(in crate::ui) fn compared(self) -> Vec<Compared> {
        let settings = self.run_settings();
        let ideal = self.ideal.get();
        let ideal = ideal.as_deref().map(|it| (&*it.record, &it.spans));
        let now_us = self.now_us();
        let of_run = self.with_record(|record| {
            self.spans.update_value(|spans| spans.read(record));
            self.spans.with_value(|spans| Compared::all(self.exercise, &settings, Some((record, spans)), now_us, ideal))
        });
        of_run.unwrap_or_else(|| Compared::all(self.exercise, &settings, None, now_us, ideal))
    }

    /// Forgets what was read of the run before.
    pub(super) fn begin_display(self) {
        self.run.set_value(None);
        self.spans.set_value(Spans::default());
        self.meter.set_value(Meter::default());
        self.chosen.set(None);
    }
}

/// The clock's resolution in microseconds, measured when it is first asked for.
pub(super) fn measure_clock() -> u64 {
    thread_local! {
        static RESOLUTION_US: OnceCell<u64> = const { OnceCell::new() };
    }
    RESOLUTION_US.with(|resolution| *resolution.get_or_init(clock_resolution_us))
}
