//! Runs of any number of tasks as files; opens them in the page, and pans and zooms the timeline.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::page::{Page, PageError, eventually_within};

/// The time within which the tasks start, in microseconds.
const STARTS_US: u64 = 8_000_000;

/// Every 97th task fails.
const FAILS: u64 = 97;

/// The time limit for opening a file.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

/// Records when a file is chosen, and when the page has shown it: when it draws frames again, quickly and with the run.
const WATCH_OPENING: &str = "window.opening = { startMs: null, tookMs: null };
    addEventListener('change', () => { window.opening.startMs = performance.now(); }, { capture: true, once: true });
    let lastMs = performance.now();
    const look = () => {
        const nowMs = performance.now();
        const isShown = document.querySelector('[data-opened]') !== null && nowMs - lastMs < 40;
        lastMs = nowMs;
        if (isShown) window.opening.tookMs = nowMs - window.opening.startMs;
        else requestAnimationFrame(look);
    };
    look();";

const OPENED_MS: &str = "return window.opening.tookMs;";

/// Zooms in, moves to both sides and zooms out, one step in each frame, and returns the time from each frame to the
/// next in milliseconds.
const MOVE: &str = "const canvas = document.querySelector('figure.timeline canvas');
    const place = canvas.getBoundingClientRect();
    const turn = (options) => canvas.dispatchEvent(new WheelEvent('wheel', {
        bubbles: true, cancelable: true, clientX: place.left + place.width / 2, clientY: place.top + 30, ...options,
    }));
    const steps = [];
    const add = (count, options) => steps.push(...Array(count).fill(options));
    add(20, { ctrlKey: true, deltaY: -1 });
    add(20, { shiftKey: true, deltaY: 60 });
    add(20, { shiftKey: true, deltaY: -60 });
    add(20, { ctrlKey: true, deltaY: 1 });
    const nextFrame = () => new Promise(requestAnimationFrame);
    return (async () => {
        const times = [];
        let lastMs = await nextFrame();
        for (const step of steps) {
            turn(step);
            const nowMs = await nextFrame();
            times.push(nowMs - lastMs);
            lastMs = nowMs;
        }
        return times;
    })();";

/// A run of this many tasks at once, as the page exports it. Every task waits once, for half a second to two seconds.
/// A million tasks are some 62 MB.
#[must_use]
pub fn run_file(tasks: u32) -> String {
    // The root task has the number 0 here.
    let mut events = vec![(0, 0, 's'), (0, 0, '('), (0, 0, ')')];
    let mut random: u64 = 7;
    for task in 1..=u64::from(tasks) {
        // The multiplier is that of Knuth's MMIX.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (from_us, wait_us) = (10 + task * STARTS_US / u64::from(tasks), 500_000 + (random >> 33) % 1_500_000);
        let end = if task % FAILS == 0 { 'F' } else { 'S' };
        let kinds = [(0, 's'), (1, '('), (2, ')'), (2 + wait_us, '('), (4 + wait_us, end)];
        events.extend(kinds.map(|(after_us, kind)| (from_us + after_us, task, kind)));
    }
    let end_us = 10 + STARTS_US + 2_000_010;
    events.extend([(end_us, 0, '('), (end_us + 1, 0, 'S')]);
    events.sort_by_key(|(at_us, task, _)| (*at_us, *task));
    let mut text = json_of_run(end_us + 1).to_string();
    let columns = [
        ("@name", list((0..=tasks).map(|task| u32::from(task > 0)))),
        ("@number", list((0..=tasks).map(|task| if task > 0 { task + 1 } else { 0 }))),
        ("@parent", list((0..=tasks).map(|task| u32::from(task > 0)))),
        ("@after_us", {
            let before = std::iter::once(0).chain(events.iter().map(|(at_us, ..)| *at_us));
            list(events.iter().zip(before).map(|((at_us, ..), before_us)| at_us - before_us))
        }),
        ("@task", list(events.iter().map(|(_, task, _)| task + 1))),
        ("@kind", format!("\"{}\"", events.iter().map(|(.., kind)| kind).collect::<String>())),
        ("@wait", {
            let ends = events.iter().filter(|(.., kind)| *kind == ')');
            list(ends.map(|(_, task, _)| if *task == 0 { 2 } else { 1 }))
        }),
    ];
    for (place, column) in columns {
        text = text.replacen(&format!("\"{place}\""), &column, 1);
    }
    text
}

