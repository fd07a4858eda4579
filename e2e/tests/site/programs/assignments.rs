//! The parts of the guide that the reader writes: the starter fails with the first hint, our solution passes, and each usual
//! mistake gets its own sentence. `tests/python/test_assignments.py` does the same under CPython.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::Value;

use super::archive::zip;
use super::editor::{choose, copied, type_at_end, wait_for, wait_until_saved};
use super::recorder::python;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![starters_fail_with_a_hint_and_solutions_pass_and_mistakes_are_explained].chain(in_chromium![
        the_work_is_there_again_and_the_progress_too,
        the_console_runs_what_the_guide_types,
        the_quick_validation_of_the_guide_works_with_all_solutions,
        each_bad_input_has_its_own_message,
        a_teacher_can_make_an_assignment_and_share_it_without_help,
        the_work_can_be_downloaded_run_elsewhere_and_opened_again,
        a_part_can_be_read_or_written
    ])
}

/// An assignment in the repository.
struct Assignment {
    folder: PathBuf,
    description: Value,
}

impl Assignment {
    fn all() -> Result<Vec<Self>, TestError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/assignments");
        let mut folders: Vec<_> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.retain(|path| path.is_dir());
        folders.sort();
        let read = |folder: PathBuf| {
            let description = serde_json::from_str(&fs::read_to_string(folder.join("assignment.json"))?)?;
            Ok(Self { folder, description })
        };
        folders.into_iter().map(read).collect()
    }

    /// Part 1 of the guide.
    fn first() -> Result<Self, TestError> {
        Ok(Self::all()?.into_iter().find(|it| it.description["part"] == 1).expect("part 1"))
    }

    fn link(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("program?program=site.write_{name}")
    }

    fn writes(&self) -> Vec<String> {
        let paths = self.description["writes"].as_array().into_iter().flatten();
        paths.filter_map(|path| path.as_str().map(str::to_owned)).collect()
    }

    fn text(&self, folder: &str, path: &str) -> Result<String, TestError> {
        Ok(fs::read_to_string(self.folder.join(folder).join(path))?)
    }
}

/// Opens an assignment, and waits until it and its first file are shown.
async fn open(engine: Engine, assignment: &Assignment) -> Result<Fixture, TestError> {
    let fixture = Fixture::open_in(engine, &assignment.link()).await?;
    wait_until_shown(&fixture.page, assignment).await?;
    Ok(fixture)
}

async fn wait_until_shown(page: &Page, assignment: &Assignment) -> TestResult {
    let title = assignment.description["title"].as_str().unwrap_or_default();
    eventually("the assignment", async || {
        let titles = page.texts(".assignment h2").await?;
        Ok(if titles.iter().any(|it| it.ends_with(title)) { Ok(()) } else { Err(format!("{titles:?}")) })
    })
    .await?;
    eventually("its first file", async || {
        let shown = page.texts(".file-tabs [aria-selected=true]").await?;
        Ok(if shown == assignment.writes()[..1] { Ok(()) } else { Err(format!("{shown:?}")) })
    })
    .await?;
    Ok(())
}

/// Replaces a file, as a reader who pastes a text.
async fn write(page: &Page, path: &str, text: &str) -> TestResult {
    page.press(path).await?;
    eventually("the tab of the file", async || {
        let shown = page.texts(".file-tabs [aria-selected=true]").await?;
        Ok(if shown == [path] { Ok(()) } else { Err(format!("{shown:?}")) })
    })
    .await?;
    page.write_program(text).await?;
    Ok(())
}

/// Runs the tests. Returns the verdict, and each test of the tab with its message.
async fn run_tests(page: &Page) -> Result<(String, Vec<String>), PageError> {
    page.wait_for_button("Run tests").await?;
    page.evaluate::<()>("document.querySelector('.assignment .verdict')?.setAttribute('data-old', '')", Vec::new())
        .await?;
    page.press("Run tests").await?;
    let verdict = eventually("the verdict", async || {
        let status = page.status().await?;
        if status.starts_with("Failed") {
            return Ok(Ok(format!("{status} {:?} {:?}", page.texts(".failure").await?, page.log().await?)));
        }
        let verdicts = page.texts(".assignment .verdict:not([data-old])").await?;
        let is_over = status.starts_with("Finished") && !verdicts.is_empty();
        Ok(if is_over { Ok(verdicts[0].clone()) } else { Err(status) })
    })
    .await?;
    // The tab may not be open, so its texts are hidden.
    let all = "return [...document.querySelectorAll('.results [data-test]')].map((it) => it.textContent)";
    Ok((verdict, page.evaluate(all, Vec::new()).await?))
}

