//! Readers' programs as files: opened, added, saved, and started from those of the guide.

use std::path::Path;

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::{Value, json};

use super::archive::zip;
use super::editor::{
    CHOOSE, GRADE, MAIN, choose, copied, open, run, set_arguments, wait_for, wait_for_text, wait_until_saved,
};

pub fn tests() -> impl Iterator<Item = Test> {
    // Compression and layout differ between engines. The behaviour built on them does not.
    in_each_engine![
        a_program_of_several_files_is_saved_as_a_zip_that_can_be_opened,
        a_program_of_the_guide_can_be_changed_compared_and_reset
    ]
    .chain(in_chromium![
        files_are_opened_together_and_run_with_arguments,
        a_zip_whose_files_leave_the_folder_is_refused,
        the_environment_reaches_the_program_and_nothing_else,
        a_run_file_contains_the_whole_program,
        a_dropped_file_is_opened,
        files_can_be_added_renamed_and_removed_by_keyboard,
        the_page_of_a_program_has_no_accessibility_problem_and_fits
    ])
}

async fn files_are_opened_together_and_run_with_arguments() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    choose(page, &[("grade.py", GRADE), ("score.py", MAIN)]).await?;
    wait_for_text(page, "from grade import grade").await?;
    // Data is added to the program that is there.
    choose(page, &[("data.csv", b"\xff1,2\n")]).await?;
    wait_for(page, ".program-messages", "1 data file was added").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["score.py", "grade.py", "data.csv"]);
    page.press("data.csv").await?;
    wait_for(page, ".bytes", "data.csv has 5 B").await?;
    set_arguments(page, "--n 3 'two words'").await?;
    run(page, "Finished").await?;
    page.wait_for_output("graded 5 ['--n', '3', 'two words']").await?;
    Ok(())
}

async fn a_program_of_several_files_is_saved_as_a_zip_that_can_be_opened(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    page.catch_downloads().await?;
    page.press("Save as file").await?;
    let (name, text) = page.wait_for_downloads(1).await?;
    assert!(name == "main.py" && text.starts_with("import asyncio"), "{name}: {text}");
    choose(page, &[("score.py", MAIN), ("grade.py", GRADE), ("data.csv", b"\xff1,2\n")]).await?;
    wait_for_text(page, "from grade import grade").await?;
    page.press("Save as file").await?;
    assert_eq!(page.wait_for_downloads(2).await?.0, "score.zip");
    let bytes: Vec<u8> = page
        .evaluate_async(
            "const done = arguments[0]; window.files[1].arrayBuffer().then((it) => done([...new Uint8Array(it)]))",
            Vec::new(),
        )
        .await?;
    choose(page, &[("again.zip", &bytes)]).await?;
    wait_for(page, ".program-messages", "Opened 3 files.").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["score.py", "grade.py", "data.csv"]);
    page.press("data.csv").await?;
    wait_for(page, ".bytes", "data.csv has 5 B").await?;
    Ok(())
}

async fn a_zip_whose_files_leave_the_folder_is_refused() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    for (zip, expected) in [
        (zip(&[("../evil.py", b"print()\n", 8)]), "`../evil.py` cannot be the name of a file"),
        (zip(&[("big.py", b"print()\n", 2_000_000_000)]), "are larger than 9"),
        (b"PK\x03\x04 and nothing else".to_vec(), "is not a zip file, or it is damaged"),
        (zip(&[("/etc/a.py", b"print()\n", 8)]), "it is not a path inside the program's folder"),
    ] {
        choose(page, &[("program.zip", &zip)]).await?;
        wait_for(page, ".program-messages", expected).await?;
    }
    wait_for_text(page, "asyncio.run(main())").await?;
    choose(page, &[("good.zip", &zip(&[("folder/good.py", b"print('good')\n", 14)]))]).await?;
    wait_for_text(page, "print('good')").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["good.py"]);
    Ok(())
}

/// Types into the field with the environment variables.
const TYPE_ENVIRONMENT: &str = "
    document.querySelector('.program-environment').open = true;
    const field = document.querySelector('.program-environment textarea');
    field.value = arguments[0];
    field.dispatchEvent(new Event('input', { bubbles: true }));";

