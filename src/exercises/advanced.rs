//! Topics from the guide's next steps, each in its simplest form.
//!
//! You see a queue that slows a fast producer down to the pace of a slow consumer, values that are used as they arrive,
//! connections that are always closed, and a separate event loop that runs an hour of waits in milliseconds.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{join, join_all};
use futures::stream::{self, Stream, StreamExt};

use crate::exercises::prelude::*;
use crate::runtime::{Queue, virtual_time};

/// A sensor that produces readings at a fixed rate, faster than the consumer works on them.
async fn produce(run: &Run, readings: u32, queue: &Queue<u32>, most: &Cell<usize>) {
    for reading in 0..readings {
        run.sleep(PERIOD).await;
        queue.put(reading).await;
        most.set(most.get().max(queue.len()));
    }
    queue.close();
}

/// Takes readings from the queue and works on them, one after another.
async fn consume(run: &Run, queue: &Queue<u32>) {
    while let Some(reading) = queue.take().await {
        run.task(("work", reading), run.sleep(WORK)).await;
    }
}

/// Runs both concurrently and returns the maximum length of the queue between them. With a bound the producer waits for
/// the consumer. Without one, readings pile up in memory.
async fn stream_with_backpressure(run: &Run, readings: u32, bound: NonZeroUsize) -> usize {
    let (queue, most) = (run.queue(bound), Cell::new(0));
    let producer = run.task("produce", produce(run, readings, &queue, &most));
    let consumer = run.task("consume", consume(run, &queue));
    join(producer, consumer).await;
    most.get()
}

/// A generator of values over time: Python's `async def` with `yield`. It runs only when the next value is requested,
/// and dropping it ends it.
fn readings(run: &Run, n: u32) -> impl Stream<Item = u32> + '_ {
    stream::unfold(0, move |reading| async move {
        if reading == n {
            return None;
        }
        run.sleep(PERIOD).await;
        Some((reading, reading + 1))
    })
}

/// Waits for all values before it uses the first. Returns the time until then.
async fn use_when_all_are_there(run: &Run, n: u32) -> Duration {
    let start = run.now();
    let all: Vec<u32> = readings(run, n).collect().await;
    let first_at = run.now() - start;
    drop(all);
    first_at
}

/// Uses each value as soon as it arrives: `async for`. Returns the time until the first one, which takes a single wait.
async fn use_as_they_come(run: &Run, n: u32) -> Duration {
    let start = run.now();
    let mut first_at = None;
    let mut values = Box::pin(readings(run, n));
    while values.next().await.is_some() {
        first_at.get_or_insert_with(|| run.now() - start);
    }
    first_at.unwrap_or_default()
}

/// A resource that closes itself when it is dropped. Python needs `async with` for that.
struct Resource {
    open: Rc<Cell<u32>>,
}

impl Resource {
    fn open(open: &Rc<Cell<u32>>) -> Self {
        open.set(open.get() + 1);
        Self { open: Rc::clone(open) }
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.open.set(self.open.get() - 1);
    }
}

/// Some of the tasks succeed, and the others reach their deadline in the middle of their work. Returns the maximum
/// number of open connections, and the number of connections that are open after all tasks have ended.
async fn resources_that_close(run: &Run, tasks: u32) -> (u32, u32) {
    let (open, most) = (Rc::new(Cell::new(0)), Cell::new(0));
    let query = async |task: u32| {
        let _connection = Resource::open(&open);
        most.set(most.get().max(open.get()));
        run.sleep(PERIOD * task).await;
    };
    let queries = (1..=tasks).map(|task| run.try_task(("query", task), run.timeout(PERIOD * tasks / 2, query(task))));
    // Half of them reach the deadline: these errors are expected.
    drop(join_all(queries).await);
    (most.get(), open.get())
}

/// A separate event loop, whose clock jumps from one deadline to the next: the same code runs an hour of waits in
/// milliseconds. Tests of retries and timeouts use it. Returns the time on its clock and the real time.
async fn own_event_loop(run: &Run) -> (Duration, Duration) {
    let start = run.now();
    let hour = Run::on_virtual_clock(run.seed());
    let workers = (1..=60).map(|minutes| hour.sleep(Duration::from_secs(60) * minutes));
    // It would stall only on a wait that no clock ends.
    let _ended = virtual_time::block_on(&hour, join_all(workers));
    (hour.now(), run.now() - start)
}

/// The time between two readings, and the time that the consumer needs for one.
const PERIOD: Duration = Duration::from_millis(20);
const WORK: Duration = Duration::from_millis(60);
/// The length of a queue that never gets full.
const ENDLESS: NonZeroUsize = NonZeroUsize::new(1_000_000).expect("it is not zero");