async fn starters_fail_with_a_hint_and_solutions_pass_and_mistakes_are_explained(engine: Engine) -> TestResult {
    for assignment in Assignment::all()? {
        let link = assignment.link();
        let fixture = open(engine, &assignment).await?;
        let page = &fixture.page;
        let (verdict, tests) = run_tests(page).await?;
        assert!(verdict.contains("failed"), "{link}: {verdict}");
        let hint = assignment.description["hints"][0].as_str().unwrap_or_default().replace('`', "");
        assert!(tests.iter().any(|test| test.contains(&hint)), "{link}: {tests:?}");
        for path in assignment.writes() {
            write(page, &path, &assignment.text("solution", &path)?).await?;
        }
        let (verdict, tests) = run_tests(page).await?;
        assert!(verdict.starts_with("All ") && verdict.ends_with(" tests passed."), "{link}: {verdict} {tests:?}");
        // What they say does not depend on the engine.
        if engine == Engine::Chromium {
            make_mistakes(page, &assignment).await?;
        }
    }
    Ok(())
}

/// Pastes the files of each usual mistake, and runs the tests.
async fn make_mistakes(page: &Page, assignment: &Assignment) -> TestResult {
    let link = assignment.link();
    let mistakes = assignment.description["wrong"].as_object().cloned().unwrap_or_default();
    assert!(mistakes.len() >= 4, "{link}");
    for (mistake, expected) in mistakes {
        for path in assignment.writes() {
            let wrong = assignment.text(&format!("wrong/{mistake}"), &path);
            write(page, &path, &wrong.or_else(|_| assignment.text("solution", &path))?).await?;
        }
        let (_, tests) = run_tests(page).await?;
        let [test, says] = ["fails", "says"].map(|key| expected[key].as_str().unwrap_or_default().replace('`', ""));
        let is_found = tests.iter().any(|it| it.starts_with('✕') && it.contains(&test) && it.contains(&says));
        assert!(is_found, "{link}, {mistake}: {tests:#?}");
    }
    Ok(())
}

async fn the_work_is_there_again_and_the_progress_too() -> TestResult {
    let assignment = &Assignment::first()?;
    let fixture = open(Engine::Chromium, assignment).await?;
    let page = &fixture.page;
    page.press("Hint 1 of 5").await?;
    page.wait_for_button("Hint 2 of 5").await?;
    assert!(page.texts("details.solution").await?.is_empty());
    page.press("Show a solution").await?;
    page.evaluate::<()>("document.querySelector('details.solution').open = true", Vec::new()).await?;
    type_at_end(page, "# mine").await?;
    wait_until_saved(page).await?;
    // The same link leads to the reader's work and not to the starter.
    page.open("async-basics").await?;
    page.wait_for_button("Run").await?;
    page.open(&assignment.link()).await?;
    wait_until_shown(page, assignment).await?;
    type_command(page, "cat scripts/async_basics.py").await?;
    wait_for(page, ".console-output", "# mine").await?;
    assert_eq!(page.texts(".hints li").await?.len(), 1);
    assert_eq!(page.texts("details.solution summary").await?, ["A solution: scripts/async_basics.py"]);
    Ok(())
}

