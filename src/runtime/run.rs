//! [`Run`]: one execution of an exercise, with its clock, its seed and its record.
//!
//! - `task`: the wrapper that records a future as a task.
//! - `timers`: the queue of sleepers, and the future of a sleep.
//! - `waiting`: what each task waits for, and where.

mod task;
mod timers;
mod waiting;

use std::borrow::Cow;
use std::cell::{Ref, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use inference::random::{Rng, rng_for};

use crate::measure::heartbeat::{Beat, PERIOD};
use crate::measure::waits::{Awaited, ObjectKind, SharedObject};
use crate::measure::{EventKind, Level, LogLine, Record, TaskId, TaskName};
use crate::runtime::clock::{Clock, micros};

pub(crate) use task::TaskEnd;
pub use task::{Task, TaskError};
pub use timers::Sleep;
pub use waiting::Noted;
pub(crate) use waiting::{LatestWait, Line, Polled, here};

use timers::{SleeperId, Timers};
use waiting::Notes;

/// One execution of an exercise. It is the first argument of every exercise function, and cheap to clone: clones are
/// handles to the same run.
///
/// ```
/// use std::time::Duration;
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let both = async {
///     futures::join!(run.sleep(Duration::from_millis(400)), run.sleep(Duration::from_millis(200)))
/// };
/// virtual_time::block_on(&run, both)?;
/// assert_eq!(run.now(), Duration::from_millis(400), "waiting together costs the longest wait");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone)]
pub struct Run(Rc<Inner>);

struct Inner {
    clock: Clock,
    seed: u64,
    timers: RefCell<Timers>,
    record: RefCell<Record>,
    notes: Notes,
}

impl Run {
    /// A run on the browser's clock, which starts now.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn in_browser(seed: u64) -> Self {
        Self::new(Clock::Browser(crate::runtime::browser::Clock::start()), seed)
    }

    /// A run for what the page does outside an experiment: its own pauses and deadlines. Its record is never read, and
    /// nothing in it is random.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn for_page() -> Self {
        Self::in_browser(0)
    }

    /// A run on a virtual clock that starts at zero. Drive it with
    /// [`virtual_time::block_on`](crate::runtime::virtual_time::block_on).
    #[must_use]
    pub fn on_virtual_clock(seed: u64) -> Self {
        Self::new(Clock::virtual_at_zero(), seed)
    }

    fn new(clock: Clock, seed: u64) -> Self {
        let record = RefCell::new(Record::new(clock.kind()));
        Self(Rc::new(Inner { clock, seed, timers: RefCell::default(), record, notes: Notes::default() }))
    }

    /// The time since the run's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_micros(self.now_us())
    }

    pub(crate) fn now_us(&self) -> u64 {
        self.0.clock.now_us()
    }

    /// Waits without blocking other tasks: the counterpart of `asyncio.sleep`.
    ///
    /// It counts from its first poll. It may end late, if the event loop is busy, but never early. Dropping it
    /// removes the sleeper.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let in_turn = async {
    ///     run.sleep(Duration::from_millis(400)).await;
    ///     run.sleep(Duration::from_millis(200)).await;
    /// };
    /// virtual_time::block_on(&run, in_turn)?;
    /// assert_eq!(run.now(), Duration::from_millis(600), "waiting in turn costs the sum");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.clone(), duration, here())
    }

    /// A sleep that is not recorded as what the task waits for: a deadline, or a pause between batches.
    pub(crate) fn internal_sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(self.clone(), duration, None)
    }

    /// Lets other tasks run: the counterpart of `asyncio.sleep(0)`. In a browser it continues in the event loop's next
    /// turn, after the timers, clicks and repaints that are due.
    ///
    /// A future that only wakes itself is polled again within the same turn, so it can block everything else.
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::future::join;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let slices = async {
    ///     for _ in 0..10 {
    ///         run.block(Duration::from_millis(10));
    ///         run.yield_now().await;
    ///     }
    /// };
    /// let sleeper = async {
    ///     run.sleep(Duration::from_millis(25)).await;
    ///     run.now()
    /// };
    /// let (woke_at, ()) = virtual_time::block_on(&run, join(sleeper, slices))?;
    /// assert_eq!(woke_at, Duration::from_millis(30), "after the slice that was running");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn yield_now(&self) -> Sleep {
        // An alarm for now is a message that the page sends to itself (see `browser::Clock::set_alarm`).
        self.sleep(Duration::ZERO)
    }

    /// Waits and blocks the whole page: the counterpart of `time.sleep`. It exists to show why programs should not do
    /// this.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let three = futures::future::join_all((0..3).map(|_| async { run.block(Duration::from_millis(100)) }));
    /// virtual_time::block_on(&run, three)?;
    /// assert_eq!(run.now(), Duration::from_millis(300), "blocking calls do not overlap");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub fn block(&self, duration: Duration) {
        self.0.clock.block(duration);
    }

    /// Wraps a future so that it is recorded: its creation, every poll, and its end. Inside another task it becomes a
    /// subtask. If it returns, it succeeded; if it is dropped before, it is `cancelled`. If several tasks run the same
    /// function, the name includes the number of what each works on: `("process_sample", 7)`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let nap = || run.task("nap", run.sleep(Duration::from_millis(50)));
    /// virtual_time::block_on(&run, futures::future::join3(nap(), nap(), nap()))?;
    /// assert_eq!(Metrics::from_record(&run.record()).peak_concurrency, 3);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn task<F: Future>(&self, name: impl Into<TaskName>, future: F) -> Task<F> {
        Task::new(self.clone(), name.into(), here(), future, |_| TaskEnd::SUCCEEDED)
    }

    /// Like [`task`](Self::task), for a future that may fail: an `Err` is recorded by its
    /// [outcome](TaskError::outcome), and its message goes to the log.
    ///
    /// ```
    /// use interleave::measure::Outcome;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let load = run.try_task("load", async { Err::<(), _>("the file is empty") });
    /// assert_eq!(virtual_time::block_on(&run, load)?, Err("the file is empty"));
    /// assert_eq!(Metrics::from_record(&run.record()).outcomes.get(Outcome::Failed), 1);
    /// assert_eq!(run.record().log_lines()[0].text, "the file is empty");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn try_task<T, E, F>(&self, name: impl Into<TaskName>, future: F) -> Task<F>
    where
        F: Future<Output = Result<T, E>>,
        E: TaskError,
    {
        Task::new(self.clone(), name.into(), here(), future, TaskEnd::from_result)
    }

    /// A random number generator for one purpose. Its numbers depend only on the run's seed and on `key`, not on the
    /// order of polling, and are the same in every browser.
    ///
    /// ```
    /// use interleave::runtime::Run;
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let sample = 3;
    /// let mut rng = run.rng(format_args!("process_sample {sample}"));
    /// assert!(rng.f64() < 1.0);
    /// ```
    #[must_use]
    pub fn rng(&self, key: impl fmt::Display) -> Rng {
        rng_for(self.0.seed, key)
    }

    /// The seed of all random numbers in this run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// Adds a line to the log, with the time and the current task.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::measure::Level;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let work = async {
    ///     run.sleep(Duration::from_millis(5)).await;
    ///     run.log(Level::Info, "five milliseconds later");
    /// };
    /// virtual_time::block_on(&run, work)?;
    /// assert_eq!(run.record().log_lines()[0].at_us, 5_000);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub fn log(&self, level: Level, text: impl Into<Cow<'static, str>>) {
        let line = LogLine { at_us: self.now_us(), task: self.current_task(), level, text: text.into() };
        self.0.record.borrow_mut().log(line);
    }

    /// Logs a task's error. An error that passes from a subtask to its parents is logged once.
    fn log_task_error(&self, level: Level, text: String) {
        let is_logged = {
            let record = self.record();
            let last = record.log_lines().last();
            last.is_some_and(|last| last.text == text && record.is_within(last.task, self.current_task()))
        };
        if !is_logged {
            self.log(level, text);
        }
    }

    /// The run's record so far.
    ///
    /// # Panics
    ///
    /// Recording anything while the returned reference is held panics: drop the reference before you await.
    #[must_use]
    pub fn record(&self) -> Ref<'_, Record> {
        self.0.record.borrow()
    }

    /// Adds to the record what was recorded elsewhere, such as in a sandbox.
    pub fn edit_record<T>(&self, edit: impl FnOnce(&mut Record) -> T) -> T {
        edit(&mut self.0.record.borrow_mut())
    }

    /// Takes the record of a run that is over. Later events are lost.
    #[must_use]
    pub fn take_record(&self) -> Record {
        self.0.record.take()
    }

    /// Records that the page is hidden now.
    pub fn mark_hidden(&self) {
        let now_us = self.now_us();
        self.0.record.borrow_mut().mark_hidden(now_us);
    }

    /// Records a heartbeat for as long as the returned future is polled. The future never ends. Dropping it records the
    /// beat that is overdue at that time, so that a block at the very end of a run is recorded, too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::future::select;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let blocked = Box::pin(async { run.block(Duration::from_millis(300)) });
    /// drop(virtual_time::block_on(&run, select(blocked, Box::pin(run.heartbeat())))?);
    /// let lag_us = Metrics::from_record(&run.record()).longest_lag_us;
    /// assert_eq!(lag_us, Some(280_000), "the beat that was due at 20 ms came at 300 ms");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub fn heartbeat(&self) -> impl Future<Output = ()> + use<> {
        let mut next = NextBeat { run: self.clone(), due_us: self.now_us() + micros(PERIOD) };
        async move {
            loop {
                let wait_us = next.due_us.saturating_sub(next.run.now_us());
                next.run.internal_sleep(Duration::from_micros(wait_us)).await;
                next.record();
            }
        }
    }

    /// True if this run uses the browser's clock.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn is_in_browser(&self) -> bool {
        matches!(self.0.clock, Clock::Browser(_))
    }

    /// The task that is being polled, if there is one.
    pub(crate) fn current_task(&self) -> Option<TaskId> {
        self.0.notes.current_task()
    }

    /// Records that the current task waits for this, if its poll ends without another note.
    pub(crate) fn note_wait(&self, line: Line, awaited: &Awaited) {
        self.0.notes.note(line, Some(awaited), &self.0.record);
    }

    /// Adds the line to what the current task waits for, unless it has one.
    pub(crate) fn add_line(&self, line: Line) {
        self.0.notes.add_line(line, &self.0.record);
    }

    /// Records an event of the current task, if there is one.
    pub(crate) fn push_to_current(&self, kind: EventKind) {
        if let Some(task) = self.current_task() {
            self.push(task, kind);
        }
    }

    /// Adds something that tasks share and wait for, with its number of permits, if that is limited. Returns its index
    /// in the record.
    pub(crate) fn add_object(&self, kind: ObjectKind, permits: Option<u32>) -> usize {
        self.0.record.borrow_mut().waits_mut().add_object(SharedObject { kind, name: "".into(), permits })
    }

    /// The current number of sleepers.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.0.timers.borrow().len()
    }

    // The following are not inlined, so that the code of each kind of task does not contain a copy.
    #[inline(never)]
    pub(crate) fn spawned(&self, name: TaskName) -> TaskId {
        let now_us = self.now_us();
        self.0.record.borrow_mut().spawn(now_us, name, self.current_task())
    }

    #[inline(never)]
    pub(crate) fn push(&self, task: TaskId, kind: EventKind) {
        let now_us = self.now_us();
        self.0.record.borrow_mut().push(now_us, task, kind);
    }

    /// Records that a poll of `task` begins and makes it the current task. Returns what was polled outside of it.
    #[inline(never)]
    pub(crate) fn poll_started(&self, task: TaskId) -> Polled {
        self.push(task, EventKind::PollStarted);
        self.0.notes.begin_poll(task)
    }

    /// Records that a poll of `task` is over. `end` is given if the task is over, too. `line` is where it was created.
    #[inline(never)]
    pub(crate) fn poll_ended(&self, task: TaskId, line: Line, outside: Polled, end: Option<TaskEnd>) {
        let is_pending = end.is_none();
        let kind = match end {
            None => EventKind::PollEnded(self.0.notes.noted()),
            Some(TaskEnd { outcome, message }) => {
                if let Some((level, text)) = message {
                    self.log_task_error(level, text);
                }
                EventKind::Ended(outcome)
            }
        };
        self.push(task, kind);
        self.0.notes.end_poll(outside);
        if is_pending {
            self.note_wait(line, &Awaited::Subtasks);
        }
    }

    #[inline(never)]
    pub(crate) fn add_sleeper(&self, duration: Duration, waker: Waker) -> SleeperId {
        let deadline_us = self.now_us().saturating_add(micros(duration));
        let mut timers = self.0.timers.borrow_mut();
        let id = timers.insert(deadline_us, waker);
        // A quick test first: if thousands of sleeps begin in a row, most need no new alarm.
        if !timers.is_covered(deadline_us) {
            self.set_alarm(&mut timers);
        }
        id
    }

    pub(crate) fn is_asleep(&self, id: SleeperId, waker: &Waker) -> bool {
        self.0.timers.borrow_mut().is_asleep(id, waker)
    }

    pub(crate) fn remove_sleeper(&self, id: SleeperId) {
        let mut timers = self.0.timers.borrow_mut();
        timers.remove(id);
        // Those who hold the run only for its record should not hold a timer.
        if timers.is_empty() {
            timers.alarm_went_off();
            self.0.clock.clear_alarm();
        }
    }

    /// Moves a virtual clock to the earliest deadline and wakes the sleepers that are due. Returns false if there are
    /// none.
    pub(crate) fn jump_to_next_deadline(&self) -> bool {
        let Some(next_us) = self.0.timers.borrow().next_us() else { return false };
        self.0.clock.jump_to(next_us);
        self.wake_due();
        true
    }

    fn wake_due(&self) {
        let now_us = self.now_us();
        let mut timers = self.0.timers.borrow_mut();
        let due = timers.take_due(now_us);
        self.set_alarm(&mut timers);
        // A task that is woken may sleep again immediately.
        drop(timers);
        due.for_each(Waker::wake);
    }

    #[cfg(target_arch = "wasm32")]
    fn set_alarm(&self, timers: &mut Timers) {
        let Clock::Browser(clock) = &self.0.clock else { return };
        let Some(deadline_us) = timers.alarm_to_set() else { return };
        let inner = Rc::downgrade(&self.0);
        clock.set_alarm(deadline_us, move || {
            let Some(inner) = inner.upgrade() else { return };
            inner.timers.borrow_mut().alarm_went_off();
            Self(inner).wake_due();
        });
    }

    /// Only the browser's clock has an alarm.
    #[cfg(not(target_arch = "wasm32"))]
    fn set_alarm(&self, _timers: &mut Timers) {}
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("clock", &self.0.clock).field("seed", &self.0.seed).finish_non_exhaustive()
    }
}

/// The next heartbeat. If it is overdue when this is dropped, it is recorded.
struct NextBeat {
    run: Run,
    due_us: u64,
}

impl NextBeat {
    fn record(&mut self) {
        let beat = Beat { due_us: self.due_us, at_us: self.run.now_us() };
        self.run.0.record.borrow_mut().beat(beat);
        self.due_us = beat.next_due_us();
    }
}

impl Drop for NextBeat {
    fn drop(&mut self) {
        if self.run.now_us() > self.due_us {
            self.record();
        }
    }
}
