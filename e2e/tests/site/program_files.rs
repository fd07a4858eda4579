//! Readers' programs as files: saved, opened, shared and started from those of the guide.

use std::path::Path;
use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{Page, PageError, eventually, eventually_within};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::{Value, json};

/// Starting the interpreter takes some seconds, and longer beside other tests.
const STARTS_WITHIN: Duration = Duration::from_secs(90);

/// The text of the editor: the lines that it draws.
const TEXT: &str = "const root = document.querySelector('.program-text .editor')?.shadowRoot;
    return [...(root?.querySelectorAll('.cm-line') ?? [])].map((line) => line.textContent).join('\\n');";

/// Puts files into a file field, as a reader who chooses them.
const CHOOSE: &str = "const [id, files] = arguments;
    const transfer = new DataTransfer();
    for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
    const field = document.getElementById(id);
    field.files = transfer.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));";

/// Collects what the page copies, because a browser without a window may refuse.
const CATCH_COPIES: &str = "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: {
    writeText: async (text) => { window.copied = text; } } });";

pub fn tests() -> impl Iterator<Item = Test> {
    // Storage, locks, compression and layout differ between engines. What is made of them does not.
    let everywhere = in_each_engine![
        a_typed_program_is_saved_and_is_there_after_a_reload,
        a_second_tab_can_take_a_program_over_and_nothing_is_lost,
        a_program_of_several_files_is_saved_as_a_zip_that_can_be_opened,
        a_program_of_the_guide_can_be_changed_compared_and_reset,
        a_link_contains_the_program_and_opens_it_without_running_it
    ];
    let once = in_chromium![
        a_new_program_is_saved_once_it_is_changed,
        files_are_opened_together_and_run_with_arguments,
        a_zip_whose_files_leave_the_folder_is_refused,
        a_link_of_the_first_form_can_be_opened_forever,
        damaged_and_huge_links_have_their_own_messages,
        a_long_program_is_offered_as_a_file_in_place_of_a_link,
        keys_are_left_out_of_saved_programs_links_and_run_files,
        a_run_file_contains_the_whole_program,
        the_environment_reaches_the_program_and_nothing_else,
        a_dropped_file_is_opened,
        files_can_be_added_renamed_and_removed_by_keyboard,
        a_full_disk_is_named_and_the_text_stays,
        a_storage_that_does_not_respond_is_named_and_the_text_stays,
        what_is_typed_while_a_program_is_opened_is_not_lost,
        the_page_of_a_program_has_no_accessibility_problem_and_fits
    ];
    everywhere.chain(once)
}

async fn open(engine: Engine) -> Result<Fixture, TestError> {
    let fixture = Fixture::open_in(engine, "program").await?;
    fixture.page.wait_for_button("Run").await?;
    wait_for_text(&fixture.page, "asyncio.run(main())").await?;
    fixture.page.evaluate::<()>(CATCH_COPIES, Vec::new()).await?;
    Ok(fixture)
}

async fn wait_for_text(page: &Page, part: &str) -> Result<(), PageError> {
    eventually(&format!("a program with `{part}`"), async || {
        let text: String = page.evaluate(TEXT, Vec::new()).await?;
        Ok(if text.contains(part) { Ok(()) } else { Err(text) })
    })
    .await
}

async fn wait_for(page: &Page, selector: &str, part: &str) -> Result<String, PageError> {
    eventually(&format!("`{part}` in {selector}"), async || {
        let text = page.texts(selector).await?.join("\n");
        Ok(if text.contains(part) { Ok(text) } else { Err(text) })
    })
    .await
}

/// True once the editor has noticed that it has the focus.
const IS_FOCUSED: &str =
    "return !!document.querySelector('.program-text .editor').shadowRoot.querySelector('.cm-focused')";

