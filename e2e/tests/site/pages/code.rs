//! The code pane: its tabs, and what a run adds to its lines.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::server::Replacement;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use fantoccini::key::Key;

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_tabs_work_with_the_keyboard_and_the_chosen_one_is_remembered,
        arrow_keys_move_from_note_to_note,
        a_run_of_another_version_of_the_code_marks_no_line,
        other_files_of_the_exercise_are_shown_if_tasks_wait_there,
        the_first_function_is_in_view_at_the_start
    ]
    .chain(in_each_engine![a_chosen_task_marks_its_line_and_its_function_in_python])
}

/// Waits until both sources are in the pane.
async fn wait_for_sources(page: &Page) -> Result<(), PageError> {
    eventually("both sources", async || {
        let lines: Vec<usize> = page
            .evaluate(
                "return [...document.querySelectorAll('section.sources pre')].map(pre => pre.querySelectorAll('.line').length)",
                Vec::new(),
            )
            .await?;
        Ok(if lines.len() == 2 && lines.iter().all(|lines| *lines > 50) { Ok(()) } else { Err(format!("{lines:?}")) })
    })
    .await
}

/// The texts of the marked lines that are in view in the pane, without their notes.
const MARKED_IN_VIEW: &str = "return [...document.querySelectorAll('section.sources .marked')].filter(line => {
        const [inner, outer] = [line, line.closest('pre')].map(it => it.getBoundingClientRect());
        return inner.height > 0 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
    }).map(line => line.querySelector('.text').textContent.trim())";

async fn wait_for_marked(page: &Page, expected: &[&str]) -> Result<(), PageError> {
    eventually("the marked lines", async || {
        let marked: Vec<String> = page.evaluate(MARKED_IN_VIEW, Vec::new()).await?;
        Ok(if marked == expected { Ok(()) } else { Err(format!("{marked:?}")) })
    })
    .await
}

async fn the_tabs_work_with_the_keyboard_and_the_chosen_one_is_remembered() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    let selected = async || page.texts("section.sources [role=tab][aria-selected=true]").await;
    let labels = async || {
        let script = "return [...document.querySelectorAll('section.sources pre')]
            .filter(pre => pre.checkVisibility()).map(pre => pre.ariaLabel)";
        page.evaluate::<Vec<String>>(script, Vec::new()).await
    };
    assert_eq!((selected().await?, labels().await?), (vec!["Rust".to_owned()], vec!["Rust source".to_owned()]));
    page.tab_to("Rust").await?;
    page.key(Key::Right).await?;
    assert_eq!(page.focused().await?, "Python");
    assert_eq!((selected().await?, labels().await?), (vec!["Python".to_owned()], vec!["Python source".to_owned()]));
    page.key(Key::Home).await?;
    assert_eq!(page.focused().await?, "Rust");
    page.key(Key::Left).await?;
    assert_eq!((page.focused().await?, selected().await?), ("Python".to_owned(), vec!["Python".to_owned()]));
    // The tabs are one stop of the Tab key, and what they show is the next.
    page.key(Key::Tab).await?;
    assert_eq!(page.focused().await?, "pre");

    page.follow("async-multiple?seed=7").await?;
    eventually("the next exercise in Python", async || {
        let text = page.texts("section.sources .source-head").await?.join(" ");
        let is_python = text.contains("static/python/async_multiple.py");
        Ok(if is_python && selected().await? == ["Python"] { Ok(()) } else { Err(text) })
    })
    .await?;
    page.reload().await?;
    page.wait_for_button("Run").await?;
    assert_eq!((selected().await?, labels().await?), (vec!["Python".to_owned()], vec!["Python source".to_owned()]));
    Ok(())
}

async fn the_first_function_is_in_view_at_the_start() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    wait_for_sources(page).await?;
    let first = "const pre = [...document.querySelectorAll('section.sources pre')].find(pre => pre.checkVisibility());
        const line = [...pre.querySelectorAll('.line')].find(line => line.offsetTop >= pre.scrollTop);
        return [line.textContent, scrollY]";
    for (language, expected) in [("Rust", "/// Fetches the weights"), ("Python", "async def download_model")] {
        page.press(language).await?;
        eventually(language, async || {
            let (line, page_top): (String, f64) = page.evaluate(first, Vec::new()).await?;
            // Pressing the tab may scroll the page, but only the pane scrolls to the function.
            Ok(if line.starts_with(expected) { Ok(()) } else { Err(format!("{line} at {page_top}")) })
        })
        .await?;
    }
    Ok(())
}

