//! [`Display`]: the run on display: one that is running, one that is over, or none yet. The components read everything
//! that they show through it.

pub(super) mod baseline;
pub(super) mod before;
pub(super) mod chart;
pub(super) mod code;
pub(super) mod cursor;

use std::cell::OnceCell;
use std::rc::Rc;

use leptos::prelude::*;

use crate::exercises::compared::{Compared, Parts};
use crate::exercises::exercise::{Exercise, Failure};
use crate::exercises::experiment::Experiment;
use crate::figures::tasks::Order;
use crate::measure::figures::{Facts, Memory};
use crate::measure::line_waits::LineWaits;
use crate::measure::metrics::{Meter, Metrics};
use crate::measure::report::Report;
use crate::measure::spans::Spans;
use crate::measure::waits::SourceLine;
use crate::measure::{Record, TaskId};
use crate::runtime::Run;
use crate::runtime::browser::{clock_resolution_us, wasm_memory_bytes};
use crate::runtime::turn::next_turn;
use crate::share::quantities::Quantities;
use crate::share::saved::{RunEnding, SavedRun};
use crate::ui::form::Form;
use baseline::{Baseline, SameSettings};
use before::Forecast;
use cursor::Cursor;

/// At most about this many events are read in one turn for what the reader does not look at first. It takes some 10 ms.
const EVENTS_PER_SLICE: usize = 200_000;

/// The status of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    Running,
    Over(RunEnding),
}

impl Status {
    /// True if a run has finished.
    pub(super) fn has_finished(&self) -> bool {
        matches!(self, Self::Over(RunEnding::Finished { .. }))
    }
}

/// The ideal of a run, with its parts.
pub(super) struct Ideal {
    pub(super) record: Rc<Record>,
    spans: Spans,
}

impl Ideal {
    fn new(record: Rc<Record>) -> Self {
        Self { spans: Spans::from_record(&record), record }
    }

    fn parts(&self) -> Parts<'_> {
        (&self.record, &self.spans)
    }
}

/// The run on display.
#[derive(Clone, Copy)]
pub(super) struct Display {
    pub(super) exercise: &'static Exercise,
    /// The setup of the next run. It is shown until the first run starts.
    pub(super) form: Form,
    pub(super) status: RwSignal<Status>,
    pub(super) report: RwSignal<Option<Rc<Report>>, LocalStorage>,
    /// The ideal of the run, once it has finished.
    ideal: RwSignal<Option<Rc<Ideal>>, LocalStorage>,
    /// The forecast for the form.
    forecast: RwSignal<Option<Rc<Forecast>>, LocalStorage>,
    /// True once the page is stable before the first run: the forecast is shown, or there is none.
    pub(super) is_settled: RwSignal<bool>,
    /// The number of times that what is outlined has changed.
    outlines: StoredValue<u32>,
    /// The last saved run of the exercise. Its outline is shown before the first run if there is no forecast.
    last_run: RwSignal<Option<SavedRun>, LocalStorage>,
    /// The experiment that was started last.
    experiment: RwSignal<Option<Experiment>>,
    memory: RwSignal<Option<Memory>>,
    /// The number of runs shown so far.
    pub(super) runs: RwSignal<u32>,
    /// Changes with every frame in which the record may have grown.
    pub(super) frame: RwSignal<u32>,
    /// Changes many times a second while the record may have grown, and when the run is over.
    pub(super) step: RwSignal<u32>,
    /// Changes a few times a second while the record may have grown, and when the run is over.
    pub(super) digest: RwSignal<u32>,
    /// The order of the table of tasks.
    pub(super) task_order: RwSignal<Order>,
    /// The task that the timeline describes.
    pub(super) chosen: RwSignal<Option<TaskId>>,
    /// The task that the reader wants to see in the timeline.
    pub(super) wanted: RwSignal<Option<TaskId>>,
    /// The line of the code that the reader points at, if tasks of the run on display waited there.
    pub(super) pointed_line: RwSignal<Option<SourceLine>>,
    /// Where in the time of the run the reader looks.
    pub(super) cursor: Cursor,
    /// The reader's answer to the question of the exercise, for the first run.
    pub(super) said_us: RwSignal<Option<u64>>,
    /// The run, or the series of runs, that the runs are compared with, if there is one.
    pub(super) baseline: RwSignal<Option<Baseline>>,
    /// The runs with the settings of the last one that finished.
    pub(super) same_settings: RwSignal<SameSettings>,
    /// The run that has started here, until it is saved.
    run: StoredValue<Option<Run>, LocalStorage>,
    /// True from the start of that run until its end.
    is_live: StoredValue<bool>,
    /// The run, once it is over.
    saved: RwSignal<Option<SavedRun>, LocalStorage>,
    /// True if the run was opened, not made here.
    is_opened: RwSignal<bool>,
    spans: StoredValue<Spans, LocalStorage>,
    meter: StoredValue<Meter, LocalStorage>,
    line_waits: StoredValue<LineWaits, LocalStorage>,
}

