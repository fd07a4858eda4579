//! Exporting a run as a file and opening it again, in every engine.

use std::fs;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::{Value, json};
use tempfile::TempDir;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_finished_run_is_opened_without_any_difference, the_timeline_is_exported_as_a_picture].chain(
        in_chromium![
            a_stopped_run_is_exported_and_opened,
            a_file_opens_on_the_page_of_its_exercise,
            a_file_that_is_not_a_run_is_refused_with_the_reason_and_the_page_works,
            hostile_text_in_a_file_is_only_text,
            each_format_of_export_is_valid
        ],
    )
}

const LINK: &str = "async-multiple?samples=12&limit=4&seed=7";

/// Exports the run in the format with this name, and returns the file's name and text.
async fn export(page: &Page, format: &str) -> Result<(String, String), PageError> {
    page.catch_downloads().await?;
    page.wait_for_button("Export").await?;
    if page.attributes("button[aria-expanded]", "aria-expanded").await? == ["false"] {
        page.press("Export").await?;
    }
    page.wait_for_button(format).await?;
    page.press(format).await?;
    page.wait_for_downloads(1).await
}

/// Opens a file with this text. Keep the returned folder: the page may read the file later.
async fn open(page: &Page, text: &str) -> Result<TempDir, TestError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("run.json");
    fs::write(&path, text)?;
    page.choose_files(&[path.as_path()]).await?;
    eventually("the opened file or an error", async || {
        let texts = page.texts("[data-opened], .share .failure").await?;
        Ok(if texts.is_empty() { Err("nothing".to_owned()) } else { Ok(()) })
    })
    .await?;
    Ok(folder)
}

async fn a_finished_run_is_opened_without_any_difference(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    assert!(!page.is_enabled("Export").await?, "there is nothing to export yet");
    page.run_to_the_end().await?;
    let (before, checks) = (page.settled_results().await?, page.checks().await?);
    let findings = page.texts(".results .panel p").await?;
    let (name, text) = export(page, "JSON").await?;
    assert!(name.starts_with("async-multiple-seed7-") && name.ends_with(".json"), "{name}");

    page.reload().await?;
    page.wait_for_button("Run").await?;
    let _file = open(page, &text).await?;
    let after = page.settled_results().await?;
    assert_eq!((&after.status, &after.metrics, &after.bars), (&before.status, &before.metrics, &before.bars));
    assert_eq!((&after.log, &after.captions), (&before.log, &before.captions));
    assert_eq!(after.rows, before.rows);
    assert!(after.timeline == before.timeline, "the timeline looks the same");
    assert_eq!(page.checks().await?, checks);
    let texts = page.texts(".results .panel p").await?;
    let missing: Vec<_> = findings.iter().filter(|it| !texts.contains(it) && !it.contains("Downloaded")).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(page.texts("[data-opened]").await?[0].contains("Press Run to start a new one"));
    assert_eq!(page.link().await?, LINK);

    let (_, again) = export(page, "JSON").await?;
    assert_eq!(again, text, "an opened run is exported without any difference");
    page.run_to_the_end().await?;
    assert!(page.texts("[data-opened]").await?.is_empty());
    Ok(())
}

async fn a_stopped_run_is_exported_and_opened() -> TestResult {
    let fixture = Fixture::open("async-basics?download=2000&scale=5&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_tasks().await?;
    page.press("Stop").await?;
    let status = page.wait_for_status("Stopped").await?;
    let before = page.settled_results().await?;
    let (_, text) = export(page, "JSON").await?;
    page.open("async-multiple").await?;
    page.wait_for_button("Run").await?;
    let _file = open(page, &text).await?;
    let after = page.settled_results().await?;
    assert_eq!((after.status, after.metrics, after.bars), (status, before.metrics, before.bars));
    Ok(())
}

async fn a_file_opens_on_the_page_of_its_exercise() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let status = page.status().await?;
    let (_, text) = export(page, "JSON").await?;
    page.follow("common-issues").await?;
    page.wait_for_status("Ready").await?;
    let _file = open(page, &text).await?;
    assert_eq!(page.wait_for_status("Finished").await?, status);
    assert_eq!((page.link().await?.as_str(), page.title().await?.as_str()), (LINK, "Many tasks"));
    Ok(())
}

async fn a_file_that_is_not_a_run_is_refused_with_the_reason_and_the_page_works() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    let cases = [
        ("PK", "This file cannot be opened: the file is not valid JSON (line 1, column 1)"),
        ("[]", "This file cannot be opened: the file is not a run that this page exported."),
        (
            r#"{ "format": "interleave-run", "version": 9 }"#,
            "the file has format version 9, but this page reads versions 1 to 2.",
        ),
    ];
    for (text, reason) in cases {
        let _file = open(page, text).await?;
        eventually(reason, async || {
            let now = page.texts(".failure").await?.join(" ");
            Ok(if now.contains(reason) { Ok(()) } else { Err(now) })
        })
        .await?;
    }
    assert!(page.status().await?.starts_with("Ready"));
    page.run_to_the_end().await?;
    Ok(())
}

