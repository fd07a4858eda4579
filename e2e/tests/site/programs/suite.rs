//! The programs of `tests/python/programs` in the page: what they print is what CPython prints. And a hundred runs hold
//! no more memory than thirty.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{COUNT_RESOURCES, Page, eventually, eventually_within};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    // The programs have deadlines on the real clock: beside other tests, their own work may take longer than a deadline.
    in_each_engine![the_twenty_programs_print_what_cpython_prints]
        .map(Test::alone)
        .chain(in_chromium![a_hundred_runs_hold_no_more_memory])
}

/// The minimum number of programs. With fewer, some files are missing.
const FEWEST_PROGRAMS: usize = 20;

/// The lines that the program itself printed.
const PRINTED: &str =
    "return [...document.querySelectorAll('.log li.info')].map((it) => it.lastElementChild.textContent)";

/// A program and what CPython prints when it runs it.
struct Program {
    name: String,
    text: String,
    printed: Vec<String>,
    /// How the page must say that it ended.
    ending: String,
}

/// Runs each program with CPython.
fn programs() -> Result<Vec<Program>, TestError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/programs");
    let mut paths: Vec<_> = std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "py"));
    paths.sort();
    let scratch = tempfile::tempdir()?;
    let mut programs = Vec::new();
    for path in paths {
        // A program may write files.
        let output = Command::new("python3").arg(path.canonicalize()?).current_dir(&scratch).output()?;
        let printed = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        let ending = match output.status.code() {
            Some(0) => "Finished in ".to_owned(),
            code => format!("the program ended with exit code {}.", code.unwrap_or_default()),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        programs.push(Program { name, text: std::fs::read_to_string(&path)?, printed, ending });
    }
    Ok(programs)
}

async fn the_twenty_programs_print_what_cpython_prints(engine: Engine) -> TestResult {
    let programs = programs()?;
    assert!(programs.len() >= FEWEST_PROGRAMS, "{}", programs.len());
    let fixture = Fixture::open_in(engine, "program").await?;
    let page = &fixture.page;
    for Program { name, text, printed, ending } in programs {
        let run = page.run_program(&text).await?;
        assert!(run.status.contains(&ending), "{name}: {run:?}");
        eventually(&format!("what CPython prints for {name}"), async || {
            let lines: Vec<String> = page.evaluate(PRINTED, Vec::new()).await?;
            Ok(if lines == printed { Ok(()) } else { Err(format!("{lines:#?} instead of {printed:#?}")) })
        })
        .await?;
    }
    Ok(())
}

/// Prints the size of the interpreter's memory in bytes, and the number of its objects.
const MEMORY: &str = "import asyncio
import gc

from pyodide_js import _module

async def job(n):
    await asyncio.sleep(0.001)

async def main():
    await asyncio.gather(*(job(n) for n in range(200)))

asyncio.run(main())
gc.collect()
print('memory', _module.HEAP8.length, len(gc.get_objects()))
";

const WARM_UP: u32 = 30;
const RUNS: u32 = 100;

/// The page's memory grows in steps of 64 KB. A record that was kept from each run would take several times as much.
const WASM_SLACK_BYTES: u64 = 450_000;

/// A run of 200 tasks that was kept would hold some thousand objects.
const SLACK_OBJECTS: u64 = 500;

/// The memory after a run, in bytes or objects.
#[derive(Clone, Copy, Debug)]
struct Memory {
    page_bytes: u64,
    interpreter_bytes: u64,
    objects: u64,
}

async fn run_again(page: &Page) -> Result<Memory, TestError> {
    page.press("Run").await?;
    page.wait_for_program().await?;
    let printed = eventually_within(Duration::from_secs(30), "the size of the memory", async || {
        let lines: Vec<String> = page.evaluate(PRINTED, Vec::new()).await?;
        Ok(lines.into_iter().find(|line| line.starts_with("memory ")).ok_or_else(|| "none".to_owned()))
    })
    .await?;
    let mut numbers = printed.split(' ').skip(1).map(str::parse::<u64>);
    let (Some(Ok(interpreter_bytes)), Some(Ok(objects))) = (numbers.next(), numbers.next()) else {
        panic!("{printed}")
    };
    Ok(Memory { page_bytes: page.resources().await?.wasm_bytes, interpreter_bytes, objects })
}

async fn a_hundred_runs_hold_no_more_memory() -> TestResult {
    let fixture = Fixture::open_with_script(Engine::Chromium, "program", COUNT_RESOURCES).await?;
    let page = &fixture.page;
    page.write_program(MEMORY).await?;
    let mut warm = None;
    for number in 1..=RUNS {
        let now = run_again(page).await?;
        match warm {
            None if number == WARM_UP => {
                println!("after {number} runs: {now:?}");
                warm = Some(now);
            }
            Some(before) if number == RUNS => {
                println!("after {number} runs: {now:?}");
                let Memory { page_bytes, interpreter_bytes, objects } = before;
                assert!(now.page_bytes <= page_bytes + WASM_SLACK_BYTES, "{now:?} after {before:?}");
                assert!(now.interpreter_bytes <= interpreter_bytes, "{now:?} after {before:?}");
                assert!(now.objects <= objects + SLACK_OBJECTS, "{now:?} after {before:?}");
            }
            _ => {}
        }
    }
    assert_eq!(page.attributes("iframe", "src").await?.len(), 1, "one sandbox serves all runs");
    Ok(())
}
