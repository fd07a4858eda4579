//! Readers' programs in links.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{
    GRADE, MAIN, choose, copied, fragment, open, type_at_end, wait_for, wait_for_text, wait_until_saved,
};

pub fn tests() -> impl Iterator<Item = Test> {
    // Compression differs between engines. What is made of it does not.
    in_each_engine![a_link_contains_the_program_and_opens_it_without_running_it].chain(in_chromium![
        a_link_of_the_first_form_can_be_opened_forever,
        a_new_program_leaves_the_link_that_opened_the_page,
        damaged_and_huge_links_have_their_own_messages,
        a_long_program_is_offered_as_a_file_in_place_of_a_link
    ])
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

async fn a_new_program_leaves_the_link_that_opened_the_page() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    page.open(OLD_LINK).await?;
    wait_for_text(page, "print('from an old link')").await?;
    page.press("New program").await?;
    wait_for_text(page, "print(\"hello\")").await?;
    page.wait_for_link("program?seed=7").await?;
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