async fn the_console_runs_what_the_guide_types() -> TestResult {
    let assignment = &Assignment::first()?;
    let fixture = open(Engine::Chromium, assignment).await?;
    let page = &fixture.page;
    let path = &assignment.writes()[0];
    write(page, path, &assignment.text("solution", path)?).await?;
    for (command, expected) in [
        ("pip install aiofiles aiohttp pytest-asyncio", "aiofiles 25.1.0 is already there"),
        ("ls", "conftest.py\npytest.ini\nscripts/\ntests/"),
        ("cat conftest.py", "sys.path.insert"),
        ("python scripts/async_basics.py", "concurrent_execution"),
        ("pytest tests/ -k overlaps", "10 deselected"),
        ("pytest tests/ -v", "11 passed"),
        ("pytest tests/ --cov=scripts --cov-report=term-missing", "scripts/async_basics.py"),
        ("rm -r scripts", "`rm` is not a command of this console"),
        ("python missing.py", "there is no file `missing.py`"),
        ("pytest missing/", "pytest does not understand these arguments"),
    ] {
        type_command(page, command).await?;
        eventually(command, async || {
            let texts = [page.texts(".console-output").await?, page.texts(".failure").await?].concat().join("\n");
            Ok(if texts.contains(expected) { Ok(()) } else { Err(texts) })
        })
        .await?;
        page.wait_for_button("Run").await?;
        let is_written = page.texts(".assignment .done").await? == ["✓ written"];
        assert!(is_written || !command.starts_with("pytest tests/ -v"), "all tests have passed");
        assert!(!is_written || !command.contains("-k"), "only one of the tests has run");
    }
    // Run runs the main file again.
    page.press("Run").await?;
    eventually("a run without a command", async || {
        let is_over = page.status().await?.starts_with("Finished") && page.texts(".console-output").await?.is_empty();
        Ok(if is_over { Ok(()) } else { Err(page.status().await?) })
    })
    .await?;
    // The progress is on the first page and in the guide.
    page.open("").await?;
    wait_for(page, ".catalogue", "1 of 9 written").await?;
    page.open("guide").await?;
    wait_for(page, ".guide", "✓ in your program").await?;
    Ok(())
}

async fn the_work_can_be_downloaded_run_elsewhere_and_opened_again() -> TestResult {
    let assignment = &Assignment::first()?;
    let fixture = open(Engine::Chromium, assignment).await?;
    let page = &fixture.page;
    let path = &assignment.writes()[0];
    write(page, path, &assignment.text("solution", path)?).await?;
    page.press("Hint 1 of 5").await?;
    page.catch_downloads().await?;
    page.evaluate::<()>("document.querySelector('.hand-in').open = true", Vec::new()).await?;
    page.evaluate::<()>(
        "const field = document.querySelector('.hand-in input'); field.value = 'student 42';
         field.dispatchEvent(new Event('input', { bubbles: true }));",
        Vec::new(),
    )
    .await?;
    page.press("Download all").await?;
    assert_eq!(page.wait_for_downloads(1).await?.0, "async-basics.zip");
    let bytes: Vec<u8> = page
        .evaluate_async(
            "const done = arguments[0]; window.files[0].arrayBuffer().then((it) => done([...new Uint8Array(it)]))",
            Vec::new(),
        )
        .await?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("work.zip"), &bytes)?;
    run_python(folder.path(), &["-m", "zipfile", "-e", "work.zip", "."])?;
    let readme = fs::read_to_string(folder.path().join("README.md"))?;
    assert!(readme.starts_with("# Part 1: Async basics\n\nStudent: student 42\n"), "{readme}");
    assert!(readme.contains("Hints: 1 of 5. Solution: not seen."), "{readme}");
    let printed = run_python(folder.path(), &["-m", "pytest", "tests/", "-q", "-p", "no:cacheprovider"])?;
    assert!(printed.contains("11 passed"), "{printed}");
    let printed = run_python(folder.path(), &["scripts/async_basics.py"])?;
    assert!(printed.contains("concurrent_execution"), "{printed}");

    page.open("program").await?;
    page.wait_for_button("Run").await?;
    choose(page, &[("work.zip", &bytes)]).await?;
    wait_until_shown(page, assignment).await?;
    let tabs = page.texts(".file-tabs [role=tab]").await?;
    assert_eq!(tabs, ["scripts/async_basics.py", "conftest.py", "pytest.ini", "tests/test_async_basics.py"]);
    Ok(())
}

