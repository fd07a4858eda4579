//! Runs of the reader's own program, and what the page shows of them.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{run, wait_for, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    // A program has half a second to clean up.
    let timed = in_each_engine![stop_lets_a_program_clean_up].map(Test::alone);
    in_each_engine![
        a_program_is_run_and_recorded_with_its_lines,
        an_endless_loop_can_be_stopped_and_the_next_run_works,
        hours_take_no_time_on_the_virtual_clock
    ]
    .chain(in_chromium![
        a_second_run_that_differs_is_not_an_ideal,
        an_error_is_named_with_its_line_and_the_next_run_works,
        missing_imports_are_listed_before_the_program_runs,
        local_variables_are_shown_at_the_cursor,
        the_python_of_an_exercise_can_be_edited_and_run,
        a_progress_bar_moves_in_the_log,
        a_link_starts_no_program
    ])
    .chain(timed)
}

/// The page of a program with this text.
async fn open(engine: Engine, text: &str, query: &str) -> Result<Fixture, TestError> {
    let fixture = Fixture::open_in(engine, &link(text, query)).await?;
    fixture.page.wait_for_button("Run").await?;
    Ok(fixture)
}

fn link(text: &str, query: &str) -> String {
    let code: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("program?{query}code={code}")
}

/// The texts of elements of the editor, which is in a shadow root. Empty ones are left out.
async fn in_editor(page: &Page, selector: &str) -> Result<Vec<String>, PageError> {
    page.evaluate(
        "const root = document.querySelector('.editor').shadowRoot;
         return [...root.querySelectorAll(arguments[0])].map((it) => it.textContent).filter(Boolean);",
        vec![selector.into()],
    )
    .await
}

async fn a_program_is_run_and_recorded_with_its_lines(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "program").await?;
    let page = &fixture.page;
    page.wait_for_button("Run").await?;
    run(page, "Finished").await?;
    let bar = page.bar("main").await?;
    // Waits of 0.1 to 0.4 s in four lanes; the ideal has the same.
    let (measured_ms, ideal_ms) = (bar.measured_ms.unwrap_or(0.0), bar.ideal_ms.unwrap_or(0.0));
    assert!(ideal_ms > 1_000.0 && measured_ms >= ideal_ms - 2.0, "{measured_ms} ms, ideal {ideal_ms} ms");
    assert_eq!(page.metric("tasks").await?, "15");
    page.wait_for_output("mean 11.2857").await?;
    let notes = in_editor(page, ".notes .cm-gutterElement").await?;
    assert!(notes.iter().any(|note| note.starts_with("14 tasks, ")), "{notes:?}");
    assert_eq!(fixture.browser.console_problems().await.unwrap_or_default(), []);
    Ok(())
}

async fn a_second_run_that_differs_is_not_an_ideal() -> TestResult {
    // On the virtual clock, computing takes no time.
    let text = "import asyncio, time\n\n\nasync def main():\n    start = time.perf_counter()\n    sum(range(1_000_000))\n    if time.perf_counter() > start:\n        await asyncio.create_task(asyncio.sleep(0.01), name='extra')\n\n\nasyncio.run(main())\n";
    let fixture = open(Engine::Chromium, text, "").await?;
    let page = &fixture.page;
    run(page, "Finished").await?;
    let notes = page.notes().await?;
    assert!(
        notes.contains("No ideal is shown: in a second run, on the virtual clock, the program did something else"),
        "{notes}"
    );
    assert_eq!(page.bar("main").await?.ideal_ms, None);
    Ok(())
}

async fn an_error_is_named_with_its_line_and_the_next_run_works() -> TestResult {
    let text = "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(0.01)\n    raise ValueError('no batch')\n\n\nasyncio.run(main())\n";
    let fixture = open(Engine::Chromium, text, "").await?;
    let page = &fixture.page;
    for _ in 0..2 {
        run(page, "Failed").await?;
        let failure = page.texts(".failure p").await?.join(" ");
        assert!(failure.contains("line 6 of main.py: ValueError: no batch"), "{failure}");
        page.wait_for_output("Traceback").await?;
        assert_eq!(in_editor(page, ".marked-error").await?, ["    raise ValueError('no batch')"]);
    }
    Ok(())
}

async fn missing_imports_are_listed_before_the_program_runs() -> TestResult {
    let fixture = open(Engine::Chromium, "import math\nimport numpy as np\n", "").await?;
    let page = &fixture.page;
    wait_for_text(page, "import math").await?;
    let focus = "document.querySelector('.editor').shadowRoot.querySelector('.cm-content').focus()";
    page.evaluate::<()>(focus, Vec::new()).await?;
    let listed = eventually("the list", async || {
        let listed = page.texts(".missing-imports li").await?;
        Ok(if listed.is_empty() { Err(format!("{listed:?}")) } else { Ok(listed) })
    });
    let listed = listed.await?;
    assert!(listed.len() == 1 && listed[0].starts_with("Line 2 of main.py: `numpy` is not available"), "{listed:?}");
    assert!(page.status().await?.starts_with("Ready"), "nothing has run");
    Ok(())
}

