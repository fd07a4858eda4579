//! [`Runner`]: runs what the [`Form`] sets up, and shows it on the [`Display`]. One experiment at a time is running.

mod finish;
mod pin;
mod repeat;

use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{join, try_join};
use futures::{FutureExt, TryFutureExt};
use leptos::prelude::*;

use crate::exercises::exercise::Failure;
use crate::exercises::experiment::{Experiment, RunningExperiment};
use crate::exercises::program::COMMAND;
use crate::exercises::site::Site;
use crate::lazy::{NotFetched, lazy};
use crate::measure::Level;
use crate::measure::report::Report;
use crate::runtime::turn::next_turn;
use crate::runtime::{Stopper, stoppable};
use crate::share::permalink::Setup;
use crate::share::quantities::Quantities;
use crate::share::saved::{RunEnding, SavedRun};
use crate::share::sent::Sent;
use crate::storage::Source;
use crate::ui::display::baseline::Baseline;
use crate::ui::display::{Display, Status};
use crate::ui::forecast::use_forecast;
use crate::ui::form::Form;
use finish::{Finishing, finish};

/// The minimum time between two drawings of text and tables: readers are not faster, and they cost more than the
/// timeline.
const DIGEST_EVERY_US: u64 = 160_000;

/// The minimum time between two drawings of the bars. It looks smooth.
const STEP_EVERY_US: u64 = 50_000;

/// After a frame the page rests this many times as long as drawing it took: drawing takes at most a fifth of the time
/// of the run that it shows. Without a graphics processor it would take nearly all.
const RESTS_PER_FRAME: u32 = 4;

/// The longest rest: the reader should see that something is running.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// A run that was asked to stop is stopped after this time.
const CLEANS_UP_WITHIN: Duration = Duration::from_millis(500);

/// The line of the log if it did not stop by itself within that time.
const HAD_TO_BE_ENDED: &str = "It was terminated because it did not return to the event loop after Stop.";

/// Starts, stops and repeats runs.
#[derive(Clone, Copy)]
pub(super) struct Runner {
    pub(super) form: Form,
    pub(super) display: Display,
    /// The number of runs left in a series, including the current one.
    pub(super) repeats_left: RwSignal<u32>,
    /// True once the runner has looked for a run that was pinned on an earlier visit.
    has_looked_for_pinned: StoredValue<bool>,
    /// The number of the run that was asked to stop.
    asked_to_stop: StoredValue<Option<u32>>,
    running: StoredValue<Option<RunningExperiment>, LocalStorage>,
    /// Stops the work that follows the end of the experiment.
    finishing: StoredValue<Option<Stopper>, LocalStorage>,
    /// Ends the second run, which makes the ideal of some experiments.
    skip_second_run: StoredValue<Option<oneshot::Sender<()>>, LocalStorage>,
    site: StoredValue<Rc<Site>, LocalStorage>,
}

impl Runner {
    /// The runner of a page, as a link sets it up. Leaving the page stops what is running.
    // Not inlined: otherwise each of the many closures that hold it would copy it field by field.
    #[inline(never)]
    pub(super) fn new(link: Setup) -> Self {
        let sent = link.sent.as_ref().map(|sent| Quantities::from_sent(sent, link.exercise, &link.settings));
        // A link may not make the page send requests to another host before the reader has seen which.
        let may_run = link.exercise.connection_test.as_ref().is_none_or(|it| (it.is_automatic)(&link.settings));
        let runs_at_once = link.runs_at_once && may_run && !link.exercise.is_readers_program;
        let form = Form::new(link);
        let runner = Self {
            form,
            display: Display::new(form, sent.map(Baseline::sent)),
            repeats_left: RwSignal::new(0),
            has_looked_for_pinned: StoredValue::new(false),
            asked_to_stop: StoredValue::new(None),
            running: StoredValue::new_local(None),
            finishing: StoredValue::new_local(None),
            skip_second_run: StoredValue::new_local(None),
            site: StoredValue::new_local(Rc::new(Site::served_from("static/"))),
        };
        on_cleanup(move || runner.drop_running());
        use_forecast(runner.display, runner.site.get_value(), runs_at_once);
        if runs_at_once {
            // After the page has been drawn.
            request_animation_frame(move || runner.start());
        }
        runner
    }

    /// The settings and the result of the run on display.
    pub(super) fn setup_with_result(self) -> Setup {
        let Experiment { settings, seed, .. } = self.display.experiment();
        let setup = self.form.setup(Sent::from_compared(&self.display.compared()));
        Setup { settings, seed, ..setup }
    }

    /// Sets the reader's own files that the next run reads.
    pub(super) fn choose(self, files: Vec<Source>) {
        self.site.with_value(|site| site.set_own_files(files));
    }

    /// True if Run works: nothing is running, no control is refused, and no other server would get requests that it
    /// may not get.
    pub(super) fn can_start(self) -> bool {
        !self.display.is_running() && !self.form.has_refusals() && self.form.may_send_requests()
    }

    /// Starts a run of the reader's program: of this command in its folder, or of its main file if that is empty.
    pub(super) fn start_command(self, command: &str) {
        self.form.set_command(COMMAND, command);
        self.start();
    }

