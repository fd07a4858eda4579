//! [`Lab`]: the state of one exercise's page. One experiment at a time is under way in it.

pub(super) mod beside;
mod display;
mod saved;
mod typed;

use std::rc::Rc;
use std::time::Duration;

use futures::future::{join, try_join};
use futures::{FutureExt, TryFutureExt};
use leptos::prelude::*;

use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Exercise, Failure};
use crate::exercises::experiment::{Experiment, RunningExperiment};
use crate::exercises::site::Site;
use crate::lazy::NotFetched;
use crate::measure::figures::Memory;
use crate::measure::metrics::Meter;
use crate::measure::report::Report;
use crate::measure::spans::Spans;
use crate::measure::{Record, TaskId};
use crate::runtime::browser::wasm_memory_bytes;
use crate::runtime::turn::{next_turn, yield_to_browser};
use crate::runtime::{Run, Stopper, stoppable};
use crate::share::permalink::{self, Destination};
use crate::share::quantities::Quantities;
use crate::share::saved::{RunEnding, SavedRun};
use crate::share::sent::Sent;
use crate::storage::Source;
use crate::ui::results::{self, Results};
use beside::{Alike, Beside};
use typed::Refused;

/// Text and tables are drawn anew so often: nobody reads faster, and they cost more than the timeline.
const DIGEST_EVERY_US: u64 = 160_000;

/// The bars grow so often, which looks smooth.
const STEP_EVERY_US: u64 = 50_000;

/// After a frame the page rests this many times as long as drawing it kept the lesson waiting: the drawing has a fifth
/// of the time of the run that it shows, and no more. Without a graphics processor it would have nearly all.
const RESTS_PER_FRAME: u32 = 4;

/// The page never rests longer: whoever looks on wants to see that it runs.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// The name under which the seed's refusal is kept; no control may have it.
pub(super) const SEED: &str = "seed";

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ready,
    Running,
    Over(RunEnding),
}

impl Status {
    /// Whether a run has come to its end.
    pub(super) fn has_finished(&self) -> bool {
        matches!(self, Self::Over(RunEnding::Finished { .. }))
    }
}

/// A record that grows no more, with its parts.
pub(super) struct Kept {
    pub(super) record: Rc<Record>,
    spans: Spans,
}

impl Kept {
    fn from_record(record: Rc<Record>) -> Self {
        Self { spans: Spans::from_record(&record), record }
    }
}

/// The state of one exercise's page.
#[derive(Clone, Copy)]
pub(super) struct Lab {
    pub(super) exercise: &'static Exercise,
    pub(super) settings: RwSignal<Settings>,
    pub(super) seed: RwSignal<u64>,
    runs_at_once: bool,
    /// The names of the controls that the link hides.
    pub(super) hidden: RwSignal<Vec<&'static str>>,
    /// The result of whoever sent the link.
    pub(super) sent: RwSignal<Option<Sent>>,
    /// What was typed and not taken, and why, by the control's name.
    refusals: RwSignal<Vec<Refused>>,
    pub(super) status: RwSignal<Status>,
    pub(super) report: RwSignal<Option<Rc<Report>>, LocalStorage>,
    /// What the same lesson leaves on the virtual clock, once the run has finished.
    pub(super) ideal: RwSignal<Option<Rc<Kept>>, LocalStorage>,
    /// What the run on display was started with.
    ran_with: RwSignal<Option<Experiment>>,
    pub(super) memory: RwSignal<Option<Memory>>,
    /// Counts the runs; 0 before the first.
    pub(super) runs: RwSignal<u32>,
    /// Changes with every frame in which the record may have grown.
    pub(super) frame: RwSignal<u32>,
    /// Changes many times a second while the record may have grown, and when the run is over.
    pub(super) step: RwSignal<u32>,
    /// Changes a few times a second while the record may have grown, and when the run is over.
    pub(super) digest: RwSignal<u32>,
    /// The task about which the timeline tells.
    pub(super) chosen: RwSignal<Option<TaskId>>,
    /// The task that the reader wants to see in the timeline.
    pub(super) sought: RwSignal<Option<TaskId>>,
    /// What the runs are held against, if there is something.
    pub(super) beside: RwSignal<Option<Beside>>,
    /// Whether a run that is pinned from an earlier visit was looked for.
    has_looked: StoredValue<bool, LocalStorage>,
    /// What was measured with the settings of the last run that finished.
    pub(super) alike: RwSignal<Alike>,
    /// How many runs of a series are still to come, the one under way included.
    pub(super) repeats_left: RwSignal<u32>,
    /// The run under way.
    run: StoredValue<Option<Run>, LocalStorage>,
    /// The run on display, when it is over.
    over: RwSignal<Option<SavedRun>, LocalStorage>,
    /// Whether the run on display was not made here, but opened.
    is_opened: RwSignal<bool>,
    spans: StoredValue<Spans, LocalStorage>,
    meter: StoredValue<Meter, LocalStorage>,
    experiment: StoredValue<Option<RunningExperiment>, LocalStorage>,
    /// What follows the end of its lesson.
    ending: StoredValue<Option<Stopper>, LocalStorage>,
    site: StoredValue<Rc<Site>, LocalStorage>,
    results: StoredValue<Option<Results>, LocalStorage>,
}