/// Types at the end of the shown file.
async fn type_at_end(page: &Page, text: &str) -> Result<(), PageError> {
    let focus =
        "const content = document.querySelector('.program-text .editor').shadowRoot.querySelector('.cm-content');
        content.focus();
        const range = document.createRange();
        range.selectNodeContents(content);
        range.collapse(false);
        const selection = content.getRootNode().getSelection?.() ?? getSelection();
        selection.removeAllRanges();
        selection.addRange(range);";
    page.evaluate::<()>(focus, Vec::new()).await?;
    // The editor notices the focus some milliseconds later, and then puts its own selection back. What is typed before
    // that can be lost.
    eventually("the focus in the editor", async || {
        let is_focused: bool = page.evaluate(IS_FOCUSED, Vec::new()).await?;
        Ok(if is_focused { Ok(()) } else { Err("not yet".to_owned()) })
    })
    .await?;
    page.type_text(text).await
}

async fn choose(page: &Page, files: &[(&str, &[u8])]) -> Result<(), PageError> {
    let files: Vec<Value> = files.iter().map(|(name, bytes)| json!([name, bytes])).collect();
    page.evaluate(CHOOSE, vec!["open-program".into(), files.into()]).await
}

async fn wait_until_saved(page: &Page) -> Result<(), PageError> {
    wait_for(page, ".saved-state", "Saved in this browser.").await.map(drop)
}

async fn wait_for_output(page: &Page, text: &str) -> Result<(), PageError> {
    eventually_within(STARTS_WITHIN, text, async || {
        let log = page.log().await?;
        Ok(if log.iter().any(|line| line.contains(text)) { Ok(()) } else { Err(format!("{log:?}")) })
    })
    .await
}

async fn copied(page: &Page) -> Result<String, PageError> {
    eventually("a copied link", async || {
        let copied: Option<String> = page.evaluate("return window.copied ?? null", Vec::new()).await?;
        Ok(copied.ok_or_else(String::new))
    })
    .await
}

/// The part of a link after the address of the site.
fn fragment(link: &str) -> &str {
    link.split_once("#/").map_or("", |(_, fragment)| fragment)
}

async fn a_new_program_is_saved_once_it_is_changed() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    choose(page, &[("mine.py", b"print('mine')\n")]).await?;
    wait_for_text(page, "print('mine')").await?;
    wait_until_saved(page).await?;
    page.press("New program").await?;
    wait_for_text(page, "asyncio.run(main())").await?;
    assert_eq!(page.texts(".saved-state").await?, ["Not changed, not saved."]);
    type_at_end(page, "# new").await?;
    wait_until_saved(page).await?;
    page.press("mine.py").await?;
    wait_for_text(page, "print('mine')").await?;
    Ok(())
}

async fn a_typed_program_is_saved_and_is_there_after_a_reload(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    assert_eq!(page.texts(".saved-state").await?, ["Not changed, not saved."]);
    type_at_end(page, "# typed here").await?;
    wait_until_saved(page).await?;
    page.reload().await?;
    wait_for_text(page, "# typed here").await?;
    eventually("the program in the list", async || {
        let open = page.attributes(".menu-content [aria-current]", "aria-current").await?;
        Ok(if open == ["true"] { Ok(()) } else { Err(format!("{open:?}")) })
    })
    .await?;
    // Nothing was run.
    assert!(page.status().await?.starts_with("Ready"));
    Ok(())
}

async fn a_second_tab_can_take_a_program_over_and_nothing_is_lost(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    let first = page.tab().await?;
    type_at_end(page, "# one").await?;
    wait_until_saved(page).await?;
    let second = page.open_tab().await?;
    page.open("program").await?;
    wait_for_text(page, "# one").await?;
    wait_for(page, ".saved-state", "Another tab edits this program").await?;
    assert!(!page.is_enabled("Add file").await?);
    // Typed, but not saved yet. WebKit does not type into a tab behind another.
    page.switch_to(&first).await?;
    set_arguments(page, "two").await?;
    page.switch_to(&second).await?;
    page.press("Take over").await?;
    wait_for_arguments(page, "two").await?;
    wait_until_saved(page).await?;
    set_arguments(page, "two three").await?;
    page.switch_to(&first).await?;
    wait_for(page, ".saved-state", "Another tab edits this program").await?;
    wait_for_text(page, "# one").await?;
    wait_for_arguments(page, "two").await?;
    page.press("Take over").await?;
    wait_for_arguments(page, "two three").await?;
    Ok(())
}