    /// Starts a run, if one can start.
    pub(super) fn start(self) {
        if !untrack(|| self.can_start()) {
            return;
        }
        let experiment = untrack(|| self.form.experiment());
        let run = self.display.begin(experiment.clone());
        // The page shows that the run has started before the clock does: drawing that, loading code and starting a
        // server are not part of the experiment.
        when_drawn(move || {
            leptos::task::spawn_local(async move {
                let loaded = try_join(fetched::load().err_into(), experiment.load());
                match join(loaded, self.find_pinned()).await.0 {
                    Ok(_) => set_timeout(move || self.start_loaded(run, experiment), Duration::ZERO),
                    Err(failure) if self.display.is_under_way(run) => self.display.fail(failure),
                    Err(_) => {}
                }
            });
        });
    }

    /// Starts the run that `start` announced, unless it was stopped before it began.
    fn start_loaded(self, run: u32, experiment: Experiment) {
        if !self.display.is_under_way(run) {
            return;
        }
        let started = experiment.start(self.site.get_value(), move |result| self.end(result));
        match started.now_or_never().unwrap_or(Err(NotFetched)) {
            Ok(running) => {
                self.display.set_live(running.run().clone());
                self.running.set_value(Some(running));
                self.animate(run, LastDrawn::default());
            }
            Err(error) => self.display.fail(error.into()),
        }
    }

    /// Stops the run. A run that cleans up gets a moment for it, unless Stop is pressed again. If the run has finished and
    /// a second one is in progress for its ideal, only that is stopped.
    pub(super) fn stop(self) {
        if !untrack(|| self.display.is_running()) || self.skip_second_run() {
            return;
        }
        let run = self.display.runs.get_untracked();
        let was_asked = self.asked_to_stop.get_value() == Some(run);
        if was_asked || !(self.form.exercise.request_stop)() {
            return self.stop_now();
        }
        self.asked_to_stop.set_value(Some(run));
        let stop_now = move || {
            if self.display.is_under_way(run) {
                if let Some(live) = self.display.live() {
                    live.log(Level::Warning, HAD_TO_BE_ENDED);
                }
                self.stop_now();
            }
        };
        set_timeout(stop_now, CLEANS_UP_WITHIN);
    }

    fn stop_now(self) {
        let after_us = self.display.now_us();
        self.repeats_left.set(0);
        self.drop_running();
        self.display.end_live();
        self.display.draw_last_frame();
        self.display.save(RunEnding::Stopped { after_us });
        next_turn(move || self.display.draw_figures());
    }

    fn drop_running(self) {
        drop(self.running.try_update_value(Option::take));
        drop(self.finishing.try_update_value(Option::take));
    }

    /// Called when the experiment has ended. The work that follows can be stopped as well.
    fn end(self, result: Result<Report, Failure>) {
        drop(self.running.try_update_value(Option::take));
        let elapsed_us = self.display.now_us();
        self.display.end_live();
        let (finishing, stopper) = stoppable(async move {
            match ended::finish(self, result, elapsed_us).await {
                Ok(finish) => finish.await,
                Err(error) => self.display.fail(error.into()),
            }
        });
        self.finishing.set_value(Some(stopper));
        leptos::task::spawn_local(finishing);
    }

    /// Draws while this run is running.
    fn animate(self, run: u32, mut drawn: LastDrawn) {
        // `use_raf_fn` of `leptos-use` draws in every frame; this rests in between.
        request_animation_frame(move || {
            if !self.display.is_under_way(run) {
                return;
            }
            let now_us = self.display.now_us();
            self.display.draw_frame();
            if now_us >= drawn.step_us + STEP_EVERY_US {
                drawn.step_us = now_us;
                self.display.draw_bars();
            }
            if now_us >= drawn.digest_us + DIGEST_EVERY_US {
                drawn.digest_us = now_us;
                self.display.draw_figures();
            }
            // The next turn comes when the browser has painted.
            next_turn(move || {
                if self.display.is_under_way(run) {
                    let took = Duration::from_micros(self.display.now_us().saturating_sub(now_us));
                    set_timeout(move || self.animate(run, drawn), LONGEST_REST.min(took * RESTS_PER_FRAME));
                }
            });
        });
    }

    /// Shows a run of this exercise that was opened, unless another has been started in the meantime.
    pub(super) fn open(self, saved: SavedRun) {
        leptos::task::spawn_local(async move {
            if let Err(error) = fetched::open(self.display, saved).await {
                self.display.fail(error.into());
            }
        });
    }
}

// Loaded before a run starts.
lazy!(mod ended in exercises: finish(runner: Runner, result: Result<Report, Failure>, elapsed_us: u64) -> Finishing);

lazy!(mod fetched in exercises: open(display: Display, saved: SavedRun) -> ());

fn open(display: Display, saved: SavedRun) {
    // The page may be gone by now, or its reader may have pressed Run.
    if display.status.try_with_untracked(|status| *status == Status::Ready) != Some(true) {
        return;
    }
    display.form.settings.set(saved.experiment.settings.clone());
    display.form.seed.set(saved.experiment.seed);
    display.open(saved);
    next_turn(move || display.draw_figures());
}

/// Calls `act` with the next frame. A hidden page has no frames, but a series of runs must continue there.
fn when_drawn(act: impl FnOnce() + 'static) {
    // It is read once; `use_document_visibility` of `leptos-use` is a signal.
    if document().hidden() {
        next_turn(act);
    } else {
        request_animation_frame(act);
    }
}

/// The times when parts of the current run were last drawn, in microseconds of the run.
#[derive(Clone, Copy, Default)]
struct LastDrawn {
    step_us: u64,
    digest_us: u64,
}
