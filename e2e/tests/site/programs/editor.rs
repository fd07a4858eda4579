//! Helpers for tests that use the program's editor.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError};
use e2e::page::{Page, PageError, eventually};
use serde_json::{Value, json};

/// The text of the editor: the lines that it draws.
const TEXT: &str = "const root = document.querySelector('.program-text .editor')?.shadowRoot;
    return [...(root?.querySelectorAll('.cm-line') ?? [])].map((line) => line.textContent).join('\\n');";

/// Puts files into a file field, as a reader who chooses them.
pub(super) const CHOOSE: &str = "const [id, files] = arguments;
    const transfer = new DataTransfer();
    for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
    const field = document.getElementById(id);
    field.files = transfer.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));";

/// The main file of a program of three files.
pub(super) const MAIN: &[u8] = b"import sys\nfrom grade import grade\n\nif __name__ == '__main__':\n    print('graded', grade('data.csv'), sys.argv[1:])\n";

/// Its module.
pub(super) const GRADE: &[u8] = b"def grade(path):\n    return sum(len(line) for line in open(path, 'rb'))\n";

/// Collects what the page copies, because a browser without a window may refuse.
const CATCH_COPIES: &str = "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: {
    writeText: async (text) => { window.copied = text; } } });";

pub(super) async fn open(engine: Engine) -> Result<Fixture, TestError> {
    let fixture = Fixture::open_in(engine, "program").await?;
    fixture.page.wait_for_button("Run").await?;
    wait_for_text(&fixture.page, "asyncio.run(main())").await?;
    fixture.page.evaluate::<()>(CATCH_COPIES, Vec::new()).await?;
    Ok(fixture)
}

/// Runs the program. Returns the status, which must be this word and more.
pub(super) async fn run(page: &Page, status: &str) -> Result<String, PageError> {
    page.press("Run").await?;
    let run = page.wait_for_program().await?;
    assert!(run.status.starts_with(status), "{run:?}");
    Ok(run.status)
}

/// The text of the editor.
pub(super) async fn text(page: &Page) -> Result<String, PageError> {
    page.evaluate(TEXT, Vec::new()).await
}

pub(super) async fn wait_for_text(page: &Page, part: &str) -> Result<(), PageError> {
    eventually(&format!("a program with `{part}`"), async || {
        let text = text(page).await?;
        Ok(if text.contains(part) { Ok(()) } else { Err(text) })
    })
    .await
}

pub(super) async fn wait_for(page: &Page, selector: &str, part: &str) -> Result<String, PageError> {
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
pub(super) async fn type_at_end(page: &Page, text: &str) -> Result<(), PageError> {
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

pub(super) async fn choose(page: &Page, files: &[(&str, &[u8])]) -> Result<(), PageError> {
    let files: Vec<Value> = files.iter().map(|(name, bytes)| json!([name, bytes])).collect();
    page.evaluate(CHOOSE, vec!["open-program".into(), files.into()]).await
}

pub(super) async fn wait_until_saved(page: &Page) -> Result<(), PageError> {
    wait_for(page, ".saved-state", "Saved in this browser.").await.map(drop)
}

pub(super) async fn copied(page: &Page) -> Result<String, PageError> {
    eventually("a copied link", async || {
        let copied: Option<String> = page.evaluate("return window.copied ?? null", Vec::new()).await?;
        Ok(copied.ok_or_else(String::new))
    })
    .await
}

pub(super) async fn set_arguments(page: &Page, text: &str) -> Result<(), PageError> {
    let set = "const field = document.querySelector('.program-arguments input');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input', { bubbles: true }));";
    page.evaluate(set, vec![text.into()]).await
}

pub(super) async fn wait_for_arguments(page: &Page, text: &str) -> Result<(), PageError> {
    eventually(&format!("the arguments `{text}`"), async || {
        let value: String =
            page.evaluate("return document.querySelector('.program-arguments input').value", Vec::new()).await?;
        Ok(if value == text { Ok(()) } else { Err(value) })
    })
    .await
}

/// The part of a link after the address of the site.
pub(super) fn fragment(link: &str) -> &str {
    link.split_once("#/").map_or("", |(_, fragment)| fragment)
}