async fn set_arguments(page: &Page, text: &str) -> Result<(), PageError> {
    let set = "const field = document.querySelector('.program-arguments input');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));";
    page.evaluate(set, vec![text.into()]).await
}

async fn wait_for_arguments(page: &Page, text: &str) -> Result<(), PageError> {
    eventually(&format!("the arguments `{text}`"), async || {
        let value: String =
            page.evaluate("return document.querySelector('.program-arguments input').value", Vec::new()).await?;
        Ok(if value == text { Ok(()) } else { Err(value) })
    })
    .await
}

const MAIN: &[u8] = b"import sys\nfrom grade import grade\n\nif __name__ == '__main__':\n    print('graded', grade('data.csv'), sys.argv[1:])\n";
const GRADE: &[u8] = b"def grade(path):\n    return sum(len(line) for line in open(path, 'rb'))\n";

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
    page.press("Run").await?;
    page.wait_for_status_within(STARTS_WITHIN, "Finished").await?;
    wait_for_output(page, "graded 5 ['--n', '3', 'two words']").await?;
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

/// A zip with one stored file.
fn zip_of(name: &str, content: &[u8], stated_size: u32) -> Vec<u8> {
    let mut crc = !0u32;
    for byte in content {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (!(crc & 1)).wrapping_add(1));
        }
    }
    let mut about = Vec::new();
    about.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    about.extend((!crc).to_le_bytes());
    about.extend((content.len() as u32).to_le_bytes());
    about.extend(stated_size.to_le_bytes());
    about.extend((name.len() as u16).to_le_bytes());
    about.extend([0, 0]);
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&about);
    zip.extend(name.as_bytes());
    zip.extend(content);
    let directory = zip.len() as u32;
    zip.extend(b"PK\x01\x02\x14\x00");
    zip.extend(&about);
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let size = zip.len() as u32 - directory;
    zip.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    zip.extend(size.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

async fn a_zip_whose_files_leave_the_folder_is_refused() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    for (zip, expected) in [
        (zip_of("../evil.py", b"print()\n", 8), "`../evil.py` cannot be the name of a file"),
        (zip_of("big.py", b"print()\n", 2_000_000_000), "have more than 9"),
        (b"PK\x03\x04 and nothing else".to_vec(), "is not a zip file, or it is damaged"),
        (zip_of("/etc/a.py", b"print()\n", 8), "it is not a path inside the program's folder"),
    ] {
        choose(page, &[("program.zip", &zip)]).await?;
        wait_for(page, ".program-messages", expected).await?;
    }
    wait_for_text(page, "asyncio.run(main())").await?;
    choose(page, &[("good.zip", &zip_of("folder/good.py", b"print('good')\n", 14))]).await?;
    wait_for_text(page, "print('good')").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["good.py"]);
    Ok(())
}

async fn a_link_contains_the_program_and_opens_it_without_running_it(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    choose(page, &[("score.py", MAIN), ("grade.py", GRADE)]).await?;
    wait_for_text(page, "from grade import grade").await?;
    wait_until_saved(page).await?;
    page.press("Copy link").await?;
    let link = copied(page).await?;
    assert!(link.contains("program?seed=7&program=1."), "{link}");
    choose(page, &[("other.py", b"print('mine')\n")]).await?;
    wait_for_text(page, "print('mine')").await?;
    wait_until_saved(page).await?;
    page.open(&format!("{}&run=1", fragment(&link))).await?;
    wait_for_text(page, "from grade import grade").await?;
    wait_for(page, ".program-messages", "This program comes from the link.").await?;
    assert_eq!(page.texts(".saved-state").await?, ["Not changed, not saved."]);
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["score.py", "grade.py"]);
    assert!(page.status().await?.starts_with("Ready"));
    assert!(page.attributes("iframe", "src").await?.is_empty(), "no sandbox is opened");
    // Once it is changed, it gets a name of its own, and the address no longer contains it.
    type_at_end(page, "# mine").await?;
    wait_until_saved(page).await?;
    let names: Vec<String> =
        page.evaluate("return [document.querySelector('.program-name input').value]", Vec::new()).await?;
    assert_eq!(names, ["score.py (2)"]);
    page.wait_for_link("program?seed=7&run=1").await?;
    Ok(())
}

