//! Measures the built site in a real browser, prints the times, and compares them with the budgets.
//!
//! It needs a release build of the page in `dist/` (or in the folder that `DIST` names). It exits with 1 if a budget is
//! missed, and with 2 if a measurement could not be made.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use e2e::bench::{
    Align, Budget, FirstLoad, FirstLoadError, LighthouseError, Loops, Measurements, Pyodide, PyodideError, Rates, Row,
    Sample, SampleError, Scores, Summary, Verdict, Workers, aligned, budgets, first_load, first_load_table,
    gather_in_python, lighthouse, lighthouse_budgets, measure_pyodide, predict_in_python, pyodide_budgets, times_table,
    worker_budgets,
};
use e2e::browser::{Browser, BrowserError, Compilation, Engine};
use e2e::fixture::BASE;
use e2e::large_run::{LargeRunError, frame_times_ms, open_run, p95};
use e2e::page::{Page, PageError, eventually_every};
use e2e::server::{Server, ServerError, built_site};

/// The time limit for all rounds of the benchmark, which normally take less than a minute.
const RUN_TIMEOUT: Duration = Duration::from_secs(600);

const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Ten thousand tasks behind a limit. Some of them fail and are retried.
const EXERCISE: &str = "async-error-handling?tasks=10000&limit=64&wait=20&pause=20&timeout=60&on-error=collect&seed=7";

const ROWS: &str = "return [...document.querySelectorAll('tr[data-case][data-who]')].map(row =>
    ({ case: row.dataset.case, contender: row.dataset.who, runs: row.dataset.runs ?? '' }));";

/// The reason a measurement could not be made.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Browser(#[from] BrowserError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    LargeRun(#[from] LargeRunError),
    #[error(transparent)]
    FirstLoad(#[from] FirstLoadError),
    #[error(transparent)]
    Sample(#[from] SampleError),
}

impl BenchError {
    fn advice(&self) -> &'static str {
        match self {
            Self::Server(error) => error.advice(),
            Self::Browser(error) => error.advice(),
            Self::Page(error) | Self::LargeRun(LargeRunError::Page(error)) => error.advice(),
            Self::LargeRun(LargeRunError::NotWritten(_)) => "make room in the folder for temporary files",
            Self::FirstLoad(_) | Self::Sample(_) => "the build and this program must be the same version: rebuild both",
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match bench().await {
        Ok(budgets) if budgets.iter().all(|budget| budget.verdict() == Verdict::Met) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {}\n{}", with_causes(&error), error.advice());
            ExitCode::from(2)
        }
    }
}

async fn bench() -> Result<Vec<Budget>, BenchError> {
    let (load, mut samples, figures, workers) = measure_in_browser().await?;
    let pyodide = measure_python_in_browser().await;
    // CPython runs alone, after the browser has closed.
    let version = add_python(&mut samples);
    let python = rates_of_python();
    println!("\n{}\n{version}\n\n{}", times_table(&samples), first_load_table(&load));
    println!("{}", digits_table(workers, python));
    pyodide.inspect(|measured| println!("{}", pyodide_table(measured)));
    let mut budgets = budgets(&samples, figures);
    budgets.extend(worker_budgets(workers, python));
    budgets.extend(pyodide_budgets(pyodide));
    budgets.extend(measure_with_lighthouse()?);
    println!("{}", budgets_table(&budgets));
    Ok(budgets)
}

async fn measure_in_browser() -> Result<(FirstLoad, Vec<Sample>, Measurements, Option<Workers>), BenchError> {
    let folder = built_site();
    let server = Server::start(&folder, BASE)?;
    let browser = Browser::start(Engine::Chromium, Compilation::Full).await?;
    let page = Page::new(&browser, server.url());
    page.open("async-basics").await?;
    page.wait_for_button("Run").await?;
    let load = first_load(&folder, BASE, &server.requests())?;
    eprintln!("measuring in the browser …");
    page.open("benchmark").await?;
    page.wait_for_button("Run").await?;
    page.press("Run").await?;
    wait_for_the_end(&page).await?;
    let rows: Vec<Row> = page.evaluate(ROWS, Vec::new()).await?;
    let samples = rows.iter().map(Sample::try_from).collect::<Result<_, _>>()?;
    let bytes_per_sleep = reported(&page, "data-bytes-per-task").await?;
    let line_cost = reported(&page, "data-line-cost").await?;
    let workers = workers(&page).await?;
    page.open(EXERCISE).await?;
    page.wait_for_button("Run").await?;
    page.press("Run").await?;
    page.wait_for_status_within(RUN_TIMEOUT, "Finished").await?;
    let (bytes_per_exercise_task, longest_block_us) =
        (page.exact_metric("record").await?, page.exact_metric("lag").await?);
    eprintln!("opening large runs …");
    let small = open_run(&page, 1_000).await?;
    let small_frames = frame_times_ms(&page).await?;
    let open_million_ms = open_run(&page, 1_000_000).await?;
    let frames = frame_times_ms(&page).await?;
    eprintln!(
        "a run of 1,000 tasks: opened in {small:.0} ms, p95 of frames {:.1} ms; of a million: {open_million_ms:.0} ms, {:.1} ms",
        p95(&small_frames),
        p95(&frames)
    );
    let figures = Measurements {
        line_cost,
        open_million_ms,
        frame_time_ratio: p95(&frames) / p95(&small_frames),
        bytes_per_sleep,
        bytes_per_exercise_task,
        longest_block_ms: longest_block_us / 1e3,
        first_load_bytes: load.brotli_bytes(),
    };
    Ok((load, samples, figures, workers))
}

/// A number in an attribute of the benchmark page. Returns `None` if the page does not report it.
async fn reported(page: &Page, attribute: &str) -> Result<Option<f64>, PageError> {
    let text = page.attributes(&format!("[{attribute}]"), attribute).await?;
    Ok(text.first().and_then(|number| number.parse().ok()))
}

/// Waits until all runs have finished. It looks rarely, because the measurements need all processors.
async fn wait_for_the_end(page: &Page) -> Result<(), PageError> {
    eventually_every(POLL_INTERVAL, RUN_TIMEOUT, "the end of the runs", async || {
        let status = page.status().await?;
        Ok(if status.starts_with("Finished") { Ok(()) } else { Err(status) })
    })
    .await
}

/// The speed of the workers, if the page could measure it.
async fn workers(page: &Page) -> Result<Option<Workers>, PageError> {
    let mut values = Vec::new();
    for name in Workers::attributes() {
        values.extend(page.attributes("[data-workers]", name).await?);
    }
    Ok(Workers::read(&values))
}

/// The rates at which scikit-learn classifies digits. `tools/setup` installs it for one Python, which `PYTHON` names.
fn rates_of_python() -> Option<Rates> {
    eprintln!("measuring scikit-learn …");
    let python = std::env::var_os("PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let measured = predict_in_python(&python, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/predict.py"));
    measured.inspect_err(|error| eprintln!("scikit-learn: not measured, {}", with_causes(error))).ok()
}

