//! A run that is over: it is kept whole so that it can leave the page, and one that comes from elsewhere is shown like it.

use std::rc::Rc;

use leptos::prelude::*;

use super::{Kept, Lab, Status};
use crate::exercises::experiment::Experiment;
use crate::lazy::lazy;
use crate::runtime::turn::next_turn;
use crate::share::saved::{RunEnding, SavedRun};
use crate::ui::results::{self, Results};

impl Lab {
    /// The run on display, if it is over. None before the first, and of a run that could not begin.
    pub(in crate::ui) fn saved(self) -> Option<SavedRun> {
        self.over.get()
    }

    /// The run that has just come to its end on this page, tracked.
    pub(in crate::ui) fn finished_here(self) -> Option<SavedRun> {
        let has_finished = self.status.with(Status::has_finished) && !self.is_opened.get();
        self.over.get().filter(|_| has_finished)
    }

    /// Whether there is a run on display that is over.
    pub(in crate::ui) fn has_saved(self) -> bool {
        self.over.with(Option::is_some)
    }

    /// Whether the run on display was opened and not made here.
    pub(in crate::ui) fn is_opened(self) -> bool {
        self.is_opened.get()
    }

    /// Shows a run of this exercise as it was when it was over, unless another has been started meanwhile.
    pub(in crate::ui) fn show(self, saved: SavedRun) {
        leptos::task::spawn_local(async move {
            let shown = async {
                let results = results::fetch().await?;
                fetched::put_on_display(self, results, saved).await
            };
            if let Err(error) = shown.await {
                self.status.set(Status::Over(RunEnding::failed(0, error.into())));
            }
        });
    }

    /// Keeps the run that has just ended, and says that it is over.
    pub(super) fn settle(self, ending: RunEnding) {
        let ran_with = self.ran_with.get_untracked();
        if let Some((run, Experiment { settings, seed, .. })) =
            self.run.try_update_value(Option::take).flatten().zip(ran_with)
        {
            let record = run.take_record();
            self.over.set(Some(SavedRun {
                exercise: self.exercise,
                settings,
                seed,
                ending: ending.clone(),
                record_bytes: record.heap_bytes() as u64,
                record: Rc::new(record),
                ideal: self.ideal.get_untracked().map(|ideal| Rc::clone(&ideal.record)),
                report: self.report.get_untracked(),
                memory: self.memory.get_untracked(),
                clock_resolution_us: super::display::measure_clock(),
                finished_at_ms: js_sys::Date::now() as u64,
            }));
        }
        self.status.set(Status::Over(ending));
    }
}

lazy!(mod fetched in lessons: put_on_display(lab: Lab, results: Results, saved: SavedRun) -> ());

fn put_on_display(lab: Lab, results: Results, saved: SavedRun) {
    // The page may be gone by now, or its reader may have pressed Run.
    if lab.status.try_with_untracked(|status| *status == Status::Ready) != Some(true) {
        return;
    }
    lab.results.set_value(Some(results));
    lab.begin_display();
    lab.settings.set(saved.settings.clone());
    lab.seed.set(saved.seed);
    lab.ran_with.set(Some(Experiment::new(saved.exercise, saved.settings.clone(), saved.seed)));
    lab.report.set(saved.report.clone());
    lab.ideal.set(saved.ideal.clone().map(|ideal| Rc::new(Kept::from_record(ideal))));
    lab.memory.set(saved.memory);
    let ending = saved.ending.clone();
    lab.over.set(Some(saved));
    lab.is_opened.set(true);
    lab.runs.update(|runs| *runs += 1);
    lab.frame.update(|frame| *frame += 1);
    lab.step.update(|step| *step += 1);
    lab.status.set(Status::Over(ending));
    next_turn(move || lab.show_figures());
}
