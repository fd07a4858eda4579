//! Notes what a task waits for, and on which line, while the task is polled.
//!
//! A future that is not ready notes what it waits for. When the poll of its task ends, the latest note goes into the
//! record. If a task polls a subtask that is not ready, it waits for its subtasks. The line is the innermost known one:
//! a request without a line gets that of the timeout around it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::measure::waits::{Awaited, Source, SourceLine, Wait, WaitId, Waits};
use crate::measure::{Record, TaskId};
use crate::runtime::Run;
use crate::source_hashes::hash_of;

/// The line of code that waits, if it is known.
pub(crate) type Line = Option<&'static Location<'static>>;

/// The line that called this function. If the calling function is itself `#[track_caller]`, the line that called that.
#[track_caller]
pub(crate) fn here() -> Line {
    Some(Location::caller())
}

/// The task that is being polled, and the latest wait that it has noted in this poll.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Polled {
    pub(super) task: Option<TaskId>,
    wait: WaitId,
}

/// The current poll, and the waits that are in the record.
#[derive(Debug)]
pub(super) struct Notes {
    polled: Cell<Polled>,
    known: RefCell<Known>,
}

/// The lookup key of a wait.
type Key = (Line, Option<Awaited>);

/// The waits that are already in the record.
#[derive(Debug, Default)]
struct Known {
    /// The first ones, which are compared one by one: most programs wait in a few places, again and again. A line may
    /// have several addresses in the compiled code, so an entry may be missing here that is in `all`.
    first: Vec<(Key, WaitId)>,
    all: HashMap<Wait, WaitId>,
    sources: HashMap<&'static str, usize>,
}

/// The number of waits that are compared one by one.
const MAX_FIRST: usize = 16;

impl Default for Notes {
    fn default() -> Self {
        Self { polled: Cell::new(Polled { task: None, wait: WaitId::UNKNOWN }), known: RefCell::default() }
    }
}

impl Notes {
    /// The task that is being polled.
    pub(super) fn current_task(&self) -> Option<TaskId> {
        self.polled.get().task
    }

    /// Begins the poll of a task. Returns the poll outside of it, to be restored by [`end_poll`](Self::end_poll).
    pub(super) fn begin_poll(&self, task: TaskId) -> Polled {
        self.polled.replace(Polled { task: Some(task), wait: WaitId::UNKNOWN })
    }

    /// Ends the poll of a task and restores the poll outside of it.
    pub(super) fn end_poll(&self, outside: Polled) {
        self.polled.set(outside);
    }

    /// The wait that the current task noted last.
    pub(super) fn noted(&self) -> WaitId {
        self.polled.get().wait
    }

    /// Replaces what the current task has noted last. Returns that.
    fn replace(&self, wait: WaitId) -> WaitId {
        let polled = self.polled.get();
        self.polled.set(Polled { wait, ..polled });
        polled.wait
    }

    /// Notes what the current task waits for. Outside of tasks nothing is noted.
    pub(super) fn note(&self, line: Line, awaited: Option<&Awaited>, record: &RefCell<Record>) {
        let polled = self.polled.get();
        if polled.task.is_some() {
            let wait = self.known.borrow_mut().id(line, awaited, record);
            self.polled.set(Polled { wait, ..polled });
        }
    }

    /// Adds the line to what the current task has noted, unless it has one.
    pub(super) fn add_line(&self, line: Line, record: &RefCell<Record>) {
        let awaited = match record.borrow().waits().get(self.noted()) {
            Some(Wait { line: Some(_), .. }) => return,
            Some(Wait { awaited, .. }) => awaited.clone(),
            None => None,
        };
        self.note(line, awaited.as_ref(), record);
    }
}

impl Known {
    fn id(&mut self, line: Line, awaited: Option<&Awaited>, record: &RefCell<Record>) -> WaitId {
        let is_same = |((its_line, its), _): &&(Key, _)| is_same_line(*its_line, line) && its.as_ref() == awaited;
        if let Some((_, id)) = self.first.iter().find(is_same) {
            return *id;
        }
        let mut record = record.borrow_mut();
        let line_in_record = line.map(|line| self.source_line(line, record.waits_mut()));
        let wait = Wait { line: line_in_record, awaited: awaited.cloned() };
        let id = *self.all.entry(wait).or_insert_with_key(|wait| record.waits_mut().add(wait.clone()));
        if self.first.len() < MAX_FIRST {
            self.first.push(((line, awaited.cloned()), id));
        }
        id
    }