/// Runs the four topics, each in root tasks of its own.
async fn advanced(run: &Run, readings: u32, bound: NonZeroUsize) -> Vec<Check> {
    let piled_up = run.task("without_a_bound", stream_with_backpressure(run, readings, ENDLESS)).await;
    let limited = run.task("with_backpressure", stream_with_backpressure(run, readings, bound)).await;
    let late = run.task("use_when_all_are_there", use_when_all_are_there(run, readings)).await;
    let early = run.task("use_as_they_come", use_as_they_come(run, readings)).await;
    let (most_open, left_open) = run.task("resources_that_close", resources_that_close(run, readings)).await;
    let (on_its_clock, took) = run.task("own_event_loop", own_event_loop(run)).await;
    vec![
        waits("without_a_bound", piled_up, bound).meant_to_fail(),
        waits("with_backpressure", limited, bound),
        comes_early("use_when_all_are_there", late, readings).meant_to_fail(),
        comes_early("use_as_they_come", early, readings),
        Check::new(
            "resources_that_close",
            "every connection is closed, even if its task timed out",
            format!("at most {most_open} open, {left_open} open at the end"),
            most_open == readings && left_open == 0,
        ),
        Check::new(
            "own_event_loop",
            "an hour of waits takes less than a second",
            format!("{} of virtual time, {} of real time", span(on_its_clock), span(took)),
            on_its_clock == Duration::from_secs(3_600) && took < Duration::from_secs(1),
        ),
    ]
}

fn waits(part: &'static str, most: usize, bound: NonZeroUsize) -> Check {
    let claim = format!("at most {} in the queue", units::counted(bound.get() as u64, "reading", "readings"));
    Check::new(part, claim, format!("peak: {most}"), most <= bound.get())
}

fn comes_early(part: &'static str, first_at: Duration, readings: u32) -> Check {
    let half = PERIOD * readings / 2;
    let claim = format!("the first value is used within {}, half of the time for all values", span(half));
    Check::new(part, claim, format!("after {}", span(first_at)), first_at <= half)
}

fn span(span: Duration) -> String {
    units::span(span.as_micros() as u64)
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("advanced", 0, "Beyond the guide")
    .teaches(
        "Streams with backpressure, async generators, resources that close themselves, and an event loop of \
         your own.",
    )
    .with_controls(&[
        Control::new(
            "readings",
            "Readings",
            "The number of readings from a simulated sensor, one every 20 ms.",
            ControlKind::Count { min: 8, max: 200, default: 20 },
        ),
        Control::new(
            "bound",
            "Queue",
            "The maximum number of readings in the queue between producer and consumer.",
            ControlKind::Count { min: 1, max: 100, default: 3 },
        ),
    ])
    .with_comparisons(&[
        Comparison::new(
            "1 · Streams and backpressure",
            &[Bar::new("without_a_bound", "No bound"), Bar::new("with_backpressure", "Bounded")],
        )
        .about(
            "The producer is three times as fast as the consumer. Without a bound, readings pile up in memory; \
             a bounded queue makes the producer wait. Neither version is faster: the consumer sets the pace.",
        ),
        Comparison::new(
            "2 · Values over time",
            &[Bar::new("use_when_all_are_there", "Collected"), Bar::new("use_as_they_come", "One by one")],
        )
        .about(
            "A generator yields one value after another. Collecting all of them means waiting for the last \
             value before using the first.",
        ),
        Comparison::new("3 · Resources that close themselves", &[Bar::new("resources_that_close", "Queries")]).about(
            "Half of the tasks are dropped at their deadline while a connection is open. Dropping closes it: \
             none stays open.",
        ),
        Comparison::new("4 · An event loop of your own", &[Bar::new("own_event_loop", "An hour")]).about(
            "The same futures on a clock that jumps from deadline to deadline: 60 concurrent waits of 1 to 60 minutes.",
        ),
    ])
    .runs(code!(run in exercises));

async fn run(run: Run, _site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let bound = NonZeroUsize::new(settings.count("bound") as usize).unwrap_or(NonZeroUsize::MIN);
    let checks = advanced(&run, settings.count("readings"), bound).await;
    Ok(Report { checks, ..Report::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::virtual_time::block_on;

    fn report(readings: &str, bound: &str) -> (Run, Report) {
        let mut settings = Settings::defaults(EXERCISE.controls);
        for (control, text) in EXERCISE.controls.iter().zip([readings, bound]) {
            settings.set(control.name, control.parse(text).expect("it is valid"));
        }
        let run = Run::on_virtual_clock(7);
        let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings);
        let report = block_on(&run, future).expect("it ends").expect("nothing can fail");
        (run, report)
    }

    #[test]
    fn each_part_shows_what_it_should() {
        for (readings, bound) in [("20", "3"), ("8", "1"), ("200", "100")] {
            let (run, report) = report(readings, bound);
            assert_eq!(report.checks.len(), 6);
            assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
            assert_eq!(run.sleepers(), 0);
        }
    }

    #[test]
    fn a_bound_costs_no_time() {
        let (run, _) = report("20", "3");
        let lengths = ["without_a_bound", "with_backpressure"]
            .map(|part| Span::named(&run.record(), part).and_then(|span| span.length_us()).expect("it ended well"));
        // The first reading arrives after 20 ms, and then the consumer always has work.
        assert_eq!(lengths, [20_000 + 20 * 60_000; 2]);
    }
}