const ENVIRONMENT: &str = "import os
key = os.environ.get('API_KEY', 'none')
print(os.environ.get('MODEL'), key, len(key))
raise SystemExit(f'ended with {key}')
";

async fn the_environment_reaches_the_program_and_nothing_else() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.write_program(ENVIRONMENT).await?;
    page.evaluate::<()>(TYPE_ENVIRONMENT, vec!["MODEL=tiny\nAPI_KEY".into()]).await?;
    wait_for(page, ".program-environment .refusal", "Not used yet: line 2 is not").await?;
    page.evaluate::<()>(TYPE_ENVIRONMENT, vec!["MODEL=tiny\nAPI_KEY=plain-words-7".into()]).await?;
    let run = page.run_program(ENVIRONMENT).await?;
    assert!(run.log.contains("tiny KEY-REMOVED 13"), "{run:?}");
    assert!(run.failure.contains("ended with KEY-REMOVED") || run.log.contains("ended with KEY-REMOVED"), "{run:?}");
    assert!(!format!("{run:?}").contains("plain-words-7"), "{run:?}");
    wait_until_saved(page).await?;
    page.press("Copy link").await?;
    let link = copied(page).await?;
    assert!(!link.contains("tiny"), "{link}");
    // What was typed for a program ends with it.
    choose(page, &[("other.py", ENVIRONMENT.as_bytes())]).await?;
    wait_until_saved(page).await?;
    let typed: String =
        page.evaluate("return document.querySelector('.program-environment textarea').value", Vec::new()).await?;
    assert_eq!(typed, "");
    let run = page.run_program(ENVIRONMENT).await?;
    assert!(run.log.contains("None none 4"), "{run:?}");
    Ok(())
}

async fn a_run_file_contains_the_whole_program() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    choose(page, &[("score.py", MAIN), ("grade.py", GRADE), ("data.csv", b"\xff1,2\n")]).await?;
    wait_until_saved(page).await?;
    run(page, "Finished").await?;
    page.catch_downloads().await?;
    page.press("Export").await?;
    page.wait_for_button_to_appear("JSON").await?;
    page.press("JSON").await?;
    let (_, json) = page.wait_for_downloads(1).await?;
    let run: Value = serde_json::from_str(&json)?;
    let files = &run["settings"]["code"]["files"];
    assert_eq!(files[1]["text"].as_str().map(str::as_bytes), Some(GRADE));
    assert_eq!(files[2], json!({ "name": "data.csv", "base64": "/zEsMgo=" }));
    // Another program, which stays.
    choose(page, &[("other.py", b"print('mine')\n")]).await?;
    wait_for_text(page, "print('mine')").await?;
    wait_until_saved(page).await?;
    let file = json!([["run.json", json.as_bytes()]]);
    page.evaluate::<()>(CHOOSE, vec!["open-file".into(), file]).await?;
    wait_for_text(page, "from grade import grade").await?;
    page.wait_for_status("Finished").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["score.py", "grade.py", "data.csv"]);
    assert_eq!(page.texts(".saved-state").await?, ["Not changed, not saved."]);
    page.open("program").await?;
    wait_for_text(page, "print('mine')").await?;
    Ok(())
}

async fn a_program_of_the_guide_can_be_changed_compared_and_reset(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    page.press("1 Async basics").await?;
    wait_for_text(page, "Part 1, async basics").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?.len(), 3);
    wait_until_saved(page).await?;
    assert!(page.is_enabled("What changed").await.is_err(), "nothing has changed");
    run(page, "Finished").await?;
    page.press("data/digits.csv").await?;
    wait_for_text(page, "label,").await?;
    page.press("python/async_basics.py").await?;
    wait_for_text(page, "Part 1, async basics").await?;
    page.evaluate::<()>(
        "document.querySelector('.program-text .editor').shadowRoot.querySelector('.cm-content').focus()",
        Vec::new(),
    )
    .await?;
    page.type_text("# mine ").await?;
    wait_until_saved(page).await?;
    // After a reload, the page still knows where the program comes from.
    page.reload().await?;
    wait_for_text(page, "# mine ").await?;
    page.wait_for_button_to_appear("What changed").await?;
    page.press("What changed").await?;
    let changed = wait_for(page, ".changed-lines", "# mine").await?;
    assert!(changed.contains("python/async_basics.py"), "{changed}");
    page.press("Reset").await?;
    wait_for(page, ".program-messages", "The program was reset to the original.").await?;
    page.press("Put back").await?;
    wait_for_text(page, "# mine ").await?;
    Ok(())
}

