//! A run that is over: it is kept whole so that it can leave the page, and one that comes from elsewhere is shown like it.

use std::rc::Rc;

use super::{Kept, Lab, Status};
use crate::runtime::turn::pass_turn;
use crate::share::date;
use crate::share::saved::{Ending, SavedRun};
use crate::ui::results;

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

    /// What there is to say of a run that was opened and not made here.
    pub(in crate::ui) fn origin(self) -> Option<String> {
        let ended = self.over.with(|over| over.as_ref().map(|it| date::in_words(it.finished_at_ms)))?;
        let told = || format!("This run was opened, not made just now: it ended on {ended}. Run starts a new one.");
        self.is_opened.get().then(told)
    }

    /// Shows a run of this exercise as it was when it was over, unless another has been started meanwhile.
    pub(in crate::ui) fn show(self, saved: SavedRun) {
        leptos::task::spawn_local(async move {
            let fetched = results::fetch().await;
            if self.status.try_with_untracked(|status| *status == Status::Ready) != Some(true) {
                return;
            }
            match fetched {
                Ok(results) => {
                    self.results.set(Some(results));
                    self.put_on_display(saved);
                    pass_turn().await;
                    self.show_figures();
                }
                Err(error) => self.status.set(Status::Over(Ending::failed(0, error.into()))),
            }
        });
    }

    fn put_on_display(self, saved: SavedRun) {
        self.begin_display();
        self.settings.set(saved.settings.clone());
        self.seed.set(saved.seed);
        self.ran_with.set(Some((saved.settings.clone(), saved.seed)));
        self.report.set(saved.report.clone());
        self.ideal.set(saved.ideal.clone().map(|ideal| Rc::new(Kept::of(ideal))));
        self.memory.set(saved.memory);
        let ending = saved.ending.clone();
        self.over.set(Some(saved));
        self.is_opened.set(true);
        self.runs.update(|runs| *runs += 1);
        self.frame.update(|frame| *frame += 1);
        self.step.update(|step| *step += 1);
        self.status.set(Status::Over(ending));
    }

    /// Keeps the run that has just ended, and says that it is over.
    pub(super) fn settle(self, ending: Ending) {
        let ran_with = self.ran_with.get_untracked();
        if let Some((run, (settings, seed))) = self.run.take().zip(ran_with) {
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
