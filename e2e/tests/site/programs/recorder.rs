//! The recorder for programs that run elsewhere: downloaded from the site, run by CPython, and opened on the page.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::in_chromium;
use e2e::page::eventually;
use e2e::suite::Test;
use serde_json::json;

use super::editor::{CHOOSE, open, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![a_program_recorded_by_cpython_is_shown_with_its_lines]
}

const PROGRAM: &str = "import asyncio
import time


async def fetch(n, limit):
    async with limit:
        await asyncio.sleep(0.05)


async def main():
    limit = asyncio.Semaphore(2)
    await asyncio.gather(*(fetch(n, limit) for n in range(4)))
    await asyncio.to_thread(time.sleep, 0.05)
    time.sleep(0.1)
    print(\"done\")


asyncio.run(main())
";

/// Reads the recorder that the page offers.
const DOWNLOAD: &str = "const done = arguments[0];
    const link = document.querySelector('.recorder a[download]');
    fetch(link.href).then(response => response.text()).then(done)";

/// The Python that `tools/setup` has installed.
pub(super) fn python() -> PathBuf {
    PathBuf::from(env::var_os("TOOLS").unwrap_or_default()).join("python/bin/python")
}

async fn a_program_recorded_by_cpython_is_shown_with_its_lines() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.open_runs().await?;
    let recorder: String = page.evaluate_async(DOWNLOAD, Vec::new()).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("interleave_trace.py"), recorder)?;
    std::fs::write(folder.path().join("fetch_all.py"), PROGRAM)?;
    let command = ["interleave_trace.py", "-o", "run.json", "fetch_all.py"];
    let output = Command::new(python()).args(command).current_dir(folder.path()).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = std::fs::read(folder.path().join("run.json"))?;

    page.evaluate::<()>(CHOOSE, vec!["open-file".into(), json!([["run.json", run]])]).await?;
    page.wait_for_status("Finished").await?;
    wait_for_text(page, "async def fetch").await?;
    eventually("the finding about the blocked event loop", async || {
        let headlines = page.texts(".comparison .headline").await?;
        let expected = "by `time.sleep` in fetch_all.py line 14";
        Ok(if headlines.iter().any(|it| it.contains(expected)) { Ok(()) } else { Err(format!("{headlines:?}")) })
    })
    .await?;
    page.press("Table").await?;
    let tasks = page.texts("td .task").await?;
    assert_eq!(tasks, ["main", "fetch", "fetch", "fetch", "fetch", "sleep"]);
    Ok(())
}