async fn a_chosen_task_marks_its_line_and_its_function_in_python(engine: Engine) -> TestResult {
    // Most of the time, the steps in sequence wait for the first one.
    let link = "async-basics?download=900&load=20&preprocess=20&blocking=off&seed=7";
    let fixture = Fixture::open_in(engine, link).await?;
    let page = &fixture.page;
    wait_for_sources(page).await?;
    page.run_to_the_end().await?;
    page.evaluate::<()>("document.querySelector('canvas').focus()", Vec::new()).await?;
    page.key(Key::Down).await?;
    let longest = r#"let model = run.try_task("download_model", download_model(run, site, delays.download)).await?;"#;
    wait_for_marked(page, &[longest]).await?;
    page.key(Key::Down).await?;
    wait_for_marked(page, &["run.sleep(delay).await;"]).await?;
    page.press("Python").await?;
    wait_for_marked(page, &["async def download_model(name, delay):"]).await?;
    page.evaluate::<()>("document.querySelector('canvas').focus()", Vec::new()).await?;
    page.key(Key::Escape).await?;
    wait_for_marked(page, &[]).await?;
    Ok(())
}

/// The number and the note of each line that has one.
const NOTES: &str = "return [...document.querySelectorAll('section.sources .note')]
    .map(note => [Number(note.closest('.line').dataset.line), note.textContent])";

async fn arrow_keys_move_from_note_to_note() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    wait_for_sources(page).await?;
    page.run_to_the_end().await?;
    let notes: Vec<(u32, String)> = page.evaluate(NOTES, Vec::new()).await?;
    assert!(notes.len() >= 6 && notes.is_sorted_by_key(|(line, _)| *line), "{notes:?}");
    // Each step runs in sequence and concurrently.
    let is_complete = |line: u32, text: &str| {
        text.starts_with("2 tasks waited here, ") && text.ends_with(&format!(" ms in total, line {line}"))
    };
    assert!(notes[..3].iter().all(|(line, text)| is_complete(*line, text)), "{notes:?}");

    let focused = "const note = document.activeElement;
        return [Number(note.closest('.line')?.dataset.line ?? 0), note.textContent]";
    let focused = async || page.evaluate::<(u32, String)>(focused, Vec::new()).await;
    page.tab_to("pre").await?;
    page.key(Key::Tab).await?;
    assert_eq!(focused().await?, notes[0]);
    page.key(Key::Down).await?;
    assert_eq!(focused().await?, notes[1]);
    page.key(Key::End).await?;
    assert_eq!(focused().await?, notes[notes.len() - 1]);
    page.key(Key::Up).await?;
    assert_eq!(focused().await?, notes[notes.len() - 2]);
    // The notes are one stop of the Tab key, which remembers the last one.
    page.key(Key::Tab).await?;
    page.shift_tab().await?;
    assert_eq!(focused().await?, notes[notes.len() - 2]);
    Ok(())
}

const OTHER_VERSION: &str = "This run was made by another version of this code.";

async fn a_run_of_another_version_of_the_code_marks_no_line() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    let path = "sources/src/exercises/async_basics.rs";
    let other = "0123456789abcdef\nasync fn download_model() {\n    run.sleep(delay).await;\n}\n".repeat(20);
    fixture.server.replace(path, Replacement::Bytes { content_type: "text/plain", body: other.into_bytes() });
    page.reload().await?;
    wait_for_sources(page).await?;
    page.run_to_the_end().await?;
    page.evaluate::<()>("document.querySelector('canvas').focus()", Vec::new()).await?;
    page.key(Key::Down).await?;
    eventually("the reason", async || {
        let text = page.texts("section.sources").await?.concat();
        Ok(if text.contains(OTHER_VERSION) { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(page.texts("section.sources .note, section.sources .marked").await?, [""; 0]);

    fixture.server.restore(path);
    page.reload().await?;
    wait_for_sources(page).await?;
    page.run_to_the_end().await?;
    assert!(!page.texts("section.sources .note").await?.is_empty());
    assert!(!page.texts("section.sources").await?.concat().contains(OTHER_VERSION));
    Ok(())
}

async fn other_files_of_the_exercise_are_shown_if_tasks_wait_there() -> TestResult {
    let fixture = Fixture::open("validate-async?seed=7").await?;
    let page = &fixture.page;
    wait_for_sources(page).await?;
    assert_eq!(page.attributes("section.sources pre > code", "data-path").await?.len(), 2);
    page.run_to_the_end().await?;
    eventually("notes in the other files", async || {
        let script = "return [...document.querySelectorAll('section.sources pre > code')]
            .filter(file => file.querySelector('.note')).map(file => file.dataset.path)";
        let files: Vec<String> = page.evaluate(script, Vec::new()).await?;
        let expected = ["validate_async.rs", "validate_async/finding.rs", "validate_async/runtime_promises.rs"];
        let is_there = |end: &&str| files.iter().any(|file| file == &format!("src/exercises/{end}"));
        Ok(if expected.iter().all(is_there) { Ok(()) } else { Err(format!("{files:?}")) })
    })
    .await?;
    Ok(())
}
