//! The five issues that the guide calls common, each as a pair: broken first, then fixed.
//!
//! You see each issue in the timeline, and in a check that the broken half fails and the fixed half passes. While the
//! loop is blocked, try the button that counts presses.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use crate::exercises::prelude::*;
use crate::measure::heartbeat::PERIOD;
use crate::runtime::{ScopeClosed, join_all};
use crate::workers::{Job, OffloadError, offload};

/// Waits for a slow disk, then counts what it has saved.
async fn save_result(run: &Run, saved: &Cell<u32>) {
    run.sleep(WAIT).await;
    saved.set(saved.get() + 1);
}

/// Broken: the future is created but never awaited, so it never starts. The compiler warns about a forgotten future, so
/// this one is dropped explicitly.
async fn never_awaited(run: &Run, saved: &Cell<u32>) {
    drop(run.task("save_result", save_result(run, saved)));
}

/// Fixed: the future is awaited.
async fn awaited(run: &Run, saved: &Cell<u32>) {
    run.task("save_result", save_result(run, saved)).await;
}

/// Broken: a wait that blocks the event loop. The page freezes and ignores clicks.
async fn blocked_loop(run: &Run, wait: Duration) {
    for n in 0..3 {
        run.sleep(WAIT).await;
        run.task(("block", n), async { run.block(wait) }).await;
    }
}

/// Fixed: the same wait yields to the event loop.
async fn free_loop(run: &Run, wait: Duration) {
    for n in 0..3 {
        run.sleep(WAIT).await;
        run.task(("sleep", n), run.sleep(wait)).await;
    }
}

/// Broken: all requests at once, more than the server accepts.
async fn too_many_connections(run: &Run, server: &Server) {
    join_all(run, (0..REQUESTS as u32).map(|n| run.try_task(("fetch", n), server.answer(run)))).await;
}

/// Fixed: at most as many requests at once as the server accepts. The rest queue here.
async fn limited_connections(run: &Run, server: &Server) {
    let limit = run.limit(NonZeroUsize::new(CAPACITY));
    let limited_fetch = async || {
        let _permit = limit.acquire().await;
        server.answer(run).await
    };
    join_all(run, (0..REQUESTS as u32).map(|n| run.try_task(("fetch", n), limited_fetch()))).await;
}

/// One piece of a computation that knows nothing of event loops.
fn sync_load(run: &Run) {
    run.block(PIECE);
}

/// Broken: the whole computation at once, inside an async function.
async fn sync_inside_async(run: &Run, wait: Duration) {
    for _ in 0..pieces(wait) {
        sync_load(run);
    }
}

/// Fixed: the same computation in a worker, in parallel with the page. This is the guide's `run_in_executor`.
async fn offloaded(run: &Run, wait: Duration) -> Result<(), OffloadError> {
    run.try_task("offload", offload(run, Job::Compute(wait))).await.map(drop)
}

/// Fixed without a worker: yields to the event loop after each piece.
async fn sync_in_slices(run: &Run, wait: Duration) {
    for _ in 0..pieces(wait) {
        sync_load(run);
        run.yield_now().await;
    }
}

/// Broken: work for a scope that has been closed. It is refused, as a closed event loop would refuse it.
async fn work_after_close(run: &Run, saved: &Rc<Cell<u32>>) -> Result<(), ScopeClosed> {
    let scope = run.scope(async |scope| scope).await;
    scope.spawn(owned_save(run, saved))?.await
}

/// Fixed: the work is spawned and awaited inside the scope that owns it.
async fn work_while_open(run: &Run, saved: &Rc<Cell<u32>>) -> Result<(), ScopeClosed> {
    run.scope(async |scope| scope.spawn(owned_save(run, saved))?.await).await
}

/// Saves a result as a task that owns what it needs, so that a scope can own the task.
fn owned_save(run: &Run, saved: &Rc<Cell<u32>>) -> impl Future<Output = ()> + use<> {
    let (inner_run, saved) = (run.clone(), Rc::clone(saved));
    run.task("save_result", async move { save_result(&inner_run, &saved).await })
}