impl Display {
    /// An empty display. It is not inlined: otherwise each of the many closures that hold it would copy it field by
    /// field.
    #[inline(never)]
    pub(super) fn new(form: Form, baseline: Option<Baseline>) -> Self {
        Self {
            exercise: form.exercise,
            form,
            status: RwSignal::new(Status::Ready),
            report: RwSignal::new_local(None),
            ideal: RwSignal::new_local(None),
            forecast: RwSignal::new_local(None),
            is_settled: RwSignal::new(false),
            outlines: StoredValue::new(0),
            last_run: RwSignal::new_local(None),
            experiment: RwSignal::new(None),
            memory: RwSignal::new(None),
            runs: RwSignal::new(0),
            frame: RwSignal::new(0),
            step: RwSignal::new(0),
            digest: RwSignal::new(0),
            task_order: RwSignal::new(Order::default()),
            chosen: RwSignal::new(None),
            wanted: RwSignal::new(None),
            pointed_line: RwSignal::new(None),
            cursor: Cursor::new(),
            said_us: RwSignal::new(None),
            baseline: RwSignal::new(baseline),
            same_settings: RwSignal::new(SameSettings::default()),
            run: StoredValue::new_local(None),
            is_live: StoredValue::new(false),
            saved: RwSignal::new_local(None),
            is_opened: RwSignal::new(false),
            spans: StoredValue::new_local(Spans::default()),
            meter: StoredValue::new_local(Meter::default()),
            line_waits: StoredValue::new_local(LineWaits::default()),
        }
    }

    /// True while an experiment is running.
    pub(super) fn is_running(self) -> bool {
        self.status.with(|status| *status == Status::Running)
    }

    /// True if a control was changed since the run on display was started.
    pub(super) fn is_outdated(self) -> bool {
        let now = self.form.experiment();
        self.experiment.with(|then| then.as_ref().is_some_and(|then| !then.has_same_settings(&now)))
    }

    /// Reads the record of the run on display. To be notified of changes, track `frame`, `step` or `digest`.
    pub(super) fn with_record<T>(self, read: impl FnOnce(&Record) -> T) -> Option<T> {
        match self.read_saved(|saved| Rc::clone(&saved.record)) {
            Some(record) => Some(read(&record)),
            None => self.run.with_value(|run| run.as_ref().map(|run| read(&run.record()))),
        }
    }

    /// Reads the waits of the run on display by source line, with its record. It is tracked like
    /// [`with_record`](Self::with_record).
    pub(super) fn with_line_waits<T>(self, read: impl FnOnce(&Record, &LineWaits) -> T) -> Option<T> {
        self.with_record(|record| {
            self.line_waits.update_value(|waits| waits.read(record));
            self.line_waits.with_value(|waits| read(record, waits))
        })
    }

    /// True once the waits by source line are known. If very many events have not been read, reads them in slices and then
    /// updates the figures.
    pub(super) fn has_line_waits(self) -> bool {
        let unread = |record: &Record| self.line_waits.with_value(|waits| waits.unread(record));
        let is_far_behind = self.with_record(unread).is_some_and(|events| events > EVENTS_PER_SLICE);
        if is_far_behind {
            next_turn(move || self.read_slice_of_line_waits(self.runs.get_untracked()));
        }
        !is_far_behind
    }

    fn read_slice_of_line_waits(self, run: u32) {
        // The page may have been left, or show another run.
        if self.runs.try_get_untracked() != Some(run) {
            return;
        }
        let read = |waits: &mut LineWaits, record: &Record| {
            waits.read_some(record, EVENTS_PER_SLICE);
            waits.unread(record)
        };
        let unread =
            self.with_record(|record| self.line_waits.try_update_value(|waits| read(waits, record)).unwrap_or(0));
        if unread.unwrap_or(0) > 0 {
            next_turn(move || self.read_slice_of_line_waits(run));
        } else {
            self.draw_figures();
        }
    }