impl Lab {
    /// The page of an experiment as a link sets it up. Leaving the page stops what is under way.
    // Out of line: a lab that is known piece by piece is also copied so, into each of the many closures that hold it.
    #[inline(never)]
    pub(super) fn new(link: permalink::Setup) -> Self {
        let beside = link.sent.as_ref().map(|sent| Quantities::from_sent(sent, link.exercise, &link.settings));
        let lab = Self {
            exercise: link.exercise,
            settings: RwSignal::new(link.settings),
            seed: RwSignal::new(link.seed),
            runs_at_once: link.runs_at_once,
            hidden: RwSignal::new(link.hidden),
            sent: RwSignal::new(link.sent),
            refusals: RwSignal::new(Default::default()),
            status: RwSignal::new(Status::Ready),
            report: RwSignal::new_local(Default::default()),
            ideal: RwSignal::new_local(Default::default()),
            ran_with: RwSignal::new(Default::default()),
            memory: RwSignal::new(Default::default()),
            runs: RwSignal::new(0),
            frame: RwSignal::new(0),
            step: RwSignal::new(0),
            digest: RwSignal::new(0),
            chosen: RwSignal::new(None),
            sought: RwSignal::new(None),
            beside: RwSignal::new(beside.map(Beside::senders)),
            has_looked: StoredValue::new_local(false),
            alike: RwSignal::new(Alike::default()),
            repeats_left: RwSignal::new(0),
            run: StoredValue::new_local(None),
            over: RwSignal::new_local(None),
            is_opened: RwSignal::new(false),
            spans: StoredValue::new_local(Spans::default()),
            meter: StoredValue::new_local(Meter::default()),
            experiment: StoredValue::new_local(None),
            ending: StoredValue::new_local(None),
            results: StoredValue::new_local(None),
            site: StoredValue::new_local(Rc::new(Site::served_from("static/"))),
        };
        on_cleanup(move || {
            drop(lab.experiment.try_update_value(Option::take));
            drop(lab.ending.try_update_value(Option::take));
        });
        // A link may not make the page ask somebody else before the reader has seen whom.
        let may_run = link.exercise.connect.as_ref().is_none_or(|it| lab.settings.with_untracked(it.asks_at_once));
        if link.runs_at_once && may_run {
            // When the page has been drawn.
            request_animation_frame(move || lab.start());
        }
        lab
    }

    /// The link to what is set up now.
    pub(super) fn place(self) -> Destination {
        self.place_with(self.sent.get())
    }