/// A server that answers at most [`CAPACITY`] requests at once and refuses the rest, as many servers do.
#[derive(Default)]
struct Server {
    open: Cell<usize>,
    refused: Cell<usize>,
}

impl Server {
    async fn answer(&self, run: &Run) -> Result<(), ConnectionRefused> {
        if self.open.get() == CAPACITY {
            self.refused.set(self.refused.get() + 1);
            return Err(ConnectionRefused);
        }
        self.open.set(self.open.get() + 1);
        run.sleep(WAIT).await;
        self.open.set(self.open.get() - 1);
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the server accepts {CAPACITY} connections and refused this one")]
struct ConnectionRefused;

impl TaskError for ConnectionRefused {}

/// The time that the slow disk and the server take.
const WAIT: Duration = Duration::from_millis(100);
/// The number of requests, and of connections that the server accepts.
const REQUESTS: usize = 40;
const CAPACITY: usize = 8;
/// The time for which one piece of a computation blocks the event loop.
const PIECE: Duration = Duration::from_millis(10);

fn pieces(wait: Duration) -> u128 {
    wait.as_millis().div_ceil(PIECE.as_millis())
}

/// Runs the chosen pairs, each half in a root task of its own.
async fn common_issues(run: &Run, issue: &str, wait: Duration) -> Vec<Check> {
    let mut checks = Vec::new();
    let is_chosen = |name: &str| issue == "all" || issue == name;
    if is_chosen("never-awaited") {
        let saved = Cell::new(0);
        run.task("never_awaited", never_awaited(run, &saved)).await;
        checks.push(was_saved("never_awaited", saved.take()).meant_to_fail());
        run.task("awaited", awaited(run, &saved)).await;
        checks.push(was_saved("awaited", saved.take()));
    }
    if is_chosen("blocked-loop") {
        run.task("blocked_loop", blocked_loop(run, wait)).await;
        checks.push(loop_was_free(run, "blocked_loop", wait).await.meant_to_fail());
        run.task("free_loop", free_loop(run, wait)).await;
        checks.push(loop_was_free(run, "free_loop", wait).await);
    }
    if is_chosen("too-many") {
        let server = Server::default();
        run.task("too_many_connections", too_many_connections(run, &server)).await;
        checks.push(none_was_refused("too_many_connections", server.refused.take()).meant_to_fail());
        run.task("limited_connections", limited_connections(run, &server)).await;
        checks.push(none_was_refused("limited_connections", server.refused.take()));
    }
    if is_chosen("sync-inside") {
        run.task("sync_inside_async", sync_inside_async(run, wait)).await;
        checks.push(loop_was_free(run, "sync_inside_async", wait).await.meant_to_fail());
        let done = run.try_task("offloaded", offloaded(run, wait)).await;
        let check = loop_was_free(run, "offloaded", wait).await;
        checks.push(match done {
            Ok(()) => check,
            Err(error) => Check { measured: error.to_string(), passed: false, ..check },
        });
        run.task("sync_in_slices", sync_in_slices(run, wait)).await;
        checks.push(loop_was_free(run, "sync_in_slices", wait).await);
    }
    if is_chosen("closed") {
        let saved = Rc::default();
        // The error is expected: it is in the log, and the check reports it.
        let _ = run.try_task("work_after_close", work_after_close(run, &saved)).await;
        checks.push(was_saved("work_after_close", saved.take()).meant_to_fail());
        let _ = run.try_task("work_while_open", work_while_open(run, &saved)).await;
        checks.push(was_saved("work_while_open", saved.take()));
    }
    checks
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("common-issues", 0, "Common issues")
    .teaches(
        "Five common mistakes in async code, each next to its fix, with a check that fails for one and \
     passes for the other.",
    )
    .with_controls(&[
        Control::choice(
            "issue",
            "Issue",
            "One of the five pairs, or all of them, one after another.",
            // The first is the default: its pair differs most in what the reader sees and feels.
            &[
                Choice::new("blocked-loop", "Blocked loop"),
                Choice::new("never-awaited", "Never awaited"),
                Choice::new("too-many", "Too many connections"),
                Choice::new("sync-inside", "Sync inside async"),
                Choice::new("closed", "Already closed"),
                Choice::new("all", "All five"),
            ],
        )
        .with_former_default("all"),
        Control::new(
            "wait",
            "Block",
            "How long the loop is blocked each time. time.sleep in the Python guide takes 1,000 ms.",
            ControlKind::Number { unit: "ms", min: 100.0, max: 2_000.0, step: 50.0, default: 500.0 },
        ),
    ])
    .with_comparisons(&[
        Comparison::new(
            "Never awaited",
            &[
                Bar::new("never_awaited", "Broken").only_if(|settings| is_run(settings, "never-awaited")),
                Bar::new("awaited", "Fixed").only_if(|settings| is_run(settings, "never-awaited")),
            ],
        )
        .about(
            "A future does nothing until it is awaited; Python warns that the coroutine was never awaited. In \
             the timeline, look for a task that was cancelled before it ran.",
        ),
        Comparison::new(
            "The blocked loop",
            &[
                Bar::new("blocked_loop", "Broken").only_if(|settings| is_run(settings, "blocked-loop")).that_blocks(),
                Bar::new("free_loop", "Fixed").only_if(|settings| is_run(settings, "blocked-loop")),
            ],
        )
        .about(
            "A wait that blocks the event loop, like time.sleep, freezes the whole page. Press the button above \
             while it runs: the page answers when the block is over.",
        ),
        Comparison::new(
            "Too many connections",
            &[
                Bar::new("too_many_connections", "Broken").only_if(|settings| is_run(settings, "too-many")),
                Bar::new("limited_connections", "Fixed").only_if(|settings| is_run(settings, "too-many")),
            ],
        )
        .about(
            "Forty concurrent requests to a server that accepts eight: the rest are refused. With a limit they \
             queue in the page, which takes longer but loses none. The server is simulated in the exercise's \
             code.",
        ),
        Comparison::new(
            "Sync inside async",
            &[
                Bar::new("sync_inside_async", "Broken")
                    .only_if(|settings| is_run(settings, "sync-inside"))
                    .that_blocks(),
                Bar::new("offloaded", "Fixed").only_if(|settings| is_run(settings, "sync-inside")),
                Bar::new("sync_in_slices", "In slices").only_if(|settings| is_run(settings, "sync-inside")),
            ],
        )
        .about(
            "An async function that computes blocks the loop until it is done. A worker computes without \
             blocking the page. Computing in slices, with a yield after each, keeps the page responsive too.",
        ),
        Comparison::new(
            "Already closed",
            &[
                Bar::new("work_after_close", "Broken").only_if(|settings| is_run(settings, "closed")),
                Bar::new("work_while_open", "Fixed").only_if(|settings| is_run(settings, "closed")),
            ],
        )
        .about(
            "A closed event loop, session or scope refuses new work; Python says that the event \
             loop is closed. Do the work inside, and await it there.",
        ),
    ])
    .with_pulse()
    .runs(code!(run in exercises));

async fn run(run: Run, _site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let checks = common_issues(&run, settings.choice("issue"), settings.millis("wait")).await;
    let headlines = checks.chunk_by(|_, next| !next.is_meant_to_fail).filter_map(about_pair).collect();
    Ok(Report { headlines, notes: vec![in_short(&checks)], checks, ..Report::default() })
}

fn is_run(settings: &Settings, issue: &str) -> bool {
    ["all", issue].contains(&settings.choice("issue"))
}

/// The measured values of a broken version and of its fix.
fn about_pair(checks: &[Check]) -> Option<Headline> {
    let [broken, fixed, ..] = checks else { return None };
    let text = format!("The check: {}. Broken: {}. Fixed: {}.", broken.claim, broken.measured, fixed.measured);
    Some(Headline::new(broken.part.clone(), text))
}

fn in_short(checks: &[Check]) -> String {
    let as_expected = checks.iter().filter(|check| check.is_as_expected()).count();
    if as_expected < checks.len() {
        return format!("{as_expected} of {} parts behaved as expected.", checks.len());
    }
    format!(
        "All {as_expected} parts behaved as expected: each broken version failed its check, and each fixed version \
         passed."
    )
}

fn was_saved(part: &'static str, saved: u32) -> Check {
    Check::new(part, "the result is saved", format!("{saved} of 1 saved"), saved == 1)
}

fn none_was_refused(part: &'static str, refused: usize) -> Check {
    Check::new(part, "no request is refused", format!("{refused} of {REQUESTS} refused"), refused == 0)
}

/// Checks that the event loop was not blocked during a part. Waits for one more heartbeat first, so that the last one
/// counts.
async fn loop_was_free(run: &Run, part: &'static str, wait: Duration) -> Check {
    run.sleep(PERIOD * 2).await;
    let record = run.record();
    let lag_us = Span::named(&record, part).and_then(|span| span.longest_lag_us(&record)).unwrap_or(0);
    // Half is far from both outcomes, so that other activity of the machine does not change the verdict.
    let most_us = (wait / 2).as_micros() as u64;
    let claim = format!("the event loop is never blocked for more than {} (half of the block)", units::span(most_us));
    Check::new(part, claim, format!("longest block: {}", units::span(lag_us)), lag_us <= most_us)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::{Either, select};

    use super::*;
    use crate::measure::Outcome;
    use crate::runtime::virtual_time::block_on;

    fn run(issue: &'static str) -> (Run, Report) {
        let mut settings = Settings::defaults(EXERCISE.controls);
        settings.set("issue", Value::Choice(issue));
        let run = Run::on_virtual_clock(7);
        let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings);
        let ended = block_on(&run, select(future, run.heartbeat().boxed_local())).expect("it ends");
        let Either::Left((report, _)) = ended else { unreachable!("the heartbeat never ends") };
        (run, report.expect("it cannot fail"))
    }

    #[test]
    fn every_broken_half_fails_its_check_and_every_fixed_half_passes() {
        let (_, report) = run("all");
        let halves: Vec<_> = report.checks.iter().map(|check| (&*check.part, check.passed)).collect();
        let expected = [
            ("never_awaited", false),
            ("awaited", true),
            ("blocked_loop", false),
            ("free_loop", true),
            ("too_many_connections", false),
            ("limited_connections", true),
            ("sync_inside_async", false),
            ("offloaded", true),
            ("sync_in_slices", true),
            ("work_after_close", false),
            ("work_while_open", true),
        ];
        assert_eq!(halves, expected);
        assert!(report.checks.iter().all(Check::is_as_expected));
        assert!(report.notes[0].starts_with("All 11 parts"));
        assert_eq!(report.headlines.len(), 5, "{:?}", report.headlines);
        let headline = report.headline_of(["too_many_connections", "limited_connections"].into_iter());
        assert_eq!(
            headline,
            Some("The check: no request is refused. Broken: 32 of 40 refused. Fixed: 0 of 40 refused.")
        );
    }

    #[test]
    fn each_pair_can_run_alone() {
        for issue in ["never-awaited", "blocked-loop", "too-many", "sync-inside", "closed"] {
            let (run, report) = run(issue);
            assert_eq!(report.checks.len(), if issue == "sync-inside" { 3 } else { 2 }, "{issue}");
            for check in report.checks {
                assert!(check.is_as_expected(), "{issue}: {check:?}");
                assert!(Span::named(&run.record(), &check.part).is_some(), "{issue}");
            }
        }
    }

    #[test]
    fn a_task_that_was_never_awaited_was_cancelled_before_it_ran() {
        let (run, _) = run("never-awaited");
        let record = run.record();
        let part = Span::named(&record, "never_awaited").expect("it has run");
        let tasks = Durations::from_record(&record, "save_result", Some(part.task));
        assert_eq!((tasks.outcomes().get(Outcome::Cancelled), tasks.begun()), (1, 0));
    }
}