/// As people have it: it is never changed.
const OLD_LINK: &str = "program?seed=7&program=1.Pc2xCoMwFEbhVwn_YoXo0iLi5taxe-0Q26sEkxtJIlok795MXQ98nBOTNhTQPU-wsoQO4e081esXEpGOmMvqNcdLMXlnhWLhzEcYzUtRDowk_3CvR81ZjSpQc8uhf7R3pJeE8vNmiWP-oKpYXJF-";

async fn a_link_of_the_first_form_can_be_opened_forever() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.open(OLD_LINK).await?;
    wait_for_text(page, "print('from an old link')").await?;
    assert_eq!(page.texts(".file-tabs [role=tab]").await?, ["score.py", "w.bin"]);
    page.press("w.bin").await?;
    wait_for(page, ".bytes", "w.bin has 3 B").await?;
    Ok(())
}

async fn damaged_and_huge_links_have_their_own_messages() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    // 10 MB of zeros are 10 KB when they are deflated.
    let bomb: String = page
        .evaluate_async(
            "const done = arguments[0];
             const zeros = new Blob([new Uint8Array(10e6)]).stream().pipeThrough(new CompressionStream('deflate-raw'));
             new Response(zeros).arrayBuffer().then((it) => done(btoa(String.fromCharCode(...new Uint8Array(it)))
                 .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')))",
            Vec::new(),
        )
        .await?;
    for (packed, expected) in [
        ("1.AAAA".to_owned(), "The program in this link is damaged"),
        ("2.AAAA".to_owned(), "a form that this page does not know"),
        (format!("1.{}", "A".repeat(20_000)), "The program in this link is too long (20.0 KB)"),
        (format!("1.{bomb}"), "it cannot be unpacked"),
        ("1.%F0%9F%A6%80".to_owned(), "The program in this link is damaged"),
    ] {
        page.open(&format!("program?program={packed}")).await?;
        wait_for(page, ".program-messages", expected).await?;
        wait_for_text(page, "asyncio.run(main())").await?;
        page.wait_for_button("Run").await?;
    }
    Ok(())
}

async fn a_long_program_is_offered_as_a_file_in_place_of_a_link() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    // Numbers that do not repeat cannot be packed.
    let numbers: String = (1..9_000u64).map(|n| format!("{}\n", n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20)).collect();
    choose(page, &[("long.py", numbers.as_bytes())]).await?;
    wait_until_saved(page).await?;
    page.press("Copy link").await?;
    let message = wait_for(page, ".program-messages", "The program is too large for a link").await?;
    assert!(message.contains("Save as file"), "{message}");
    Ok(())
}

async fn keys_are_left_out_of_saved_programs_links_and_run_files() -> TestResult {
    let key = concat!("sk", "-proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4");
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let program = format!("api_key = '{key}'\nprint('with', api_key)\n");
    choose(page, &[("ask.py", program.as_bytes())]).await?;
    wait_until_saved(page).await?;
    let notice = wait_for(page, ".keys", "1 text looks like a key").await?;
    assert!(notice.contains("os.environ"), "{notice}");
    page.press("Run").await?;
    page.wait_for_status_within(STARTS_WITHIN, "Finished").await?;
    // The program itself has the key.
    wait_for_output(page, &format!("with {key}")).await?;
    page.catch_downloads().await?;
    page.press("Export").await?;
    page.wait_for_button_to_appear("JSON").await?;
    page.press("JSON").await?;
    let (_, json) = page.wait_for_downloads(1).await?;
    assert!(!json.contains(key) && json.contains("with KEY-REMOVED"), "{json}");
    page.press("Copy link").await?;
    let link = copied(page).await?;
    page.open(fragment(&link)).await?;
    wait_for_text(page, "api_key = 'KEY-REMOVED'").await?;
    page.open("program").await?;
    wait_for_text(page, "api_key = 'KEY-REMOVED'").await?;
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
    page.press("Run").await?;
    page.wait_for_status_within(STARTS_WITHIN, "Finished").await?;
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
    page.press("Run").await?;
    page.wait_for_status_within(STARTS_WITHIN, "Finished").await?;
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
    wait_for(page, ".program-messages", "The program is as it was at first.").await?;
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

async fn a_full_disk_is_named_and_the_text_stays() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    // Before the first write: Chromium remembers for a while how much space there is.
    fixture.browser.limit_storage(fixture.server.url(), Some(100_000)).await?;
    type_at_end(page, "# small").await?;
    let state = wait_for(page, ".saved-state", "Not saved: there is no space left").await?;
    assert!(state.contains("Save as file"), "{state}");
    wait_for_text(page, "# small").await?;
    fixture.browser.limit_storage(fixture.server.url(), None).await?;
    type_at_end(page, "!").await?;
    wait_until_saved(page).await?;
    page.reload().await?;
    wait_for_text(page, "# small!").await?;
    Ok(())
}

