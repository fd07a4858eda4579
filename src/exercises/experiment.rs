//! An experiment under way: a lesson on the browser's clock with the heart beating beside it, and, when it has ended,
//! the same lesson on the virtual clock for its ideal.

use std::rc::Rc;

use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::exercises::site::Site;
use crate::measure::Record;
use crate::runtime::{Run, virtual_time};

/// What the lesson leaves behind when it takes nothing but its waits: the record of a run on the virtual clock, with
/// the files that `site` has read already. None when the lesson cannot run to its end like that.
#[must_use]
pub fn ideal(exercise: &Exercise, settings: &Settings, seed: u64, site: &Site) -> Option<Record> {
    let run = Run::on_virtual_clock(seed);
    let lesson = (exercise.run)(run.clone(), Rc::new(site.already_read()), settings.clone());
    virtual_time::block_on(&run, lesson).ok()?.ok()?;
    Some(run.take_record())
}

#[cfg(target_arch = "wasm32")]
mod in_browser {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::LocalBoxFuture;

    use super::*;
    use crate::exercises::exercise::Failure;
    use crate::lazy::{NotFetched, lazy};
    use crate::measure::report::Report;
    use crate::runtime::browser::Stopwatch;
    use crate::runtime::{Stopper, stoppable};

    /// For so long the page may be kept busy in one go: a frame at 60 Hz has room for it.
    const BUSY: Duration = Duration::from_millis(8);

    /// Fetches what runs a lesson.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched.
    pub async fn load() -> Result<(), NotFetched> {
        begun::load().await?;
        sliced::load().await
    }

    /// What [`ideal`] gives, computed in slices, so that the page goes on meanwhile.
    pub async fn ideal_in_slices(
        exercise: &'static Exercise,
        settings: Settings,
        seed: u64,
        site: Rc<Site>,
    ) -> Option<Record> {
        sliced::in_slices(exercise, settings, seed, site).await.ok()?.await
    }

    lazy!(mod sliced in lessons: in_slices(exercise: &'static Exercise, settings: Settings, seed: u64, site: Rc<Site>) -> Ideal);

    type Ideal = LocalBoxFuture<'static, Option<Record>>;

    fn in_slices(exercise: &'static Exercise, settings: Settings, seed: u64, site: Rc<Site>) -> Ideal {
        Box::pin(slice_by_slice(exercise, settings, seed, site))
    }

    async fn slice_by_slice(exercise: &Exercise, settings: Settings, seed: u64, site: Rc<Site>) -> Option<Record> {
        let (run, page) = (Run::on_virtual_clock(seed), Run::for_page());
        let busy = Cell::new(Stopwatch::start());
        let pause = async || {
            if busy.get().elapsed() > BUSY {
                page.yield_now().await;
                busy.set(Stopwatch::start());
            }
        };
        let lesson = (exercise.run)(run.clone(), Rc::new(site.already_read()), settings);
        virtual_time::drive(&run, lesson, pause).await.ok()?.ok()?;
        Some(run.take_record())
    }

    /// A lesson under way. Dropping it stops it at once: no timer fires, no request goes on and nothing is recorded
    /// afterwards.
    #[must_use = "dropping it stops the lesson"]
    pub struct Experiment {
        run: Run,
        _lesson: Stopper,
    }

    impl Experiment {
        /// Begins a lesson; it does not wait after [`load`]. `on_end` is called once, when the lesson has run to its end
        /// and not when it is stopped.
        ///
        /// # Errors
        ///
        /// When what runs a lesson cannot be fetched.
        pub async fn begin(
            exercise: &'static Exercise,
            settings: Settings,
            seed: u64,
            site: Rc<Site>,
            on_end: impl FnOnce(Result<Report, Failure>) + 'static,
        ) -> Result<Self, NotFetched> {
            begun::begin(exercise, settings, seed, site, Box::new(on_end)).await
        }

        /// The run, whose record grows while the lesson is under way.
        #[must_use]
        pub fn run(&self) -> &Run {
            &self.run
        }
    }

    type OnEnd = Box<dyn FnOnce(Result<Report, Failure>)>;

    lazy!(mod begun in lessons: begin(exercise: &'static Exercise, settings: Settings, seed: u64, site: Rc<Site>, on_end: OnEnd) -> Experiment);

    fn begin(exercise: &'static Exercise, settings: Settings, seed: u64, site: Rc<Site>, on_end: OnEnd) -> Experiment {
        let run = Run::in_browser(seed);
        // The heart beats in a task of its own: beside the lesson and not inside it.
        let (heartbeat, heart) = stoppable(run.heartbeat());
        let lesson = (exercise.run)(run.clone(), site, settings);
        let (lesson, stopper) = stoppable(async move {
            let result = lesson.await;
            drop(heart);
            on_end(result);
        });
        wasm_bindgen_futures::spawn_local(heartbeat.boxed_local());
        wasm_bindgen_futures::spawn_local(lesson.boxed_local());
        Experiment { run, _lesson: stopper }
    }
}

#[cfg(target_arch = "wasm32")]
pub use in_browser::{Experiment, ideal_in_slices, load};
