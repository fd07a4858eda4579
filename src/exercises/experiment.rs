//! [`Experiment`]: what the page runs. It is loaded and started, its record grows while it runs on the browser's clock
//! next to the heartbeat, and it ends with a report. If it has an ideal, that is the record of the same code on
//! the virtual clock.

use std::rc::Rc;

use crate::exercises::compared::{Compared, Parts};
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::exercises::properties::{Property, blocked_on_purpose};
use crate::exercises::site::Site;
use crate::measure::Record;
use crate::measure::report::Report;
use crate::measure::warnings::Warning;
use crate::runtime::{Run, virtual_time};

/// A program with its settings and its seed.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The program to run.
    pub program: Program,
    /// The values of its controls.
    pub settings: Settings,
    /// The seed of its random numbers.
    pub seed: u64,
}

/// The program of an experiment.
#[derive(Clone, Copy, Debug)]
pub enum Program {
    /// One of the page's exercises.
    Exercise(&'static Exercise),
}

impl Experiment {
    /// An exercise with its settings and its seed.
    #[must_use]
    pub fn new(exercise: &'static Exercise, settings: Settings, seed: u64) -> Self {
        Self { program: Program::Exercise(exercise), settings, seed }
    }

    /// The exercise that it runs.
    #[must_use]
    pub fn exercise(&self) -> &'static Exercise {
        let Program::Exercise(exercise) = self.program;
        exercise
    }

    /// True if the other experiment has the same settings and the same seed.
    #[must_use]
    pub fn has_same_settings(&self, other: &Self) -> bool {
        self.settings == other.settings && self.seed == other.seed
    }

    /// Its comparisons, as far as the run has come. See [`Compared::all`].
    #[must_use]
    pub fn compared(&self, run: Option<Parts>, now_us: u64, ideal: Option<Parts>) -> Vec<Compared> {
        Compared::all(self.exercise(), &self.settings, run, now_us, ideal)
    }

    /// The properties of a run that has finished. See [`Property::all`].
    #[must_use]
    pub fn properties(&self, record: &Record, compared: &[Compared]) -> Vec<Property> {
        Property::all(self.exercise(), &self.settings, record, compared)
    }

    /// The warnings about its record, which was measured with a clock of this resolution.
    #[must_use]
    pub fn warnings(&self, record: &Record, clock_resolution_us: u64) -> Vec<Warning> {
        let on_purpose = blocked_on_purpose(self.exercise(), &self.settings, record);
        Warning::from_record(record, clock_resolution_us, &on_purpose)
    }

    /// The report of a run that did not finish. Returns `None` if nothing can be read from its record alone.
    #[must_use]
    pub fn partial_report(&self) -> Option<Report> {
        Some(self.exercise().partial_report()).filter(|report| !report.sections.is_empty())
    }

    /// Its record on the virtual clock, with the files that `site` has already read. Returns `None` if it cannot finish
    /// there.
    #[must_use]
    pub fn ideal(&self, site: &Site) -> Option<Record> {
        let run = Run::on_virtual_clock(self.seed);
        let future = (self.exercise().run)(run.clone(), Rc::new(site.with_read_files_only()), self.settings.clone());
        virtual_time::block_on(&run, future).ok()?.ok()?;
        Some(run.take_record())
    }
}

#[cfg(target_arch = "wasm32")]
mod in_browser {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::future::{LocalBoxFuture, try_join, try_join_all, try_join3};
    use futures::{FutureExt, TryFutureExt};

    use super::*;
    use crate::exercises::exercise::{Failure, NoIdeal};
    use crate::lazy::{NotFetched, lazy};
    use crate::runtime::browser::Stopwatch;
    use crate::runtime::visibility::HiddenPageMark;
    use crate::runtime::{Stopper, stoppable};

    /// The maximum time in one go that blocks the page. It fits in a frame at 60 Hz.
    const BUSY: Duration = Duration::from_millis(8);

    impl Experiment {
        /// Fetches its code and the code that computes its ideal. It starts nothing.
        ///
        /// # Errors
        ///
        /// If something cannot be fetched.
        pub async fn fetch(&self) -> Result<(), NotFetched> {
            try_join((self.exercise().fetch)(), slicing::load()).await.map(drop)
        }

        /// Fetches its code, and everything else that it needs before it can start.
        ///
        /// # Errors
        ///
        /// If something cannot be fetched.
        pub async fn load(&self) -> Result<(), Failure> {
            let prepare = (self.exercise().prepare)(Run::in_browser(self.seed), self.settings.clone());
            try_join3(self.fetch().err_into(), starting::load().err_into(), prepare).await.map(drop)
        }