    fn source_line(&mut self, line: &'static Location<'static>, waits: &mut Waits) -> SourceLine {
        let source = *self.sources.entry(line.file()).or_insert_with_key(|path| {
            let hash = hash_of(path).unwrap_or_default();
            waits.add_source(Source { path: (*path).into(), hash: hash.into() })
        });
        SourceLine { source, line: line.line() }
    }
}

/// True if both are the same place in the compiled code.
fn is_same_line(one: Line, other: Line) -> bool {
    one.map(std::ptr::from_ref) == other.map(std::ptr::from_ref)
}

/// The latest wait of a set of futures, for sets that poll only the woken ones.
#[derive(Debug)]
pub(crate) struct LatestWait(WaitId);

impl Default for LatestWait {
    fn default() -> Self {
        Self(WaitId::UNKNOWN)
    }
}

impl LatestWait {
    /// Polls the set. If no future in it notes a wait, because those that were woken are ready, the set still waits for
    /// what it waited for before.
    pub(crate) fn poll<T>(&mut self, run: &Run, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let notes = &run.0.notes;
        let before = notes.replace(WaitId::UNKNOWN);
        let polled = poll();
        if notes.noted() != WaitId::UNKNOWN {
            self.0 = notes.noted();
        } else if polled.is_pending() && self.0 != WaitId::UNKNOWN {
            notes.replace(self.0);
        } else {
            notes.replace(before);
        }
        polled
    }
}

pin_project! {
    /// The future of [`Run::noted`] and similar functions.
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Noted<F> {
        run: Run,
        line: Line,
        // `None` to add only the line to what the future itself notes.
        awaited: Option<Awaited>,
        #[pin]
        future: F,
    }
}

impl Run {
    /// Whenever the future is not ready, records that the current task waits for `awaited` on the caller's line.
    ///
    /// ```
    /// use interleave::measure::EventKind;
    /// use interleave::measure::waits::Awaited;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let response = run.sleep(std::time::Duration::from_millis(50));
    /// virtual_time::block_on(&run, run.task("fetch", run.noted(Awaited::Response, response)))?;
    /// let record = run.record();
    /// let EventKind::PollEnded(wait) = record.events()[2].kind else { panic!("the first poll should be pending") };
    /// assert_eq!(record.waits().get(wait).and_then(|wait| wait.awaited.clone()), Some(Awaited::Response));
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn noted<F: Future>(&self, awaited: Awaited, future: F) -> Noted<F> {
        Noted { run: self.clone(), line: here(), awaited: Some(awaited), future }
    }

    /// Like [`noted`](Self::noted), for callers that are not the user's code: it records no line.
    pub(crate) fn noted_without_line<F: Future>(&self, awaited: Awaited, future: F) -> Noted<F> {
        Noted { run: self.clone(), line: None, awaited: Some(awaited), future }
    }

    /// Whenever the future is not ready, adds the line to what the current task waits for, unless that has one.
    pub(crate) fn with_line<F: Future>(&self, line: Line, future: F) -> Noted<F> {
        Noted { run: self.clone(), line, awaited: None, future }
    }
}

