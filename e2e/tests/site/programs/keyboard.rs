//! The page of a program with the keyboard only, and for assistive technology. Only in Chromium: in Safari, the Tab key
//! skips buttons by default, and only Chromium can emulate preferences.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError};
use e2e::suite::Test;
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_program_is_written_and_run_with_the_keyboard,
        the_editor_has_a_name_and_a_hint,
        the_page_of_a_program_has_no_accessibility_problem
    ]
}

/// The text in the editor, from its lines that are drawn.
const TEXT: &str = "const lines = document.querySelector('.editor').shadowRoot.querySelectorAll('.cm-line');
    return [...lines].map((line) => line.textContent).join('\\n')";

/// True if the editor has the focus.
const IS_IN_EDITOR: &str = "return !!document.activeElement?.shadowRoot?.activeElement?.matches('.cm-content')";

async fn is_in_editor(page: &Page) -> Result<bool, PageError> {
    page.evaluate(IS_IN_EDITOR, Vec::new()).await
}

async fn a_program_is_written_and_run_with_the_keyboard() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let page = &fixture.page;
    page.write_program("x = 1\n").await?;
    // From the top of the page.
    page.evaluate::<()>("document.activeElement.blur()", Vec::new()).await?;
    let mut stops = 0;
    while !is_in_editor(page).await? {
        page.key(Key::Tab).await?;
        stops += 1;
        assert!(stops < 100, "the Tab key does not reach the editor");
    }
    page.type_text("def double(n):").await?;
    page.key(Key::Enter).await?;
    page.type_text("return 2 * n").await?;
    let text: String = page.evaluate(TEXT, Vec::new()).await?;
    assert!(text.contains("def double(n):\n    return 2 * n"), "{text}");
    // In the editor, Tab indents. After Escape, it leaves the editor.
    page.key(Key::Tab).await?;
    assert!(is_in_editor(page).await?, "Tab indents");
    page.key(Key::Escape).await?;
    page.key(Key::Tab).await?;
    assert!(!is_in_editor(page).await?, "Tab leaves the editor after Escape");
    page.shift_tab().await?;
    assert!(is_in_editor(page).await?, "Shift and Tab go back");
    page.key(Key::Escape).await?;
    page.write_program("print('by keyboard')\n").await?;
    page.key(Key::Escape).await?;
    page.key(Key::Tab).await?;
    page.tab_to("Run").await?;
    page.key(Key::Enter).await?;
    let run = page.wait_for_program().await?;
    assert!(run.status.starts_with("Finished") && run.log.ends_with("by keyboard"), "{run:?}");
    Ok(())
}

async fn the_editor_has_a_name_and_a_hint() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let page = &fixture.page;
    page.write_program("x = 1\n").await?;
    let described: [String; 3] = page
        .evaluate(
            "const root = document.querySelector('.editor').shadowRoot;
             const content = root.querySelector('[role=textbox]');
             const hint = root.getElementById(content.getAttribute('aria-describedby'));
             return [content.getAttribute('aria-label'), content.getAttribute('aria-multiline'), hint.textContent]",
            Vec::new(),
        )
        .await?;
    assert_eq!(described, ["Program", "true", "Tab indents. To leave the editor, press Escape, then Tab."]);
    Ok(())
}

async fn the_page_of_a_program_has_no_accessibility_problem() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let (browser, page) = (&fixture.browser, &fixture.page);
    let mut found = Vec::new();
    let failing =
        "import asyncio\n\nasync def main():\n    await asyncio.sleep(0.01)\n    1 / 0\n\nasyncio.run(main())\n";
    let example = page.evaluate::<String>(TEXT, Vec::new()).await.unwrap_or_default();
    for (when, program) in [("idle", None), ("finished", Some(example.as_str())), ("failed", Some(failing))] {
        if let Some(program) = program {
            page.run_program(program).await?;
            page.wait_for_button("Run").await?;
        }
        for (scheme, width) in [("light", 1280), ("dark", 360)] {
            browser.emulate_media(&[("prefers-color-scheme", scheme)]).await?;
            page.set_width(width).await?;
            let text = |violation| format!("{when}, {scheme}, {width} px: {violation}");
            found.extend(page.violations().await?.into_iter().map(text));
        }
        page.set_width(1280).await?;
    }
    assert_eq!(found, [""; 0]);
    Ok(())
}