/// The budgets of Lighthouse's scores. If it is not installed, prints that and returns no budgets.
fn measure_with_lighthouse() -> Result<Vec<Budget>, BenchError> {
    eprintln!("measuring with Lighthouse …");
    let server = Server::start_compressing(&built_site(), BASE)?;
    let chrome = Engine::Chromium.find_browser().map_err(BrowserError::from)?.unwrap_or_default();
    match lighthouse(&chrome, server.url()) {
        Ok(scores) => Ok(lighthouse_budgets(&scores)),
        Err(error @ LighthouseError::NotInstalled) => {
            eprintln!("lighthouse: its budgets are missing below. {error}");
            Ok(Vec::new())
        }
        Err(error) => {
            eprintln!("lighthouse: not measured, {}", with_causes(&error));
            Ok(lighthouse_budgets(&Scores::new()))
        }
    }
}

/// Readers' programs compared with plain Pyodide, if that is installed.
async fn measure_python_in_browser() -> Option<Pyodide> {
    eprintln!("measuring Python in the browser …");
    let folder = std::env::var_os("PYODIDE_FOLDER").map(PathBuf::from);
    let measured = measure_pyodide(&built_site(), folder.as_deref()).await;
    measured.inspect_err(|error: &PyodideError| eprintln!("Pyodide: not measured, {}", with_causes(error))).ok()
}

fn pyodide_table(measured: &Pyodide) -> String {
    let Loops { pyodide_s, stepped_s, recorded_s } = measured.loops;
    let seconds = |seconds: f64| format!("{seconds:.3}");
    let row = |name: &str, start: Option<Summary>, over_ideal_s: f64| {
        let start = start.map_or_else(String::new, |start| seconds(start.median / 1e3));
        vec![name.to_owned(), start, seconds(over_ideal_s)]
    };
    let head = [
        ("Python in Chromium, seconds", Align::Left),
        ("first statement", Align::Right),
        ("10,000 sleeps over ideal", Align::Right),
    ];
    let rows = [
        row("plain Pyodide", Some(measured.bare_start_ms), pyodide_s),
        row("the page's loop", None, stepped_s),
        row("the page's loop, recorded", Some(measured.start_ms), recorded_s),
    ];
    aligned(&head, &rows)
}

fn digits_table(workers: Option<Workers>, python: Option<Rates>) -> String {
    let row = |contender: &str, rates: Option<Rates>| {
        let text =
            |rate: fn(Rates) -> f64| rates.map_or("not measured".to_owned(), |rates| format!("{:.0}", rate(rates)));
        vec![contender.to_owned(), text(|rates| rates.digits_per_s), text(|rates| rates.single_digits_per_s)]
    };
    let head =
        [("digits per second (mlp-64)", Align::Left), ("360 at once", Align::Right), ("one by one", Align::Right)];
    aligned(&head, &[row("a worker", workers.map(|it| it.digits)), row("scikit-learn in CPython", python)])
}

/// Adds CPython's times, and returns a sentence about them. No budget depends on them, so a machine without Python can
/// measure too.
fn add_python(samples: &mut Vec<Sample>) -> String {
    eprintln!("measuring in CPython …");
    match gather_in_python(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/gather.py")) {
        Ok((version, measured)) => {
            samples.extend(measured);
            format!("python: CPython {version}, `asyncio.gather`")
        }
        Err(error) => format!("python: not measured, {}", with_causes(&error)),
    }
}

fn budgets_table(budgets: &[Budget]) -> String {
    let number = |figure: f64| if figure < 10.0 { format!("{figure:.3}") } else { format!("{figure:.0}") };
    let row = |budget: &Budget| {
        let figure = budget.figure.map_or("not measured".to_owned(), number);
        vec![budget.what.clone(), figure, number(budget.limit), budget.verdict().to_string()]
    };
    let head = [("budget", Align::Left), ("figure", Align::Right), ("at most", Align::Right), ("verdict", Align::Left)];
    aligned(&head, &budgets.iter().map(row).collect::<Vec<_>>())
}

/// The error and its causes, in one line.
fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        // Some errors already quote their cause.
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}
