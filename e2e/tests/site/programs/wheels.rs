//! Wheels that the reader opens: programs that import them can use them, and nothing else.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::archive::zip;
use super::editor::{choose, copied, fragment, open, wait_for, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_wheel_is_saved_and_can_be_imported]
        .chain(in_chromium![each_bad_wheel_has_its_own_message, a_link_names_the_wheels_that_its_program_needs])
}

const PURE: &str = "py3-none-any";

/// A wheel `thing` with these files, and a size that the first of them states.
fn wheel(tag: &str, version: &str, files: &[(&str, &[u8])], stated_size: Option<u32>) -> Vec<u8> {
    let metadata = format!("Name: thing\nVersion: {version}\n");
    let tags = format!("Wheel-Version: 1.0\nTag: {tag}\n");
    let about: [(&str, &[u8]); 2] =
        [("thing-1.dist-info/METADATA", metadata.as_bytes()), ("thing-1.dist-info/WHEEL", tags.as_bytes())];
    let files: Vec<(&str, &[u8])> = files.iter().chain(&about).copied().collect();
    let all: Vec<(&str, &[u8], u32)> = files
        .iter()
        .enumerate()
        .map(|(n, (name, content))| (*name, *content, stated_size.filter(|_| n == 0).unwrap_or(content.len() as u32)))
        .collect();
    zip(&all)
}

const MODULE: &[(&str, &[u8])] = &[("thing/__init__.py", b"def value():\n    return 'from the wheel'\n")];

const USES: &str = "import thing\nprint(thing.value())\n";

async fn a_wheel_is_saved_and_can_be_imported(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    let run = page.run_program(USES).await?;
    assert!(run.failure.contains("No module named 'thing'"), "{run:?}");
    choose(page, &[("thing-1.0-py3-none-any.whl", &wheel(PURE, "1.0", MODULE, None))]).await?;
    wait_for(page, ".program-messages", "thing 1.0 (").await?;
    let run = page.run_program(USES).await?;
    assert!(run.status.starts_with("Finished") && run.log.contains("from the wheel"), "{run:?}");
    // It is there on the next visit, until it is deleted.
    page.reload().await?;
    wait_for_text(page, "import thing").await?;
    page.evaluate::<()>("document.querySelector('.packages').open = true", Vec::new()).await?;
    wait_for(page, ".packages ul", "thing 1.0").await?;
    let run = page.run_program(USES).await?;
    assert!(run.log.contains("from the wheel"), "{run:?}");
    page.evaluate::<()>("document.querySelector('[aria-label=\"Delete thing\"]').click()", Vec::new()).await?;
    eventually("an empty list of packages", async || {
        let left = page.texts(".packages li").await?;
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await?;
    page.press("A race between two awaits").await?;
    wait_for_text(page, "A race between two awaits").await?;
    let run = page.run_program(USES).await?;
    assert!(run.failure.contains("No module named 'thing'"), "{run:?}");
    Ok(())
}

async fn each_bad_wheel_has_its_own_message() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let good = wheel(PURE, "1.0", MODULE, None);
    let cases: [(Vec<u8>, &str); 8] = [
        (wheel("cp314-cp314-pyemscripten_2026_0_wasm32", "1.0", MODULE, None), "is saved in this browser"),
        (
            wheel("cp311-cp311-manylinux_2_17_x86_64", "1.0", MODULE, None),
            "it is for another platform or another Python",
        ),
        (good[..good.len() - 30].to_vec(), "it is not a zip, or it is damaged"),
        (b"import os\n".to_vec(), "it is not a zip, or it is damaged"),
        (wheel(PURE, "1.0", MODULE, Some(u32::MAX)), "it unpacks to 4,096 MB, and the limit is 256 MB"),
        (wheel(PURE, "1.0", &[("../evil.py", b"")], None), "the path `../evil.py` leaves its folder"),
        (wheel(PURE, "1.0", &[("asyncio/__init__.py", b"")], None), "its module `asyncio` would take the place"),
        (zip(&[("thing.py", b"", 0)]), "it is a zip, but not a wheel"),
    ];
    for (content, message) in cases {
        choose(page, &[("thing-1.0.whl", &content)]).await?;
        wait_for(page, ".program-messages", message).await?;
    }
    let large = "const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(100e6)], 'large-1.0.whl'));
        const field = document.getElementById('open-program');
        field.files = transfer.files;
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    page.evaluate::<()>(large, Vec::new()).await?;
    wait_for(page, ".program-messages", "it is 100.0 MB, but the maximum is 33.6 MB").await?;
    // Nothing of them is left.
    let run = page.run_program("import asyncio\nprint(asyncio.run.__module__)\n").await?;
    assert!(run.log.contains("asyncio.runners"), "{run:?}");
    Ok(())
}

async fn a_link_names_the_wheels_that_its_program_needs() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    choose(page, &[("thing-2.5-py3-none-any.whl", &wheel(PURE, "2.5", MODULE, None))]).await?;
    wait_for(page, ".program-messages", "thing 2.5 (").await?;
    page.write_program(USES).await?;
    page.press("Copy link").await?;
    let link = copied(page).await?;
    page.open(fragment(&link)).await?;
    let news = wait_for(page, ".program-messages", "This program comes from the link.").await?;
    assert!(!news.contains("It needs"), "{news}");
    page.evaluate::<()>("document.querySelector('.packages').open = true", Vec::new()).await?;
    wait_for(page, ".packages ul", "thing 2.5").await?;
    page.evaluate::<()>("document.querySelector('[aria-label=\"Delete thing\"]').click()", Vec::new()).await?;
    page.open("program").await?;
    page.open(fragment(&link)).await?;
    wait_for(page, ".program-messages", "It needs thing 2.5: open its wheel.").await?;
    Ok(())
}
