//! Readers' programs in Python, compared with plain Pyodide in the same browser: the event loop, and the time until a
//! program starts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::{Budget, Summary};
use crate::browser::{Browser, BrowserError, Compilation, Engine};
use crate::fixture::BASE;
use crate::page::{Page, PageError, eventually_every};
use crate::server::{Server, ServerError};

/// The number of starts. Each is in a new browser, which has no compiled code.
const STARTS: usize = 3;

/// The time limit for a start, and for all runs of the loops.
const TIMEOUT: Duration = Duration::from_secs(300);

const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The files of the npm package that a start needs.
const FILES: [&str; 5] =
    ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"];

const WORKER: &str = include_str!("pyodide.js");

/// Starts the worker, and remembers the milliseconds until the first statement of Python.
const START_BARE: &str = "
    window.worker = new Worker('worker.js', { type: 'module' });
    const start = Date.now();
    worker.onmessage = ({ data }) => { window.answer = data - start; };";

/// Measures the loops in that worker.
const MEASURE_LOOPS: &str = "
    window.answer = undefined;
    worker.onmessage = ({ data }) => { window.answer = data; };
    fetch('interleave.zip').then((response) => response.arrayBuffer()).then(async (zip) => {
        const bench = await (await fetch('bench.py')).text();
        worker.postMessage({ zip, bench }, [zip]);
    });";

/// A program that prints the milliseconds of its first statement.
const FIRST_STATEMENT: &str = "import time; print('at', time.time() * 1000)";

/// Presses Run and remembers when.
const PRESS_RUN: &str = "window.pressed = Date.now(); document.querySelector('button.run').click()";

/// The measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pyodide {
    /// Seconds over the ideal.
    pub loops: Loops,
    /// The milliseconds until the first statement, in the page.
    pub start_ms: Summary,
    /// The same in plain Pyodide.
    pub bare_start_ms: Summary,
}

/// Seconds over the ideal of a gather of 10,000 sleeps, as `tests/python/bench.py` returns them.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Loops {
    /// In Pyodide's own loop.
    pub pyodide_s: f64,
    /// In the page's loop, without recording.
    pub stepped_s: f64,
    /// In the page's loop, recorded.
    pub recorded_s: f64,
}

/// The reason that nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum PyodideError {
    /// The site or this machine has no Python for the browser.
    #[error("Pyodide is not installed; install npm, then run `tools/setup bench`")]
    NotInstalled,
    /// A file cannot be copied.
    #[error("the files cannot be put together")]
    Files(#[from] io::Error),
    /// The server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The browser did not start.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The page did not work.
    #[error(transparent)]
    Page(#[from] PageError),
}

/// Measures in Chromium. `site` is the folder of the built site, `pyodide` that of the npm package.
///
/// # Errors
///
/// If something is not installed, or if the browser fails.
pub async fn measure_pyodide(site: &Path, pyodide: Option<&Path>) -> Result<Pyodide, PyodideError> {
    let package = pyodide.filter(|folder| folder.join(FILES[0]).exists()).ok_or(PyodideError::NotInstalled)?;
    let zip = package_of_site(site)?.ok_or(PyodideError::NotInstalled)?;
    let folder = put_together(package, &zip)?;
    let bare = Server::start(folder.path(), BASE)?;
    let server = Server::start(site, BASE)?;
    let (mut bare_starts, mut starts, mut loops) = (Vec::new(), Vec::new(), None);
    for _ in 0..STARTS {
        let browser = Browser::start(Engine::Chromium, Compilation::Full).await?;
        let page = Page::new(&browser, bare.url());
        page.open_path("index.html").await?;
        page.evaluate::<()>(START_BARE, Vec::new()).await?;
        bare_starts.push(answer(&page, "the start of Pyodide").await?);
        if loops.is_none() {
            page.evaluate::<()>(MEASURE_LOOPS, Vec::new()).await?;
            loops = Some(answer::<Loops>(&page, "the times of the loops").await?);
        }
        drop(browser);
        starts.push(start_in_page(&server).await?);
    }
    let summary = |times: &[f64]| Summary::from_values(times).expect("there are some, and all are finite");
    Ok(Pyodide {
        loops: loops.expect("there is a start"),
        start_ms: summary(&starts),
        bare_start_ms: summary(&bare_starts),
    })
}

/// The package of the page, as the site serves it. `None` if the site has no Python.
fn package_of_site(site: &Path) -> io::Result<Option<PathBuf>> {
    let Ok(files) = fs::read_dir(site.join("python")) else { return Ok(None) };
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|it| it == "zip") && path.to_string_lossy().contains("interleave-") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// A folder with everything that plain Pyodide and the benchmark need.
fn put_together(package: &Path, zip: &Path) -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for name in FILES {
        fs::copy(package.join(name), folder.path().join(name))?;
    }
    fs::copy(zip, folder.path().join("interleave.zip"))?;
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/bench.py");
    fs::copy(bench, folder.path().join("bench.py"))?;
    fs::write(folder.path().join("worker.js"), WORKER)?;
    fs::write(folder.path().join("index.html"), "<!doctype html><title>Pyodide</title>")?;
    Ok(folder)
}