/// The run without its long columns. Their places have their names.
fn json_of_run(wall_us: u64) -> Value {
    json!({
        "format": "interleave-run", "version": 2, "app": "0", "program": { "exercise": "async-multiple" },
        "settings": {}, "seed": 7, "finished_at_ms": 1_700_000_000_000_u64,
        "ending": { "finished": { "wall_us": wall_us } }, "clock_resolution_us": 5, "memory": null,
        "record_bytes": 0, "ideal": null, "report": null,
        "record": {
            "names": ["process_batch_async", "process_sample"],
            "tasks": { "name": "@name", "number": "@number", "parent": "@parent" },
            "events": { "after_us": "@after_us", "task": "@task", "kind": "@kind", "wait": "@wait" },
            "beats": { "due_us": [], "late_us": [] }, "log": [], "hidden_at_us": null, "clock": "browser",
            "waits": {
                "sources": [{ "path": "src/exercises/async_multiple.rs", "hash": "" }], "objects": [],
                "list": [
                    { "line": { "source": 0, "line": 10 }, "for": "timer" },
                    { "line": { "source": 0, "line": 20 }, "for": "subtasks" },
                ],
            },
        },
    })
}

fn list<T: ToString>(numbers: impl Iterator<Item = T>) -> String {
    let mut text = "[".to_owned();
    for number in numbers {
        if text.len() > 1 {
            text.push(',');
        }
        // Writing to a text does not fail.
        let _ = write!(text, "{}", number.to_string());
    }
    text + "]"
}

/// The reason that a large run could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum LargeRunError {
    /// The file could not be written.
    #[error("the file of the run cannot be written: {0}")]
    NotWritten(#[from] io::Error),
    /// The page did not open it.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// Opens a run of this many tasks from a file. Returns the time from choosing the file until the page draws frames
/// again, with the run, in milliseconds.
///
/// # Errors
///
/// If the file cannot be written, or the page does not open it.
pub async fn open_run(page: &Page, tasks: u32) -> Result<f64, LargeRunError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.json");
    std::fs::write(&path, run_file(tasks))?;
    page.open("async-multiple?seed=7").await?;
    page.wait_for_button("Run").await?;
    page.evaluate::<()>(WATCH_OPENING, Vec::new()).await?;
    page.choose_files(&[path.as_path()]).await?;
    let opened_ms = eventually_within(OPEN_TIMEOUT, "the opened run", async || {
        let took: Option<f64> = page.evaluate(OPENED_MS, Vec::new()).await?;
        Ok(took.ok_or_else(|| "not yet".to_owned()))
    });
    Ok(opened_ms.await?)
}

/// Zooms and moves the timeline. Returns the times from frame to frame in milliseconds, in ascending order.
///
/// # Errors
///
/// If the browser is gone.
pub async fn frame_times_ms(page: &Page) -> Result<Vec<f64>, PageError> {
    let mut times: Vec<f64> = page.evaluate(MOVE, Vec::new()).await?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// The 95th percentile of ascending numbers; NaN if there are none.
#[must_use]
pub fn p95(ascending: &[f64]) -> f64 {
    let place = (ascending.len() * 95).div_ceil(100);
    place.checked_sub(1).map_or(f64::NAN, |index| ascending[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_five_events_for_each_task_in_the_order_of_time() {
        let file: Value = serde_json::from_str(&run_file(100)).expect("it is JSON");
        let events = &file["record"]["events"];
        let length = |column: &str| events[column].as_array().map(Vec::len);
        assert_eq!((length("after_us"), length("task"), length("wait")), (Some(505), Some(505), Some(101)));
        assert_eq!(events["kind"].as_str().map(|kinds| kinds.matches('F').count()), Some(1));
        assert_eq!(file["record"]["tasks"]["number"][100], 101);
    }

    #[test]
    fn a_percentile_is_one_of_the_numbers() {
        let numbers: Vec<_> = (1..=80).map(f64::from).collect();
        assert_eq!((p95(&numbers), p95(&numbers[..1])), (76.0, 1.0));
        assert!(p95(&[]).is_nan());
    }
}