/// Runs CPython in a folder. Returns what it has printed.
fn run_python(folder: &Path, arguments: &[&str]) -> Result<String, TestError> {
    let ran = Command::new(python()).args(arguments).current_dir(folder).output()?;
    let printed = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(ran.status.success(), "{arguments:?}: {printed}");
    Ok(printed)
}

/// The files of a folder of an assignment, by path.
fn files_in(folder: &Path, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, TestError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("py") => files.push((name, fs::read(&path)?)),
            None if !name.ends_with("__pycache__") => files.extend(files_in(&path, &format!("{name}/"))?),
            _ => {}
        }
    }
    Ok(files)
}

async fn the_quick_validation_of_the_guide_works_with_all_solutions() -> TestResult {
    let mut files = Vec::new();
    for assignment in Assignment::all()? {
        // The last part has the same scripts as others.
        files.extend(files_in(&assignment.folder.join("solution"), "")?);
    }
    files.push(("conftest.py".to_owned(), fs::read(Assignment::first()?.folder.join("../conftest.py"))?));
    files.sort();
    files.dedup_by(|one, other| one.0 == other.0);
    let fixture = super::editor::open(Engine::Chromium).await?;
    let page = &fixture.page;
    // As a zip, because the name of a chosen file has no folder.
    let entries: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text, text.len() as u32)).collect();
    choose(page, &[("work.zip", &zip(&entries))]).await?;
    wait_for(page, ".program-messages", "Opened").await?;
    for (command, expected) in [
        ("pip install aiofiles aiohttp pytest-asyncio", "aiohttp"),
        ("python scripts/async_basics.py", "concurrent_execution"),
        ("python scripts/async_multiple.py", "3 models"),
        ("python scripts/async_file_io.py", "5 of 6 read"),
        ("python scripts/async_api_calls.py", "8 batches"),
        ("python scripts/async_ml_pipeline.py", "samples per second"),
        ("python scripts/async_error_handling.py", "result 7 in attempt 3"),
        ("python scripts/concurrency_comparison.py", "multiprocessing"),
        ("python scripts/validate_async.py", "✓ speed_up"),
        ("pytest tests/ -v", " passed"),
        ("pytest tests/ --cov=scripts --cov-report=term-missing", "TOTAL"),
    ] {
        run_command(page, command, expected).await?;
    }
    Ok(())
}

/// Types a command, and waits until it has printed this and has ended well.
async fn run_command(page: &Page, command: &str, expected: &str) -> TestResult {
    type_command(page, command).await?;
    eventually(command, async || {
        let status = page.status().await?;
        let printed = page.texts(".console-output").await?.join("\n");
        let is_answered = command.starts_with("pip") || (status.starts_with("Finished") && printed.contains(command));
        assert!(!status.starts_with("Failed"), "{command}: {status} {printed}");
        Ok(if is_answered && printed.contains(expected) { Ok(()) } else { Err(format!("{status} {printed}")) })
    })
    .await?;
    Ok(())
}

/// Tests that misbehave, and what the page says.
const BAD_TESTS: [(&str, &str); 4] = [
    (
        "import asyncio\n\n\nasync def wait():\n    while True:\n        await asyncio.sleep(1)\n\n\ndef test_a():\n    asyncio.run(wait())\n",
        "has not ended after 24 hours",
    ),
    ("def test_a():\n    for n in range(1_000_000):\n        print(n)\n    assert n == 0\n", "The test failed."),
    (
        "import os, shutil\n\n\ndef test_a():\n    os.remove(__file__)\n    shutil.rmtree('scripts')\n",
        "The test passed.",
    ),
    ("def test_a(:\n", "SyntaxError"),
];