/// The milliseconds from Run to the first statement of a program, in a browser that has not run Python before.
async fn start_in_page(server: &Server) -> Result<f64, PyodideError> {
    let browser = Browser::start(Engine::Chromium, Compilation::Full).await?;
    let page = Page::new(&browser, server.url());
    let code = FIRST_STATEMENT.replace(' ', "%20");
    page.open(&format!("program?code={code}")).await?;
    page.wait_for_button("Run").await?;
    page.evaluate::<()>(PRESS_RUN, Vec::new()).await?;
    let run = page.wait_for_program().await?;
    let printed_ms: Option<f64> = run.log.split_whitespace().last().and_then(|text| text.parse().ok());
    let missing = || PageError::Missing { what: format!("time of the first statement: {run:?}") };
    let pressed_ms: f64 = page.evaluate("return window.pressed", Vec::new()).await?;
    Ok(printed_ms.ok_or_else(missing)? - pressed_ms)
}

/// Waits until the page has an answer of the worker. Looks rarely, because the measurements need all processors.
async fn answer<T: serde::de::DeserializeOwned>(page: &Page, what: &str) -> Result<T, PageError> {
    eventually_every(POLL_INTERVAL, TIMEOUT, what, async || {
        let answer: Option<T> = page.evaluate("return window.answer ?? null", Vec::new()).await?;
        Ok(answer.ok_or_else(|| "nothing".to_owned()))
    })
    .await
}

/// The budgets of Python in the page. A budget without a figure is missed.
#[must_use]
pub fn pyodide_budgets(measured: Option<Pyodide>) -> Vec<Budget> {
    let budget = |what: &str, figure: fn(Pyodide) -> f64, limit| Budget {
        what: what.to_owned(),
        figure: measured.map(figure),
        limit,
    };
    vec![
        budget(
            "Python, 10,000 sleeps, overhead: the page's loop / Pyodide's own",
            |it| it.loops.stepped_s / it.loops.pyodide_s,
            1.0 / 3.0,
        ),
        budget(
            "Python, 10,000 sleeps, overhead: recorded / not recorded",
            |it| it.loops.recorded_s / it.loops.stepped_s,
            2.0,
        ),
        budget(
            "Python, first statement: the page / plain Pyodide",
            |it| it.start_ms.median / it.bare_start_ms.median,
            1.25,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Verdict;

    fn measured(stepped_s: f64, recorded_s: f64, start_ms: f64) -> Option<Pyodide> {
        let summary = |ms| Summary::from_values(&[ms]).expect("a finite time");
        let loops = Loops { pyodide_s: 1.8, stepped_s, recorded_s };
        Some(Pyodide { loops, start_ms: summary(start_ms), bare_start_ms: summary(2_000.0) })
    }

    fn verdicts(measured: Option<Pyodide>) -> Vec<bool> {
        pyodide_budgets(measured).iter().map(|budget| budget.verdict() == Verdict::Met).collect()
    }

    #[test]
    fn each_budget_is_met_or_missed_by_itself() {
        assert_eq!(verdicts(measured(0.6, 1.2, 2_500.0)), [true, true, true]);
        assert_eq!(verdicts(measured(0.61, 1.2, 2_500.0)), [false, true, true]);
        assert_eq!(verdicts(measured(0.6, 1.21, 2_500.0)), [true, false, true]);
        assert_eq!(verdicts(measured(0.6, 1.2, 2_501.0)), [true, true, false]);
    }

    #[test]
    fn a_budget_without_a_figure_is_missed() {
        assert_eq!(verdicts(None), [false, false, false]);
    }

    #[test]
    fn the_worker_returns_the_times_in_this_order() {
        let loops: Loops = serde_json::from_str("[1.8, 0.4, 0.6]").expect("three times");
        assert_eq!(loops, Loops { pyodide_s: 1.8, stepped_s: 0.4, recorded_s: 0.6 });
    }
}