        /// Starts it. After [`load`](Self::load), this does not wait. `on_end` is called once, when it finishes or
        /// fails, but not when it is stopped.
        ///
        /// # Errors
        ///
        /// If the code that starts an experiment cannot be fetched.
        pub async fn start(
            self,
            site: Rc<Site>,
            on_end: impl FnOnce(Result<Report, Failure>) + 'static,
        ) -> Result<RunningExperiment, NotFetched> {
            starting::start(self, site, Box::new(on_end)).await
        }

        /// Its ideal, if it has a forecast: the same as [`ideal`](Self::ideal), but computed in slices, so that the
        /// page is not blocked. Files of the site that it needs and that were not read before are fetched first.
        pub async fn ideal_in_slices(self, site: Rc<Site>) -> Option<Record> {
            if !self.exercise().has_forecast {
                return None;
            }
            slicing::ideal(self, site).await.ok()?.await
        }
    }

    impl Experiment {
        /// Its ideal, if that is known only after its run: see [`Exercise::second_run`].
        ///
        /// # Errors
        ///
        /// If the second run did not do the same as the first.
        pub async fn ideal_of_run(self, first: Run) -> Result<Option<Record>, NoIdeal> {
            match self.exercise().second_run {
                Some(second_run) => second_run(first, self.settings).await,
                None => Ok(None),
            }
        }
    }

    lazy!(mod slicing in exercises: ideal(experiment: Experiment, site: Rc<Site>) -> Ideal);

    type Ideal = LocalBoxFuture<'static, Option<Record>>;

    fn ideal(experiment: Experiment, site: Rc<Site>) -> Ideal {
        Box::pin(with_all_files(experiment, site))
    }

    /// On the virtual clock nothing can wait for a request. So if files turn out to be missing, they are fetched and
    /// the experiment starts again.
    async fn with_all_files(experiment: Experiment, site: Rc<Site>) -> Option<Record> {
        loop {
            let files = Rc::new(site.with_read_files_only());
            if let Some(record) = slice_by_slice(experiment.clone(), Rc::clone(&files)).await {
                return Some(record);
            }
            let missing = files.missing();
            if missing.is_empty() {
                return None;
            }
            try_join_all(missing.into_iter().map(|path| site.read(path))).await.ok()?;
        }
    }

    async fn slice_by_slice(experiment: Experiment, files: Rc<Site>) -> Option<Record> {
        let (run, page) = (Run::on_virtual_clock(experiment.seed), Run::for_page());
        let busy = Cell::new(Stopwatch::start());
        let pause = async || {
            if busy.get().elapsed() > BUSY {
                page.yield_now().await;
                busy.set(Stopwatch::start());
            }
        };
        let exercise = experiment.exercise();
        let future = (exercise.run)(run.clone(), files, experiment.settings);
        virtual_time::drive(&run, future, pause).await.ok()?.ok()?;
        Some(run.take_record())
    }

    /// An experiment that is running. Dropping it stops it immediately: no timer fires, no request goes on and nothing
    /// is recorded afterwards.
    #[must_use = "dropping it stops the experiment"]
    pub struct RunningExperiment {
        run: Run,
        _stopper: Stopper,
        _hidden_page_mark: HiddenPageMark,
    }

    impl RunningExperiment {
        /// Its run, whose record grows until the experiment ends.
        #[must_use]
        pub fn run(&self) -> &Run {
            &self.run
        }
    }

    type OnEnd = Box<dyn FnOnce(Result<Report, Failure>)>;

    lazy!(mod starting in exercises: start(experiment: Experiment, site: Rc<Site>, on_end: OnEnd) -> RunningExperiment);

    fn start(experiment: Experiment, site: Rc<Site>, on_end: OnEnd) -> RunningExperiment {
        let run = Run::in_browser(experiment.seed);
        let exercise = experiment.exercise();
        // The heartbeat is a task of its own, next to the experiment and not inside it.
        let (heartbeat, heart) = (!exercise.is_readers_program).then(|| stoppable(run.heartbeat())).unzip();
        let future = exercise.start(run.clone(), site, experiment.settings);
        let (future, stopper) = stoppable(async move {
            let result = future.await;
            drop(heart);
            on_end(result);
        });
        heartbeat.into_iter().for_each(|heartbeat| wasm_bindgen_futures::spawn_local(heartbeat.boxed_local()));
        wasm_bindgen_futures::spawn_local(future.boxed_local());
        RunningExperiment { _hidden_page_mark: HiddenPageMark::new(run.clone()), run, _stopper: stopper }
    }
}

#[cfg(target_arch = "wasm32")]
pub use in_browser::RunningExperiment;
