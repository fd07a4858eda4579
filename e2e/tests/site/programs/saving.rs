//! Readers' programs in the storage of the browser, which several tabs share.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{
    choose, copied, fragment, open, run, set_arguments, text, type_at_end, wait_for, wait_for_arguments, wait_for_text,
    wait_until_saved,
};

pub fn tests() -> impl Iterator<Item = Test> {
    // Storage and locks differ between engines. The behaviour built on them does not.
    in_each_engine![
        a_typed_program_is_saved_and_is_there_after_a_reload,
        a_second_tab_can_take_a_program_over_and_nothing_is_lost
    ]
    .chain(in_chromium![
        a_new_program_is_saved_once_it_is_changed,
        keys_are_left_out_of_saved_programs_links_and_run_files,
        a_full_disk_is_named_and_the_text_stays,
        a_storage_that_does_not_respond_is_named_and_the_text_stays,
        what_is_typed_while_a_program_is_opened_is_not_lost,
        what_another_tab_edits_is_not_renamed_or_deleted_here,
        a_deleted_program_is_put_back_and_replaces_no_other,
        changes_that_were_not_saved_before_a_takeover_become_a_copy
    ])
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

async fn keys_are_left_out_of_saved_programs_links_and_run_files() -> TestResult {
    let key = concat!("sk", "-proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4");
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let program = format!("api_key = '{key}'\nprint('with', api_key)\n");
    choose(page, &[("ask.py", program.as_bytes())]).await?;
    wait_until_saved(page).await?;
    let notice = wait_for(page, ".keys", "1 text looks like a key").await?;
    assert!(notice.contains("os.environ"), "{notice}");
    run(page, "Finished").await?;
    // The program itself has the key.
    page.wait_for_output(&format!("with {key}")).await?;
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

async fn a_full_disk_is_named_and_the_text_stays() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    // Before the first write: Chromium remembers for a while how much space there is.
    // One byte, because the site itself may not be stored yet.
    fixture.browser.limit_storage(fixture.server.url(), Some(1)).await?;
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

/// Saves the programs `a.py` and `b.py`. The second is on the page then.
async fn save_two(page: &Page) -> TestResult {
    for (name, text) in [("a.py", "print('a')\n"), ("b.py", "print('b')\n")] {
        choose(page, &[(name, text.as_bytes())]).await?;
        wait_for_text(page, text.trim()).await?;
        wait_until_saved(page).await?;
    }
    Ok(())
}

async fn what_is_typed_while_a_program_is_opened_is_not_lost() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    save_two(page).await?;
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
    let text = text(page).await?;
    assert!(!text.contains("typed"), "{text}");
    Ok(())
}

/// Types a name into the field for the name of the program.
async fn rename(page: &Page, name: &str) -> Result<(), PageError> {
    let rename = "const field = document.querySelector('.program-name input');
        field.value = arguments[0];
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    page.evaluate(rename, vec![name.into()]).await
}

/// Presses the button in the menu that deletes a program. What it shows is a cross.
async fn press_delete(page: &Page, name: &str) -> Result<(), PageError> {
    let press = "document.querySelector(`[aria-label='Delete ${arguments[0]}']`).click()";
    page.evaluate(press, vec![name.into()]).await
}

/// Waits until these are the saved programs in the menu.
async fn wait_for_list(page: &Page, names: &[&str]) -> Result<(), PageError> {
    let list = "return [...document.querySelectorAll('.menu-content li:has([aria-label^=Delete])')]
        .map((item) => item.querySelector('button').textContent).sort()";
    eventually(&format!("the programs {names:?}"), async || {
        let found: Vec<String> = page.evaluate(list, Vec::new()).await?;
        Ok(if found == names { Ok(()) } else { Err(format!("{found:?}")) })
    })
    .await
}

async fn wait_for_name(page: &Page, name: &str) -> Result<(), PageError> {
    eventually(&format!("the name `{name}`"), async || {
        let found: Option<String> =
            page.evaluate("return document.querySelector('.program-name input')?.value ?? null", Vec::new()).await?;
        Ok(if found.as_deref() == Some(name) { Ok(()) } else { Err(format!("{found:?}")) })
    })
    .await
}

async fn what_another_tab_edits_is_not_renamed_or_deleted_here() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    choose(page, &[("mine.py", b"print('mine')\n")]).await?;
    wait_until_saved(page).await?;
    page.open_tab().await?;
    page.open("program").await?;
    wait_for(page, ".saved-state", "Another tab edits this program").await?;
    rename(page, "yours.py").await?;
    wait_for(page, ".program-messages", "Take it over, then rename it.").await?;
    wait_for_name(page, "mine.py").await?;
    press_delete(page, "mine.py").await?;
    wait_for(page, ".program-messages", "`mine.py` is open in another tab.").await?;
    page.press("Take over").await?;
    wait_until_saved(page).await?;
    rename(page, "yours.py").await?;
    wait_for_list(page, &["yours.py"]).await?;
    wait_for_text(page, "print('mine')").await?;
    Ok(())
}

async fn a_deleted_program_is_put_back_and_replaces_no_other() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    save_two(page).await?;
    press_delete(page, "a.py").await?;
    wait_for(page, ".program-messages", "`a.py` was deleted.").await?;
    rename(page, "a.py").await?;
    wait_for_list(page, &["a.py"]).await?;
    page.press("Put back").await?;
    wait_for_list(page, &["a.py", "a.py (2)"]).await?;
    page.press("a.py (2)").await?;
    wait_for_text(page, "print('a')").await?;
    page.press("a.py").await?;
    wait_for_text(page, "print('b')").await?;
    Ok(())
}

/// Makes all writes to the saved programs fail, or lets them work again.
const REFUSE_WRITES: &str = "
    window.put ??= IDBObjectStore.prototype.put;
    const refuse = () => { throw new DOMException('no space', 'QuotaExceededError'); };
    IDBObjectStore.prototype.put = arguments[0] ? refuse : window.put;";

async fn changes_that_were_not_saved_before_a_takeover_become_a_copy() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let first = page.tab().await?;
    choose(page, &[("mine.py", b"print('mine')\n")]).await?;
    wait_until_saved(page).await?;
    page.evaluate::<()>(REFUSE_WRITES, vec![true.into()]).await?;
    type_at_end(page, "# one").await?;
    wait_for(page, ".saved-state", "Not saved").await?;

    page.open_tab().await?;
    page.open("program").await?;
    wait_for(page, ".saved-state", "Another tab edits this program").await?;
    page.press("Take over").await?;
    wait_until_saved(page).await?;
    assert!(!text(page).await?.contains("# one"), "it was not saved");

    page.switch_to(&first).await?;
    page.evaluate::<()>(REFUSE_WRITES, vec![false.into()]).await?;
    type_at_end(page, ", two").await?;
    wait_for(page, ".saved-state", "Your changes are saved as `mine.py (2)`.").await?;
    page.reload().await?;
    wait_for_text(page, "# one, two").await?;
    page.press("mine.py").await?;
    wait_for(page, ".saved-state", "Another tab edits this program").await?;
    assert!(!text(page).await?.contains("# one"));
    Ok(())
}