async fn each_bad_input_has_its_own_message() -> TestResult {
    let assignment = &Assignment::first()?;
    let fixture = open(Engine::Chromium, assignment).await?;
    let page = &fixture.page;
    let says = async |expected: &str| {
        eventually(expected, async || {
            let is_over = !page.status().await?.starts_with("Running");
            let texts =
                [page.status().await?, page.texts(".failure, .assignment, .console-output").await?.join("\n")].concat();
            Ok(if is_over && texts.contains(expected) { Ok(()) } else { Err(texts) })
        })
        .await
    };
    // An empty file.
    write(page, &assignment.writes()[0], "").await?;
    page.press("Run tests").await?;
    says("download_model").await?;
    // Names that lead out of the folder.
    for (command, expected) in
        [("python ../x.py", "there is no file `../x.py`"), ("cat /etc/passwd", "there is no file `/etc/passwd`")]
    {
        type_command(page, command).await?;
        says(expected).await?;
    }
    for (text, expected) in BAD_TESTS {
        write(page, "tests/test_async_basics.py", text).await?;
        page.wait_for_button("Run tests").await?;
        page.press("Run tests").await?;
        says(expected).await?;
    }
    // What a test removes is only removed where it runs.
    type_command(page, "ls scripts").await?;
    says("async_basics.py").await.map_err(Into::into)
}

/// An assignment of a teacher.
const OWN: [(&str, &[u8]); 3] = [
    ("scripts/double.py", b"async def double(number):\n    raise NotImplementedError('Return a number.')\n"),
    (
        "tests/test_double.py",
        b"import asyncio\nfrom scripts import double\n\n\ndef test_double():\n    assert asyncio.run(double.double(2)) == 4\n",
    ),
    (
        "assignment.json",
        br#"{"title": "Doubles <b>", "statement": ["Write `double`."], "hints": ["Add it to itself."],
            "solution": {"scripts/double.py": "async def double(number):\n    return 2 * number\n"}}"#,
    ),
];

async fn a_teacher_can_make_an_assignment_and_share_it_without_help() -> TestResult {
    let fixture = super::editor::open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.press("Make it an assignment").await?;
    wait_for(page, ".assignment h2", "My assignment").await?;
    assert_eq!(page.texts(".file-tabs [aria-selected=true]").await?, ["assignment.json"]);
    page.write_program("{").await?;
    wait_for(page, ".assignment", "`assignment.json` is not a description of an assignment").await?;

    choose(page, &[("work.zip", &zip(&OWN.map(|(name, text)| (name, text, text.len() as u32))))]).await?;
    wait_for(page, ".assignment h2", "Doubles <b>").await?;
    let (verdict, tests) = run_tests(page).await?;
    assert!(verdict == "The test failed." && tests[0].contains("Return a number."), "{verdict} {tests:?}");
    write(page, "scripts/double.py", "async def double(number):\n    return 2 * number\n").await?;
    assert_eq!(run_tests(page).await?.0, "The test passed.");

    write(page, "scripts/double.py", std::str::from_utf8(OWN[0].1)?).await?;
    page.press("Copy link without help").await?;
    let link = copied(page).await?;
    page.open("async-basics").await?;
    page.wait_for_button("Run").await?;
    page.open(link.split_once("#/").map_or("", |(_, link)| link)).await?;
    wait_for(page, ".assignment h2", "Doubles <b>").await?;
    wait_for(page, ".assignment .statement", "Write double.").await?;
    assert!(
        !page.texts(".assignment button").await?.iter().any(|name| name.contains("int") || name.contains("olution"))
    );
    Ok(())
}

/// Types a command into the console, and presses Enter.
async fn type_command(page: &Page, command: &str) -> Result<(), PageError> {
    let script = "const field = document.querySelector('.console input');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));";
    page.evaluate(script, vec![command.into()]).await
}

async fn a_part_can_be_read_or_written() -> TestResult {
    let fixture = Fixture::open("async-multiple").await?;
    let page = &fixture.page;
    let link = page.attributes(".read-or-write a[href]", "href").await?;
    assert_eq!(link, ["#/program?program=site.write_async_multiple"]);
    page.open(link[0].trim_start_matches("#/")).await?;
    eventually("the assignment", async || {
        let titles = page.texts(".assignment h2").await?;
        Ok(if titles == ["Part 2: Multiple concurrent tasks"] { Ok(()) } else { Err(format!("{titles:?}")) })
    })
    .await?;
    assert_eq!(page.attributes(".assignment .read-or-write a[href]", "href").await?, ["#/async-multiple"]);
    Ok(())
}