/// Keeps a transaction open, so that changes and reads of the saved programs wait, until `window.release` is called.
const HOLD: &str = "
    return new Promise((held) => {
        indexedDB.open('interleave-programs').onsuccess = ({ target }) => {
            const store = target.result.transaction(['contents', 'sizes'], 'readwrite').objectStore('sizes');
            let isHeld = true;
            window.release = () => { isHeld = false; };
            const again = () => { if (isHeld) store.get('none').onsuccess = again; else target.result.close(); };
            again();
            held();
        };
    });";

async fn release(page: &Page) -> TestResult {
    page.evaluate::<()>("window.release()", Vec::new()).await?;
    Ok(())
}

async fn a_storage_that_does_not_respond_is_named_and_the_text_stays() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    type_at_end(page, "# small").await?;
    wait_until_saved(page).await?;
    page.evaluate::<()>(HOLD, Vec::new()).await?;
    type_at_end(page, "!").await?;
    let state = wait_for(page, ".saved-state", "Not saved: the browser's storage does not respond").await?;
    assert!(state.contains("Save as file"), "{state}");
    release(page).await?;
    type_at_end(page, "!").await?;
    wait_until_saved(page).await?;
    page.reload().await?;
    wait_for_text(page, "# small!!").await?;
    Ok(())
}

async fn what_is_typed_while_a_program_is_opened_is_not_lost() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    for (name, text) in [("a.py", "print('a')\n"), ("b.py", "print('b')\n")] {
        choose(page, &[(name, text.as_bytes())]).await?;
        wait_for_text(page, text.trim()).await?;
        wait_until_saved(page).await?;
    }
    // B is on the page. While A is read, the reader still types into B.
    page.evaluate::<()>(HOLD, Vec::new()).await?;
    page.press("a.py").await?;
    type_at_end(page, "# typed").await?;
    release(page).await?;
    wait_for_text(page, "print('a')").await?;
    wait_until_saved(page).await?;
    assert_eq!(page.texts(".saved-state").await?, ["Saved in this browser."]);
    page.press("b.py").await?;
    wait_for_text(page, "# typed").await?;
    page.press("a.py").await?;
    wait_for_text(page, "print('a')").await?;
    let text: String = page.evaluate(TEXT, Vec::new()).await?;
    assert!(!text.contains("typed"), "{text}");
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
    for scheme in ["light", "dark"] {
        fixture.browser.emulate_media(&[("prefers-color-scheme", scheme)]).await?;
        for width in [360, 768, 1440] {
            page.set_width(width).await?;
            for menu in [0, 1, 2] {
                let open =
                    "document.querySelectorAll('.menu').forEach((menu, n) => menu.open = n + 1 === arguments[0])";
                page.evaluate::<()>(open, vec![menu.into()]).await?;
                assert_eq!(page.overflow().await?, None, "{width} px, {scheme}, menu {menu}");
                page.evaluate::<()>("document.querySelector('.program-text').scrollIntoView()", Vec::new()).await?;
                let name = format!("program-files-{scheme}-{width}-{menu}.png");
                page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)).await?;
            }
            let problems: Vec<String> = page.violations().await?.iter().map(ToString::to_string).collect();
            assert_eq!(problems, [""; 0], "{width} px, {scheme}");
        }
    }
    Ok(())
}