    /// Reads the record that the figures describe: of the time range that the reader has selected, which is tracked, or
    /// of the whole run.
    pub(super) fn with_described<T>(self, read: impl FnOnce(&Record) -> T) -> Option<T> {
        match self.cursor.selection.get() {
            Some(selection) => Some(read(&selection.window.record)),
            None => self.with_record(read),
        }
    }

    /// The task of the run on display that is this task of the record that the figures describe.
    pub(super) fn task_in_run(self, task: TaskId) -> TaskId {
        self.cursor.selection.with_untracked(|it| it.as_ref().map_or(task, |it| it.window.in_whole(task)))
    }

    /// Reads the run on display if it is over.
    fn read_saved<T>(self, read: impl FnOnce(&SavedRun) -> T) -> Option<T> {
        self.saved.with_untracked(|saved| saved.as_ref().map(read))
    }

    /// The run on display, if it is over. `None` before the first, and for a run that could not start.
    pub(super) fn saved(self) -> Option<SavedRun> {
        self.saved.get()
    }

    /// The run that has just finished on this page, tracked.
    pub(super) fn finished_here(self) -> Option<SavedRun> {
        let has_finished = self.status.with(Status::has_finished) && !self.is_opened.get();
        self.saved.get().filter(|_| has_finished)
    }

    /// True if the run on display is over.
    pub(super) fn has_saved(self) -> bool {
        self.saved.with(Option::is_some)
    }

    /// True if the run on display was opened, not made here.
    pub(super) fn is_opened(self) -> bool {
        self.is_opened.get()
    }

    /// Counts of the run on display.
    pub(super) fn measured(self) -> Option<Metrics> {
        self.with_record(|record| self.meter.update_value(|meter| meter.read(record)))?;
        Some(self.meter.with_value(Meter::metrics))
    }

    /// The figures of the run on display.
    pub(super) fn facts(self) -> Option<Facts> {
        Some(Facts {
            measured: self.measured()?,
            ideal_us: self.ideal.get().map(|ideal| ideal.record.end_us()),
            clock_resolution_us: self.clock_resolution_us(),
            record_bytes: self.record_bytes(),
            memory: self.memory.get(),
        })
    }

    /// One step of the clock with which the run on display was measured, in microseconds.
    pub(super) fn clock_resolution_us(self) -> u64 {
        self.read_saved(|saved| saved.clock_resolution_us).unwrap_or_else(measure_clock)
    }

    /// The size of the record on display in bytes, in the browser that made it.
    fn record_bytes(self) -> u64 {
        let saved = self.read_saved(|saved| saved.record_bytes);
        saved.or_else(|| self.with_record(|record| record.heap_bytes() as u64)).unwrap_or(0)
    }

    /// The time of the run on display: now while it is running, then its end.
    pub(super) fn now_us(self) -> u64 {
        if self.is_live.get_value() {
            self.run.with_value(|run| run.as_ref().map_or(0, Run::now_us))
        } else {
            self.with_record(Record::end_us).unwrap_or(0)
        }
    }

    /// The experiment on display. Before the first run, it is the one that the form describes.
    pub(super) fn experiment(self) -> Experiment {
        self.experiment.get().unwrap_or_else(|| self.form.experiment())
    }

    /// The experiment that was started last.
    pub(super) fn started(self) -> Option<Experiment> {
        self.experiment.get_untracked()
    }

    /// The comparisons, up to the current time of the run.
    pub(super) fn compared(self) -> Vec<Compared> {
        let experiment = self.experiment();
        let ideal = self.ideal.get().or_else(|| Some(Rc::clone(&self.expected()?.ideal)));
        let ideal = ideal.as_deref().map(Ideal::parts);
        let now_us = self.now_us();
        let of_run = self.with_record(|record| {
            self.spans.update_value(|spans| spans.read(record));
            self.spans.with_value(|spans| experiment.compared(Some((record, spans)), now_us, ideal))
        });
        of_run.unwrap_or_else(|| experiment.compared(None, now_us, ideal))
    }

    /// The run, or the series of runs, whose lengths are next to those of the parts.
    pub(super) fn shown_baseline(self) -> Option<Baseline> {
        let last_run = || self.last_run().map(|run| Baseline::last_run(Quantities::from_run(&run)));
        self.baseline.get().or_else(last_run)
    }
}

/// The methods with which the runner changes the display.
impl Display {
    /// Clears the display for an experiment that is about to start, and returns the number of its run.
    pub(super) fn begin(self, experiment: Experiment) -> u32 {
        measure_clock();
        self.report.set(None);
        self.ideal.set(None);
        self.experiment.set(Some(experiment));
        let before = wasm_memory_bytes();
        self.memory.set(Some(Memory { before, after: before }));
        self.saved.set(None);
        self.is_opened.set(false);
        if self.runs.get_untracked() > 0 {
            self.said_us.set(None);
        }
        self.forget_run();
        self.status.set(Status::Running);
        self.runs.update(|runs| *runs += 1);
        self.runs.get_untracked()
    }