impl<F: Future> Future for Noted<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let poll = this.future.poll(context);
        if poll.is_pending() {
            match this.awaited {
                Some(awaited) => this.run.note_wait(*this.line, awaited),
                None => this.run.add_line(*this.line),
            }
        }
        poll
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use futures::future::join;

    use super::*;
    use crate::measure::EventKind;
    use crate::measure::waits::ObjectKind;
    use crate::runtime::virtual_time::block_on;
    use crate::runtime::{Backoff, RetryPolicy};
    use crate::test_support::ms;

    /// The waits of a record: the names of the tasks, the lines relative to `base`, and what they waited for. Each is
    /// listed once, because a task may be polled although nothing has changed for it.
    fn waits(record: &Record, base: u32) -> Vec<(String, Option<u32>, Option<Awaited>)> {
        let mut found = Vec::new();
        for event in record.events() {
            let EventKind::PollEnded(id) = event.kind else { continue };
            let wait = record.waits().get(id);
            let line = wait.and_then(|wait| wait.line).map(|line| {
                assert_eq!(record.waits().sources()[line.source].path, file!());
                line.line - base
            });
            let it = (record.task(event.task).name.to_string(), line, wait.and_then(|wait| wait.awaited.clone()));
            if !found.contains(&it) {
                found.push(it);
            }
        }
        found
    }

    fn wait(task: &str, line: impl Into<Option<u32>>, awaited: Awaited) -> (String, Option<u32>, Option<Awaited>) {
        (task.to_owned(), line.into(), Some(awaited))
    }

    #[test]
    fn each_wait_has_its_line_and_what_is_awaited() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let base = line!();
        let nap = || async {
            let _permit = limit.acquire().await;
            run.sleep(ms(10)).await;
            run.yield_now().await;
        };
        let both = run.task("both", async { join(run.task("nap", nap()), run.task("nap", nap())).await });
        block_on(&run, both).expect("they end");
        let expected = [
            wait("nap", 3, Awaited::Timer),
            wait("nap", 2, Awaited::Object(0)),
            wait("both", 6, Awaited::Subtasks),
            wait("nap", 4, Awaited::Timer),
        ];
        assert_eq!(waits(&run.record(), base), expected);
        assert_eq!(run.record().waits().objects()[0].kind, ObjectKind::Semaphore);
    }

    #[test]
    fn a_queue_is_one_object_for_both_sides() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(NonZeroUsize::MIN);
        let base = line!();
        let producer = run.task("produce", async {
            queue.put(1).await;
            queue.put(2).await;
        });
        let consumer = run.task("consume", async {
            run.sleep(ms(10)).await;
            for _ in 0..2 {
                queue.take().await;
            }
        });
        block_on(&run, join(producer, consumer)).expect("they end");
        let expected = [
            wait("produce", 3, Awaited::Object(0)),
            wait("consume", 6, Awaited::Timer),
            wait("consume", 8, Awaited::Object(0)),
        ];
        assert_eq!(waits(&run.record(), base), expected);
        assert_eq!(run.record().waits().objects().len(), 1);
        assert_eq!(run.record().waits().objects()[0].kind, ObjectKind::Queue);
    }

    #[test]
    fn a_deadline_is_not_what_a_task_waits_for_but_gives_it_a_line() {
        let run = Run::on_virtual_clock(1);
        let base = line!();
        let inner = run.task("inner", async {
            let _ = run.timeout(ms(10), std::future::pending::<()>()).await;
            let _ = run.timeout(ms(10), run.noted_without_line(Awaited::Response, std::future::pending::<()>())).await;
            run.sleep(ms(10)).await;
        });
        let outer = run.task("outer", run.timeout(ms(100), inner));
        block_on(&run, outer).expect("it ends").expect("it ends in time");
        let expected = [
            ("inner".to_owned(), Some(2), None),
            wait("outer", 1, Awaited::Subtasks),
            wait("inner", 3, Awaited::Response),
            wait("inner", 4, Awaited::Timer),
        ];
        assert_eq!(waits(&run.record(), base), expected);
    }

    #[test]
    fn the_pauses_between_attempts_are_in_the_line_of_the_retry() {
        let run = Run::on_virtual_clock(1);
        let policy = RetryPolicy {
            retries: 1,
            backoff: Backoff::Linear { step: ms(10) },
            is_transient: |_| true,
            retry_after: |_| None,
        };
        let base = line!();
        let retried = run.task("retried", run.retry("key", &policy, async |_| Err::<(), _>("it is busy")));
        block_on(&run, retried).expect("it ends").expect_err("no attempt succeeds");
        assert_eq!(waits(&run.record(), base), [wait("retried", 1, Awaited::Timer)]);
    }

    #[test]
    fn a_set_of_futures_waits_for_the_rest_when_one_of_them_has_ended() {
        let run = Run::on_virtual_clock(1);
        let base = line!();
        let nap = async |n: u32| run.task("nap", run.sleep(ms(10) * n)).await;
        let both = async { crate::runtime::join_all(&run, [1, 2].map(nap)).await };
        let in_scope = async {
            let naps = [1, 2].map(|n| run.task("nap in scope", run.clone().sleep(ms(10) * n)));
            run.scope(async |scope| {
                let naps = naps.map(|nap| scope.spawn(nap).expect("the scope is open"));
                futures::future::join_all(naps).await
            })
            .await
        };
        block_on(&run, run.task("both", both)).expect("they end");
        block_on(&run, run.task("both in scope", in_scope)).expect("they end");
        let expected = [
            wait("nap", 1, Awaited::Timer),
            wait("both", 1, Awaited::Subtasks),
            wait("nap in scope", 4, Awaited::Timer),
            wait("both in scope", 4, Awaited::Subtasks),
        ];
        assert_eq!(waits(&run.record(), base), expected);
    }

    #[test]
    fn outside_of_tasks_nothing_is_noted() {
        let run = Run::on_virtual_clock(1);
        block_on(&run, run.sleep(ms(10))).expect("it ends");
        assert!(run.record().waits().list().is_empty());
    }
}
