//! The link contains the whole experiment: it sets the controls, follows their changes, and may be wrong.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::eventually;
use e2e::suite::Test;

use super::{DEFAULTS, SHORT};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_reloaded_link_restores_controls_and_seed,
        the_link_follows_the_controls,
        the_controls_follow_a_typed_link,
        the_copied_link_contains_the_whole_experiment,
        a_link_with_run_starts_by_itself,
        a_bad_link_is_reported_in_a_notice_and_the_page_works
    ]
}

async fn a_reloaded_link_restores_controls_and_seed() -> TestResult {
    let link = "async-basics?download=1250&load=0&scale=0.5&blocking=off&seed=4711";
    let fixture = Fixture::open(link).await?;
    let page = &fixture.page;
    let values = page.names_and_values().await?;
    let expected = ["1250", "0", "300", "0.5", "off", "4711"];
    assert_eq!(values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), expected);
    page.reload().await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.names_and_values().await?, values);
    assert_eq!(page.link().await?, link);
    Ok(())
}

async fn the_link_follows_the_controls() -> TestResult {
    let fixture = Fixture::open("async-basics").await?;
    let page = &fixture.page;
    page.wait_for_link("async-basics?seed=7").await?;
    page.fill_in("load", "350").await?;
    page.wait_for_link("async-basics?load=350&seed=7").await?;
    page.fill_in("seed", "42").await?;
    page.wait_for_link("async-basics?load=350&seed=42").await?;
    page.toggle("blocking").await?;
    page.wait_for_link("async-basics?load=350&blocking=off&seed=42").await?;
    page.nudge_slider("download").await?;
    page.wait_for_link("async-basics?download=450&load=350&blocking=off&seed=42").await?;
    page.fill_in("load", "200").await?;
    page.wait_for_link("async-basics?download=450&blocking=off&seed=42").await?;
    Ok(())
}

async fn the_controls_follow_a_typed_link() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    page.follow("async-basics?preprocess=700&seed=8").await?;
    eventually("the delay of the new link", async || {
        let value = page.control("preprocess").await?.value;
        Ok(if value == "700" { Ok(()) } else { Err(value) })
    })
    .await?;
    assert_eq!(page.control("seed").await?.value, "8");
    Ok(())
}

async fn the_copied_link_contains_the_whole_experiment() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    fixture.browser.allow("clipboard-read").await?;
    page.fill_in("seed", "99").await?;
    page.press("Copy link").await?;
    // The exercise's own HTML page, which has a preview.
    let path = "async-basics/?scale=0.1&blocking=off&seed=99";
    let expected = format!("{}{path}", fixture.server.url());
    eventually("the link on the clipboard", async || {
        let copied: String = page.evaluate("return navigator.clipboard.readText()", Vec::new()).await?;
        Ok(if copied == expected { Ok(()) } else { Err(format!("`{copied}`")) })
    })
    .await?;
    page.open_path(path).await?;
    page.wait_for_link("async-basics?scale=0.1&blocking=off&seed=99").await?;
    Ok(())
}

async fn a_link_with_run_starts_by_itself() -> TestResult {
    let fixture = Fixture::open("async-basics?scale=0.1&blocking=off&seed=7&run=1").await?;
    fixture.page.wait_for_status("Finished").await?;
    Ok(())
}

async fn a_bad_link_is_reported_in_a_notice_and_the_page_works() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    for (link, expected) in [
        ("no-such-exercise?seed=7", "no-such-exercise"),
        ("async-basics?upload=3&seed=7", "upload"),
        ("async-basics?download=99999&seed=7", "99999"),
        ("async-basics?download=-1&seed=7", "-1"),
        ("async-basics?scale=fast&seed=7", "fast"),
        ("async-basics?blocking=maybe&seed=7", "maybe"),
        ("async-basics?seed=seven", "seven"),
        ("async-basics?seed=1000000", "1000000"),
        ("async-basics?download=%3Cimg%20src%3Dx%3E&seed=7", "<img src=x>"),
        ("async-basics?%ff=%&&&=&seed=", "seed"),
    ] {
        page.open(link).await?;
        page.wait_for_button("Run").await?;
        let notices = page.notices().await?;
        assert!(notices.iter().any(|notice| notice.contains(expected)), "{link}: {notices:?}");
        assert_eq!(page.title().await?, "Async basics", "{link}");
        assert!(page.controls().await?.iter().all(|control| !control.is_invalid), "{link}: the nearest value is valid");
    }
    page.open("async-basics?scale=-5&blocking=off&seed=7").await?;
    assert_eq!(page.run_to_the_end().await?.split(' ').next(), Some("Finished"));
    assert_eq!(page.control("scale").await?.value, "0.1", "the nearest valid value");
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}