async fn a_dropped_file_is_opened() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dropped-program");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("dropped.py");
    std::fs::write(&file, "print('dropped')\n")?;
    fixture.browser.drop_files(&[&folder, &file], (600, 300)).await?;
    wait_for_text(page, "print('dropped')").await?;
    wait_for(page, ".program-messages", "Opened 1 file.").await?;
    Ok(())
}

async fn files_can_be_added_renamed_and_removed_by_keyboard() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.press("Add file").await?;
    eventually("the field for the name", async || {
        let focused: String = page.evaluate("return document.activeElement.id", Vec::new()).await?;
        Ok(if focused == "file-name" { Ok(()) } else { Err(focused) })
    })
    .await?;
    page.type_text("../a.py\u{e007}").await?;
    wait_for(page, "#refusal-file-name", "it is not a path inside the program's folder").await?;
    page.evaluate::<()>("document.activeElement.select()", Vec::new()).await?;
    page.type_text("tools/grade.py\u{e007}").await?;
    wait_for(page, ".file-tabs", "tools/grade.py").await?;
    page.press("Rename").await?;
    page.evaluate::<()>("document.getElementById('file-name').select()", Vec::new()).await?;
    page.type_text("grade.py\u{e007}").await?;
    eventually("the new name", async || {
        let tabs = page.texts(".file-tabs [role=tab]").await?;
        Ok(if tabs == ["main.py", "grade.py"] { Ok(()) } else { Err(format!("{tabs:?}")) })
    })
    .await?;
    // The focus is on the tab; the arrow keys go to the other file.
    page.evaluate::<()>("document.querySelector('.file-tabs [aria-selected=true]').focus()", Vec::new()).await?;
    page.type_text("\u{e012}").await?;
    wait_for_text(page, "asyncio.run(main())").await?;
    page.type_text("\u{e014}").await?;
    page.press("Remove").await?;
    wait_for(page, ".program-messages", "`grade.py` was removed.").await?;
    page.press("Put back").await?;
    wait_for(page, ".file-tabs", "grade.py").await?;
    Ok(())
}

async fn the_page_of_a_program_has_no_accessibility_problem_and_fits() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let key = concat!("token = 'hf", "_QwErTyUiOpAsDfGhJkLzXcVb1234567890'\n");
    choose(page, &[("score.py", MAIN), ("grade.py", GRADE), ("key.py", key.as_bytes())]).await?;
    wait_until_saved(page).await?;
    page.press("6 Error handling").await?;
    wait_until_saved(page).await?;
    wait_for_text(page, "Part 6").await?;
    page.evaluate::<()>(
        "document.querySelector('.program-text .editor').shadowRoot.querySelector('.cm-content').focus()",
        Vec::new(),
    )
    .await?;
    page.type_text(&format!("# {key}")).await?;
    page.wait_for_button_to_appear("What changed").await?;
    page.press("What changed").await?;
    page.press("Add file").await?;
    // Colours depend on the scheme, and sizes on the width, so each is looked at once.
    for (scheme, width) in [("light", 360), ("dark", 768), ("light", 1440)] {
        fixture.browser.emulate_media(&[("prefers-color-scheme", scheme)]).await?;
        page.set_width(width).await?;
        for menu in [0, 1, 2] {
            let open = "document.querySelectorAll('.menu').forEach((menu, n) => menu.open = n + 1 === arguments[0])";
            page.evaluate::<()>(open, vec![menu.into()]).await?;
            let place = format!("{width} px, {scheme}, menu {menu}");
            assert_eq!(page.overflow().await?, None, "{place}");
            page.evaluate::<()>("document.querySelector('.program-text').scrollIntoView()", Vec::new()).await?;
            let name = format!("program-files-{width}-{menu}.png");
            page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).await?;
            // A menu covers some of the page while it is open.
            let found = if menu == 0 { page.violations().await? } else { page.violations_in(".menu[open]").await? };
            let problems: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(problems, [""; 0], "{place}");
        }
    }
    Ok(())
}