    /// Shows a run that has started.
    pub(super) fn set_live(self, run: Run) {
        // While it was loading, the reader may have chosen a task of the forecast.
        self.chosen.set(None);
        self.run.set_value(Some(run));
        self.is_live.set_value(true);
    }

    /// The run that has started here, until it is saved.
    pub(super) fn live(self) -> Option<Run> {
        self.run.get_value()
    }

    /// Stops the clock of the run: it is over.
    pub(super) fn end_live(self) {
        self.is_live.set_value(false);
    }

    /// True if this run, and no later one, is running on a page that is still there.
    pub(super) fn is_under_way(self, run: u32) -> bool {
        self.runs.try_get_untracked() == Some(run)
            && self.status.try_with_untracked(|status| *status == Status::Running) == Some(true)
    }

    /// Shows why the experiment could not start.
    pub(super) fn fail(self, failure: Failure) {
        self.status.set(Status::Over(RunEnding::failed(0, failure)));
    }

    /// Shows the ideal of the run.
    pub(super) fn set_ideal(self, record: Option<Rc<Record>>) {
        self.ideal.set(record.map(|record| Rc::new(Ideal::new(record))));
    }

    /// Draws the next frame of the timeline.
    pub(super) fn draw_frame(self) {
        self.frame.update(|frame| *frame += 1);
    }

    /// Draws the bars.
    pub(super) fn draw_bars(self) {
        self.step.update(|step| *step += 1);
    }

    /// Draws text and tables.
    pub(super) fn draw_figures(self) {
        self.digest.update(|digest| *digest += 1);
    }

    /// Draws the timeline and the bars of a run that is over.
    pub(super) fn draw_last_frame(self) {
        self.memory.update(|memory| {
            if let Some(memory) = memory {
                memory.after = wasm_memory_bytes();
            }
        });
        self.draw_frame();
        self.draw_bars();
    }

    /// Saves the run that has just ended, and shows that it is over.
    pub(super) fn save(self, ending: RunEnding) {
        if self.report.with_untracked(Option::is_none) {
            self.report.set(self.started().and_then(|it| it.partial_report()).map(Rc::new));
        }
        let run = self.run.try_update_value(Option::take).flatten();
        if let Some((run, experiment)) = run.zip(self.started()) {
            let record = run.take_record();
            self.saved.set(Some(SavedRun {
                experiment,
                ending: ending.clone(),
                record_bytes: record.heap_bytes() as u64,
                record: Rc::new(record),
                ideal: self.ideal.get_untracked().map(|ideal| Rc::clone(&ideal.record)),
                report: self.report.get_untracked(),
                memory: self.memory.get_untracked(),
                clock_resolution_us: measure_clock(),
                finished_at_ms: js_sys::Date::now() as u64,
            }));
        }
        self.status.set(Status::Over(ending));
    }

    /// Shows a run that was opened, as it was when it was over.
    pub(super) fn open(self, saved: SavedRun) {
        self.forget_run();
        self.experiment.set(Some(saved.experiment.clone()));
        self.report.set(saved.report.clone());
        self.ideal.set(saved.ideal.clone().map(|record| Rc::new(Ideal::new(record))));
        self.memory.set(saved.memory);
        let ending = saved.ending.clone();
        self.saved.set(Some(saved));
        self.is_opened.set(true);
        self.said_us.set(None);
        self.runs.update(|runs| *runs += 1);
        self.draw_frame();
        self.draw_bars();
        self.status.set(Status::Over(ending));
    }

    /// Discards what was read from the previous run.
    fn forget_run(self) {
        self.run.set_value(None);
        self.is_live.set_value(false);
        self.spans.set_value(Spans::default());
        self.meter.set_value(Meter::default());
        self.line_waits.set_value(LineWaits::default());
        self.chosen.set(None);
        self.pointed_line.set(None);
        self.cursor.clear();
    }
}

/// The clock's resolution in microseconds, measured when it is first needed.
fn measure_clock() -> u64 {
    thread_local! {
        static RESOLUTION_US: OnceCell<u64> = const { OnceCell::new() };
    }
    RESOLUTION_US.with(|resolution| *resolution.get_or_init(clock_resolution_us))
}