/// Replaces every text that the page shows of a run.
fn with_text(file: &mut Value, text: &str) {
    file["record"]["names"][1] = json!(text);
    file["record"]["log"] = json!([{ "at_us": 0, "task": 1, "level": "info", "text": text }]);
    file["report"]["notes"] = json!([text]);
    let table = json!({ "caption": text, "columns": [{ "title": text, "is_numeric": false }], "rows": [[text]] });
    file["report"]["sections"] = json!([{ "table": table }]);
    file["report"]["checks"][0]["claim"] = json!(text);
    file["ending"] = json!({ "failed": { "after_us": 9, "message": text, "advice": text } });
}

async fn hostile_text_in_a_file_is_only_text() -> TestResult {
    const TEXT: &str = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'>";
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let (_, text) = export(page, "JSON").await?;
    let mut file: Value = serde_json::from_str(&text)?;
    with_text(&mut file, TEXT);
    page.evaluate::<()>("window.dialogs = 0; window.alert = () => { window.dialogs += 1 }", Vec::new()).await?;
    let _file = open(page, &file.to_string()).await?;
    page.wait_for_status("Failed").await?;
    page.open_disclosures().await?;
    page.settled_results().await?;
    let created: (u32, u32) = page
        .evaluate("return [document.querySelectorAll('main img, main script').length, window.dialogs]", Vec::new())
        .await?;
    assert_eq!(created, (0, 0));
    for place in [".failure p", ".log span", ".results caption", ".results td", ".checks span", "[role=status]"] {
        let texts = page.texts(place).await?;
        assert!(texts.iter().any(|it| it.contains(TEXT)), "{place}: {texts:?}");
    }
    Ok(())
}

async fn each_format_of_export_is_valid() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let tasks: usize = page.metric("tasks").await?.parse()?;
    let (name, csv) = export(page, "Tasks as CSV").await?;
    assert!(
        name.ends_with("-tasks.csv") && csv.trim_start_matches('\u{feff}').starts_with("id,parent,name,"),
        "{name}"
    );
    assert_eq!(csv.lines().count(), tasks + 1);
    let (name, trace) = export(page, "Chrome trace").await?;
    let trace: Value = serde_json::from_str(&trace)?;
    let slices = trace["traceEvents"].as_array().into_iter().flatten().filter(|event| event["ph"] == "X").count();
    assert!(name.ends_with("-trace.json") && slices >= tasks / 2, "{name}: {slices} slices of {tasks} tasks");
    let (name, html) = export(page, "HTML report").await?;
    assert!(name.ends_with(".html") && html.contains("<h1>Many tasks</h1>"), "{name}");
    assert!(html.contains(&page.status().await?) && !html.contains("<script"), "{html}");
    Ok(())
}

/// The title of the last file as SVG, and its width. Fails if it is not well-formed.
const SVG: &str = "return window.files.at(-1).text().then((text) => {
    const svg = new DOMParser().parseFromString(text, 'image/svg+xml');
    const error = svg.querySelector('parsererror');
    if (error) throw error.textContent;
    return [svg.querySelector('title').textContent, Number(svg.documentElement.getAttribute('width'))];
})";

/// The width of the last file as an image, and the number of its pixels in the colour of code that runs.
const PNG: &str = "return createImageBitmap(window.files.at(-1)).then((image) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const isNear = (at) => [47, 91, 215].every((value, i) => Math.abs(data[at + i] - value) < 10);
    let blue = 0;
    for (let at = 0; at < data.length; at += 4) blue += isNear(at);
    return [image.width, blue];
})";

async fn the_timeline_is_exported_as_a_picture(engine: Engine) -> TestResult {
    // It computes, so that there is something to see of code that runs.
    let fixture = Fixture::open_in(engine, "async-basics?scale=0.1&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let (name, svg) = export(page, "Picture (SVG)").await?;
    let (title, width): (String, u32) = page.evaluate(SVG, Vec::new()).await?;
    assert!(name.ends_with(".svg") && title.starts_with("Async basics: "), "{name}: {title}");
    let address = format!("{}#/async-basics?scale=0.1", fixture.server.url());
    assert!(svg.contains(&address) && svg.contains("&amp;seed=7"), "{svg}");
    let (name, _) = export(page, "Picture (PNG)").await?;
    let (pixels, blue): (u32, u32) = page.evaluate(PNG, Vec::new()).await?;
    assert!(name.ends_with(".png") && pixels == 2 * width, "{name}: {pixels} pixels for {width}");
    assert!(blue > 100, "{blue} pixels show code that runs");
    Ok(())
}