    fn place_with(self, sent: Option<Sent>) -> Destination {
        Destination::Exercise(permalink::Setup {
            exercise: self.exercise,
            settings: self.settings.get(),
            seed: self.seed.get(),
            runs_at_once: self.runs_at_once,
            hidden: self.hidden.get(),
            sent,
        })
    }

    /// The link to what is set up now, without anybody's result.
    pub(super) fn place_to_copy(self) -> Destination {
        self.place_with(None)
    }

    /// The link to what the run on display was started with, and its result.
    pub(super) fn place_with_result(self) -> Destination {
        let then = self.ran_with.get();
        let (settings, seed) =
            then.map_or_else(|| (self.settings.get(), self.seed.get()), |then| (then.settings, then.seed));
        match self.place_with(Sent::from_compared(&self.compared())) {
            Destination::Exercise(setup) => Destination::Exercise(permalink::Setup { settings, seed, ..setup }),
            other => other,
        }
    }

    /// Has the next run read these files of the reader's own, and no others.
    pub(super) fn choose(self, files: Vec<Source>) {
        self.site.with_value(|site| site.choose(files));
    }

    /// Whether a lesson is under way.
    pub(super) fn is_running(self) -> bool {
        self.status.with(|status| *status == Status::Running)
    }

    /// Whether Run works: nothing is under way and no control is refused.
    pub(super) fn can_start(self) -> bool {
        !self.is_running() && !self.has_refusals()
    }

    /// Whether a control was changed since the run on display.
    pub(super) fn is_outdated(self) -> bool {
        let now = Experiment::new(self.exercise, self.settings.get(), self.seed.get());
        self.ran_with.with(|then| then.as_ref().is_some_and(|then| !then.has_same_settings(&now)))
    }

    /// Begins a run, if one can begin.
    pub(super) fn start(self) {
        if !untrack(|| self.can_start()) {
            return;
        }
        display::measure_clock();
        let experiment = Experiment::new(self.exercise, self.settings.get_untracked(), self.seed.get_untracked());
        self.report.set(None);
        self.ideal.set(None);
        self.ran_with.set(Some(experiment.clone()));
        let before = wasm_memory_bytes();
        self.memory.set(Some(Memory { before, after: before }));
        self.over.set(None);
        self.is_opened.set(false);
        self.begin_display();
        self.status.set(Status::Running);
        self.runs.update(|runs| *runs += 1);
        let run = self.runs.get_untracked();
        // The page shows that it runs before the clock starts: drawing that is no part of the lesson, nor is fetching
        // its code or starting a server.
        when_drawn(move || {
            leptos::task::spawn_local(async move {
                let fetched = try_join(results::fetch().err_into(), experiment.load());
                match join(fetched, self.find_pinned()).await.0 {
                    Ok((results, ())) => {
                        self.results.set_value(Some(results));
                        set_timeout(move || self.begin(run, experiment), Duration::ZERO);
                    }
                    Err(failure) if self.is_under_way(run) => {
                        self.status.set(Status::Over(RunEnding::failed(0, failure)))
                    }
                    Err(_) => {}
                }
            });
        });
    }

    /// Begins the run that `start` announced, unless it was stopped before it began.
    fn begin(self, run: u32, experiment: Experiment) {
        if !self.is_under_way(run) {
            return;
        }
        let site = self.site.get_value();
        let started = experiment.start(site, move |result| self.end(result));
        match started.now_or_never().unwrap_or(Err(NotFetched)) {
            Ok(experiment) => {
                self.run.set_value(Some(experiment.run().clone()));
                self.experiment.set_value(Some(experiment));
                self.animate(run, Drawn::default());
            }
            Err(error) => self.status.set(Status::Over(RunEnding::failed(0, error.into()))),
        }
    }

    /// Stops the run at once.
    pub(super) fn stop(self) {
        if !untrack(|| self.is_running()) {
            return;
        }
        let after_us = self.now_us();
        self.repeats_left.set(0);
        drop(self.experiment.try_update_value(Option::take));
        drop(self.ending.try_update_value(Option::take));
        self.show_bars();
        self.settle(RunEnding::Stopped { after_us });
        next_turn(move || self.show_figures());
    }