async fn local_variables_are_shown_at_the_cursor() -> TestResult {
    let text = "import asyncio\n\n\nasync def work(size):\n    batch = list(range(size))\n    await asyncio.sleep(size)\n    return len(batch)\n\n\nasync def main():\n    await asyncio.gather(work(2), work(4))\n\n\nasyncio.run(main())\n";
    let fixture = open(Engine::Chromium, text, "clock=virtual&").await?;
    let page = &fixture.page;
    run(page, "Finished").await?;
    page.press("At the cursor").await?;
    // The slider has a thousand steps, so this is at 3 of 4 seconds.
    page.evaluate::<()>(
        "const slider = document.querySelector('.scrubber input');
         slider.value = slider.max * 0.75;
         slider.dispatchEvent(new Event('input', { bubbles: true }));",
        Vec::new(),
    )
    .await?;
    let variables = eventually("the variables", async || {
        let texts = page.texts(".local-variables table").await?;
        Ok(if texts.is_empty() { Err(format!("{:?}", page.texts(".local-variables").await?)) } else { Ok(texts) })
    });
    let variables = variables.await?;
    assert_eq!(variables.len(), 1, "only one task waits, and `main` has no variables: {variables:?}");
    assert!(variables[0].contains("line 6") && variables[0].contains("[0, 1, 2, 3]"), "{variables:?}");
    Ok(())
}

async fn a_progress_bar_moves_in_the_log() -> TestResult {
    let text = "import sys, time\n\nfor share in (30, 100):\n    sys.stderr.write(f'\\r{share} % of the files')\n    \
        time.sleep(1)\n";
    let fixture = open(Engine::Chromium, text, "").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    wait_for(page, ".log", "30 % of the files").await?;
    page.wait_for_program().await?;
    wait_for(page, ".log", "100 % of the files").await?;
    assert_eq!(page.log().await?.len(), 1, "only its last state stays");
    Ok(())
}

async fn an_endless_loop_can_be_stopped_and_the_next_run_works(engine: Engine) -> TestResult {
    // What was recorded is sent before the program sleeps.
    let text = "import time\n\nprint('before')\ntime.sleep(0.1)\nwhile True: pass\n";
    // WebKit does not end a worker in a loop of wasm: it computes until the browser is closed, and would make all later
    // tests in this browser slower.
    let fixture = if engine == Engine::Webkit {
        Fixture::open_in_new_browser(engine, &link(text, "")).await?
    } else {
        open(engine, text, "").await?
    };
    let page = &fixture.page;
    for _ in 0..2 {
        page.press("Run").await?;
        page.wait_for_output("before").await?;
        page.press("Stop").await?;
        page.wait_for_status("Stopped").await?;
    }
    Ok(())
}

async fn stop_lets_a_program_clean_up(engine: Engine) -> TestResult {
    let text = "import asyncio\n\n\nasync def main():\n    try:\n        print('before')\n        await asyncio.sleep(60)\n    finally:\n        print('cleaned up')\n\n\nasyncio.run(main())\n";
    let fixture = open(engine, text, "").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_output("before").await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    page.wait_for_output("cleaned up").await?;
    Ok(())
}

async fn hours_take_no_time_on_the_virtual_clock(engine: Engine) -> TestResult {
    let text = "import asyncio\n\nasyncio.run(asyncio.sleep(3 * 3600))\nprint('after')\n";
    let fixture = open(engine, text, "clock=virtual&").await?;
    let page = &fixture.page;
    run(page, "Finished").await?;
    page.wait_for_output("after").await?;
    assert_eq!(page.metric("wall").await?, "180 min 0 s");
    Ok(())
}

async fn a_link_starts_no_program() -> TestResult {
    let fixture = open(Engine::Chromium, "print('started')\n", "run=1&").await?;
    let page = &fixture.page;
    // The same link would start an exercise as soon as it is drawn.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(page.status().await?.starts_with("Ready"), "{}", page.status().await?);
    assert!(page.attributes("iframe", "src").await?.is_empty(), "no sandbox is opened");
    Ok(())
}

async fn the_python_of_an_exercise_can_be_edited_and_run() -> TestResult {
    let fixture = Fixture::open("async-error-handling").await?;
    let page = &fixture.page;
    page.press("Python").await?;
    page.follow("program?program=site.async_error_handling").await?;
    wait_for(page, ".program-messages", "This is the program of “6 Error handling”.").await?;
    run(page, "Finished").await?;
    // A script that cannot run here says why.
    page.open("async-file-io").await?;
    page.wait_for_button("Run").await?;
    page.press("Python").await?;
    let hints = page.texts(".sources > .hint").await?.join(" ");
    assert!(hints.contains("because it needs the library aiofiles"), "{hints}");
    Ok(())
}
