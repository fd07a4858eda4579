//! The page as a browser would take it apart, in as far as a test can tell.

use std::rc::Rc;

use super::*;
use crate::exercises::catalogue;
use crate::measure::{EventKind, Outcome};
use crate::share::samples::{finished, hostile, with_everything};

/// All tags that a page opens, each with what stands in it.
fn tags(page: &str) -> Vec<&str> {
    let inside = page.split('<').skip(1).map(|piece| piece.split_once('>').map_or(piece, |(tag, _)| tag));
    inside.filter(|tag| !tag.starts_with(['/', '!'])).collect()
}

#[track_caller]
fn assert_harmless(page: &str) {
    const KNOWN: &[&str] = &[
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "section",
        "h1",
        "h2",
        "h3",
        "p",
        "b",
        "code",
        "dl",
        "div",
        "dt",
        "dd",
        "figure",
        "figcaption",
        "ul",
        "ol",
        "li",
        "time",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "rect",
        "line",
        "text",
    ];
    for tag in tags(page) {
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(KNOWN.contains(&name), "<{tag}>");
        for attribute in attributes.split("\" ").filter(|it| !it.is_empty()) {
            let (name, _) = attribute.split_once("=\"").unwrap_or_else(|| panic!("{attribute} in <{tag}>"));
            assert!(!name.starts_with("on") && !["href", "src", "style"].contains(&name), "{attribute}");
        }
    }
}

#[test]
fn hostile_text_is_only_text() {
    let texts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onload='alert(1)",
        "</style></title></svg><iframe src=\"javascript:alert(1)\">",
        "<!-- ]]> &lt;script&gt; \0",
    ];
    for text in texts {
        let page = write(&hostile(text));
        assert_harmless(&page);
        assert!(!page.contains(text), "{text} is escaped wherever it stands");
        let escaped = Markup::text(text).into_text();
        assert!(page.matches(&escaped).count() >= 7, "it is told: {text}");
    }
}

#[test]
fn every_exercise_has_a_page_with_what_it_found() {
    for exercise in catalogue::all() {
        let run = finished(exercise, with_everything(exercise));
        let page = write(&run);
        assert_harmless(&page);
        let report = run.report.as_ref().expect("it came to its end");
        let told = [exercise.title, exercise.teaches, &run.ending.sentence(), &run.place().to_string()];
        let notes = report.notes.iter().map(String::as_str);
        let tables = report.tables.iter().map(|table| table.caption.as_str());
        for told in told.into_iter().chain(notes).chain(tables) {
            assert!(page.contains(&Markup::text(told).into_text()), "{}: {told}", exercise.slug);
        }
        assert_eq!(page.matches("<table>").count(), report.tables.len());
    }
}

#[test]
fn a_run_of_very_many_tasks_has_a_page_of_a_sensible_size_that_says_so() {
    let mut record = Record::default();
    let tasks: Vec<_> = (0..20_000).map(|_| record.spawn(0, "sleep".into(), None)).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        record.push(n as u64, task, EventKind::PollStarted);
        record.push(n as u64 + 9, task, EventKind::Ended(Outcome::Failed));
        record.log(LogLine { at_us: n as u64, task: Some(task), level: Level::Error, text: "it failed".into() });
    }
    let page = write(&SavedRun { record: Rc::new(record), ..hostile("x") });
    assert!(page.contains("the longest in the first 80 lanes") && page.contains("19,500 earlier lines are left out"));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
}
