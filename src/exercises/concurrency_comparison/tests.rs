//! The exercise on the virtual clock, where each worker has a processor of its own.

use futures::FutureExt;
use futures::future::{Either, select};

use super::*;
use crate::exercises::test_support::settings_with;
use crate::runtime::virtual_time::block_on;

fn settings(numbers: &[(&str, f64)]) -> Settings {
    settings_with(&EXERCISE, &[&[("size", 0.0), ("workers", 4.0)], numbers].concat())
}

fn report(settings: &Settings) -> (Run, Report) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings.clone());
    let ended = block_on(&run, select(future, run.heartbeat().boxed_local())).expect("it ends");
    let Either::Left((report, _)) = ended else { unreachable!("the heartbeat never ends") };
    (run, report.expect("it cannot fail"))
}

fn length_ms(run: &Run, part: &str) -> u64 {
    Span::named(&run.record(), part).and_then(|span| span.length_us()).expect("it ended well") / 1_000
}

#[test]
fn waits_take_their_sum_in_sequence_and_the_longest_of_them_concurrently() {
    let (run, _) = report(&settings(&[]));
    let parts = ["sync_io_tasks", "async_io_tasks", "threaded_io_tasks"].map(|part| length_ms(&run, part));
    assert_eq!(parts, [1_000, 100, 100]);
}

#[test]
fn computations_are_shared_among_the_workers() {
    let (run, _) = report(&settings(&[("tasks", 8.0), ("size", 1.0)]));
    assert_eq!((length_ms(&run, "cpu_in_one_worker"), length_ms(&run, "cpu_in_all_workers")), (8, 2));
    let (run, _) = report(&settings(&[("tasks", 9.0), ("size", 1.0)]));
    assert_eq!(length_ms(&run, "cpu_in_all_workers"), 3, "the last task runs alone in the last round");
}

#[test]
fn only_parts_that_block_the_page_miss_frames() {
    let (_, report) = report(&settings(&[]));
    let rows: Vec<_> = report.tables()[0].rows.iter().map(|row| (row[0].as_str(), row[4].as_str())).collect();
    assert_eq!(rows[0], ("I/O, one by one", "58"), "a second, except the 20 ms until the first beat is due");
    assert!(rows[1..].iter().all(|(_, frames)| *frames == "0"), "{rows:?}");
}

#[test]
fn every_approach_computes_the_same_numbers_and_is_in_the_table() {
    let (_, report) = report(&settings(&[("size", 1.0)]));
    assert_eq!(report.checks.len(), 3);
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    let table = &report.tables()[1].rows;
    assert_eq!(table.len(), 7);
    assert_eq!(table[1][3], "I/O, async: 100 ms, speed-up 10.0 ×, longest block 0 ms");
}

#[test]
fn nothing_to_do_and_a_single_worker_are_valid_settings() {
    for numbers in [[("tasks", 0.0), ("workers", 1.0)], [("workers", 64.0), ("wait", 0.0)]] {
        let (_, report) = report(&settings(&numbers));
        assert!(report.checks.iter().all(Check::is_as_expected), "{numbers:?}: {:?}", report.checks);
    }
    let (_, report) = report(&settings(&[("workers", 1.0)]));
    assert!(report.notes.iter().any(|note| note.contains("With one worker")), "{:?}", report.notes);
}

#[test]
fn without_workers_the_other_parts_and_the_reason_are_reported() {
    let refused = || OffloadError::NotStarted { why: "the policy forbids it".to_owned() };
    let run = Run::on_virtual_clock(7);
    block_on(&run, run.task("async_io_tasks", run.sleep(Duration::from_millis(100)))).expect("it ends");
    let done = Findings {
        threaded: Err(refused()),
        inline: vec![1],
        in_slices: vec![1],
        in_one: Err(refused()),
        in_all: Err(refused()),
    };
    let report = done.report(&run.record(), &Plan::from(&settings(&[])));
    assert!(report.notes.iter().any(|note| note.contains("the policy forbids it. The site's content security policy")));
    let times: Vec<_> = report.tables()[0].rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(times, ["–", "100 ms", "–", "–", "–", "–", "–"]);
    assert!(report.checks.iter().all(|check| check.part == "cpu_in_slices"));
}

#[test]
fn slices_add_up_to_all_steps() {
    let plan = |size| Plan::from(&settings(&[("size", size)]));
    assert_eq!(plan(7.0).slices().collect::<Vec<_>>(), [3_000_000, 3_000_000, 1_000_000]);
    assert_eq!(plan(0.0).slices().count(), 0);
}