    /// What shows the results of a run, once one has begun.
    pub(super) fn results(self) -> Option<Results> {
        self.results.get_value()
    }

    /// A view of the results of a run, empty until one has begun.
    pub(super) fn shown(self, show: impl FnOnce(Results) -> AnyView) -> AnyView {
        self.results().map(show).into_any()
    }

    /// What follows the end of the lesson can be stopped as well.
    fn end(self, result: Result<Report, Failure>) {
        self.experiment.set_value(None);
        let (ending, stopper) = stoppable(self.finish(result));
        self.ending.set_value(Some(stopper));
        leptos::task::spawn_local(ending);
    }

    /// Shows the results, and then says that they are there. The page has a turn in between: all of it at once is much
    /// after ten thousand tasks.
    async fn finish(self, result: Result<Report, Failure>) {
        let wall_us = self.with_record(Record::end_us).unwrap_or(0);
        let ending = match result {
            Ok(report) => {
                self.report.set(Some(Rc::new(report)));
                let ideal = self.ideal_of_this_run().await;
                self.ideal.set(ideal.map(|record| Rc::new(Kept::from_record(Rc::new(record)))));
                RunEnding::Finished { wall_us }
            }
            Err(failure) => RunEnding::failed(wall_us, failure),
        };
        self.show_bars();
        yield_to_browser().await;
        self.show_figures();
        yield_to_browser().await;
        let has_finished = matches!(ending, RunEnding::Finished { .. });
        self.settle(ending);
        if has_finished {
            self.count_repeat();
        } else {
            self.repeats_left.set(0);
        }
    }

    async fn ideal_of_this_run(self) -> Option<Record> {
        self.ran_with.get_untracked()?.ideal_in_slices(self.site.get_value()).await
    }

    fn show_bars(self) {
        self.memory.update(|memory| {
            if let Some(memory) = memory {
                memory.after = wasm_memory_bytes();
            }
        });
        self.frame.update(|frame| *frame += 1);
        self.step.update(|step| *step += 1);
    }

    fn show_figures(self) {
        self.digest.update(|digest| *digest += 1);
    }

    /// Draws while this run is under way.
    fn animate(self, run: u32, mut drawn: Drawn) {
        request_animation_frame(move || {
            if !self.is_under_way(run) {
                return;
            }
            let now_us = self.now_us();
            self.frame.update(|frame| *frame += 1);
            if now_us >= drawn.step_us + STEP_EVERY_US {
                drawn.step_us = now_us;
                self.step.update(|step| *step += 1);
            }
            if now_us >= drawn.digest_us + DIGEST_EVERY_US {
                drawn.digest_us = now_us;
                self.show_figures();
            }
            // The next turn comes when the browser has painted.
            next_turn(move || {
                if self.is_under_way(run) {
                    let took = Duration::from_micros(self.now_us().saturating_sub(now_us));
                    set_timeout(move || self.animate(run, drawn), LONGEST_REST.min(took * RESTS_PER_FRAME));
                }
            });
        });
    }

    /// Whether this run, and no later one, is under way on a page that is still there.
    fn is_under_way(self, run: u32) -> bool {
        self.runs.try_get_untracked() == Some(run)
            && self.status.try_with_untracked(|status| *status == Status::Running) == Some(true)
    }
}

/// Does something with the next frame. A hidden page has none, and a series of runs goes on in it.
fn when_drawn(act: impl FnOnce() + 'static) {
    if document().hidden() {
        next_turn(act);
    } else {
        request_animation_frame(act);
    }
}

/// When parts of a run under way were last drawn, in microseconds of the run.
#[derive(Clone, Copy, Default)]
struct Drawn {
    step_us: u64,
    digest_us: u64,
}
