//! The harness of the tests in `tests/site`: runs them in browsers that they share.
//!
//! Most tests spend most of their time waiting for timers, workers and responses. So several of them run at the same
//! time. Tests that measure or compute run afterwards, one after the other, in browsers that compile as they do for users. Output and arguments are those of Rust's
//! own harness.

use std::env;
use std::fs;
use std::panic;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use tokio::runtime::Runtime;

use crate::browser::{Compilation, Engine, pool};
use crate::fixture::TestResult;
use crate::host::lock;

/// The number of tests that run at the same time. WebKit has two processors busy with two tests, and a third one makes all of
/// them slower. In Firefox, a fourth one does.
fn at_once(engine: Engine) -> usize {
    match engine {
        Engine::Chromium | Engine::Firefox => 3,
        Engine::Webkit => 2,
    }
}

/// The environment variable that names a file. Each test adds a line to it: its seconds, a tab, its name.
const TIMES: &str = "TEST_TIMES";

type Running = Pin<Box<dyn Future<Output = TestResult>>>;

/// A test in one engine.
pub struct Test {
    name: String,
    engine: Engine,
    is_alone: bool,
    start: Box<dyn FnOnce() -> Running + Send>,
}

impl Test {
    /// A test that may run at the same time as others. [`in_each_engine`](crate::in_each_engine) and
    /// [`in_chromium`](crate::in_chromium) create it from a function.
    #[must_use]
    pub fn new<Body>(module: &str, name: &str, engine: Engine, body: Body) -> Self
    where
        Body: AsyncFnOnce(Engine) -> TestResult + Send + 'static,
    {
        let module = module.split_once("::").map_or("", |(_, module)| module);
        let name = format!("{module}::{engine}::{name}");
        Self { name, engine, is_alone: false, start: Box::new(move || Box::pin(async move { body(engine).await })) }
    }

    /// The same test, but no other test runs at the same time. For tests that measure time, or that compute.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }
}

/// Runs the tests in the engines that the environment variable `ENGINES` names.
#[must_use]
pub fn run(mut tests: Vec<Test>) -> ExitCode {
    let wanted = match Engine::wanted() {
        Ok(engines) => engines,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = Arc::new(Runtime::new().expect("threads can be started"));
    tests.retain(|test| wanted.contains(&test.engine));
    // Engine by engine, so that only the browsers of one engine are open.
    tests.sort_by_key(|test| test.engine);
    let (alone, mut together): (Vec<_>, Vec<_>) = tests.into_iter().partition(|test| test.is_alone);
    let arguments = Arguments::from_args();
    let times = Arc::new(Mutex::new(Vec::new()));
    let run = |tests: Vec<Test>, at_once, compilation| {
        runtime.block_on(pool::compile(compilation));
        let arguments = Arguments { test_threads: Some(at_once), ..arguments.clone() };
        let trials = tests.into_iter().map(|test| trial(test, &runtime, &times)).collect();
        libtest_mimic::run(&arguments, trials)
    };
    let mut conclusions = Vec::new();
    for engine in wanted {
        let tests = together.extract_if(.., |test| test.engine == engine).collect();
        conclusions.push(run(tests, arguments.test_threads.unwrap_or(at_once(engine)), Compilation::Quick));
    }
    conclusions.push(run(alone, 1, Compilation::Full));
    runtime.block_on(pool::close_all());
    report_times(&lock(&times));
    if conclusions.iter().any(Conclusion::has_failed) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The time that a test took, and its name.
type Times = Arc<Mutex<Vec<(Duration, String)>>>;

fn trial(test: Test, runtime: &Arc<Runtime>, times: &Times) -> Trial {
    let (runtime, times, name) = (runtime.clone(), times.clone(), test.name.clone());
    Trial::test(test.name, move || {
        let start = Instant::now();
        let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| runtime.block_on((test.start)())));
        runtime.block_on(pool::reset_returned());
        lock(&times).push((start.elapsed(), name));
        match outcome {
            Ok(result) => result.map_err(|failure| Failed::from(format!("{failure:?}"))),
            // Its message and location have been printed already.
            Err(panic) => panic::resume_unwind(panic),
        }
    })
}

fn report_times(times: &[(Duration, String)]) {
    let Some(path) = env::var_os(TIMES) else { return };
    let lines: String = times.iter().map(|(time, name)| format!("{:.2}\t{name}\n", time.as_secs_f64())).collect();
    let written = fs::OpenOptions::new().append(true).create(true).open(&path);
    let written = written.and_then(|mut file| std::io::Write::write_all(&mut file, lines.as_bytes()));
    if let Err(error) = written {
        eprintln!("`{}` cannot be written: {error}", path.to_string_lossy());
    }
}

/// Creates a test in every engine from each `async fn(Engine) -> TestResult`.
#[macro_export]
macro_rules! in_each_engine {
    ($($test:ident),+ $(,)?) => {
        $crate::browser::Engine::ALL.into_iter().flat_map(|engine| [
            $($crate::suite::Test::new(module_path!(), stringify!($test), engine, $test)),+
        ])
    };
}

/// Creates a test in Chromium from each `async fn() -> TestResult`, for behaviour that does not depend on the engine,
/// and for tests that need a command that only Chromium has.
#[macro_export]
macro_rules! in_chromium {
    ($($test:ident),+ $(,)?) => {
        [$(
            $crate::suite::Test::new(
                module_path!(),
                stringify!($test),
                $crate::browser::Engine::Chromium,
                async |_| $test().await,
            )
        ),+].into_iter()
    };
}
