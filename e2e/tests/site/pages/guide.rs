//! The guide.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::eventually;
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![every_link_of_the_guide_works_and_the_last_part_runs]
}

const LINKS: &str = "return [...document.querySelectorAll('main .guide a[href^=\"#/\"]')].map(link => link.hash);";

async fn every_link_of_the_guide_works_and_the_last_part_runs() -> TestResult {
    let fixture = Fixture::open("guide").await?;
    let page = &fixture.page;
    eventually("the text of the guide", async || {
        let headings = page.texts(".guide h2").await?;
        Ok(if headings.len() >= 6 { Ok(()) } else { Err(format!("{headings:?}")) })
    })
    .await?;
    page.run_to_the_end().await?;
    let checks = page.checks().await?;
    let broken: Vec<_> = checks.iter().filter(|check| !check.passed).map(|check| check.part.as_str()).collect();
    assert_eq!(broken, ["without_a_bound", "use_when_all_are_there"]);

    let values = page.table("The Python guide's own values").await?;
    assert_eq!(values.len(), 8, "{values:?}");
    assert!(values[0][1].starts_with("download 2 s, data set 1 s, preprocessing 1.5 s"), "{values:?}");

    let mut links: Vec<String> = page.evaluate(LINKS, Vec::new()).await?;
    links.sort();
    links.dedup();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        page.follow(link.trim_start_matches("#/")).await?;
        let slug = link.trim_start_matches("#/").split('?').next().unwrap_or_default().to_owned();
        page.wait_for_button("Run").await?;
        assert_eq!(page.notices().await?, [""; 0], "{link}");
        assert!(!slug.is_empty());
    }
    Ok(())
}
