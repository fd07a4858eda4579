//! Takes the page apart roughly as a browser would.

use std::rc::Rc;

use super::*;
use crate::exercises::controls::Value;
use crate::exercises::exercise::Exercise;
use crate::exercises::properties::Property;
use crate::exercises::{async_api_calls, async_basics, async_ml_pipeline, catalogue, validate_async};
use crate::measure::digit::Digit;
use crate::measure::latencies::Latencies;
use crate::measure::{EventKind, Outcome};
use crate::share::samples::{finished, hostile, with_everything};

/// The address at which the run can be repeated.
const ADDRESS: &str = "https://example.org/#/async-basics?seed=7";

/// All start tags of a page, each with its attributes.
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
        "details",
        "summary",
        "span",
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
        "path",
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
        let page = write(&hostile(text), ADDRESS);
        assert_harmless(&page);
        assert!(!page.contains(text), "{text} is escaped everywhere");
        let escaped = escaped(text);
        assert!(page.matches(&escaped).count() >= 14, "it is in the page: {text}");
    }
}

#[test]
fn every_exercise_has_a_page_with_its_results() {
    for exercise in catalogue::all() {
        let run = finished(exercise, with_everything(exercise));
        let page = write(&run, ADDRESS);
        assert_harmless(&page);
        let report = run.report.as_ref().expect("it finished");
        let texts = [exercise.title, exercise.teaches, &run.ending.sentence(), ADDRESS];
        let notes = report.notes.iter().map(String::as_str);
        let tables = report.tables().into_iter().map(|table| table.caption.as_str());
        for text in texts.into_iter().chain(notes).chain(tables) {
            assert!(page.contains(&escaped(text)), "{}: {text}", exercise.slug);
        }
        let validations: Vec<_> = report.validations().collect();
        let groups = validations.chunk_by(|one, next| one.group == next.group).count();
        let percentiles = usize::from(report.requests().is_some()) + page.matches("data-distribution").count();
        let shown = without_disclosures(&page);
        assert_eq!(shown.matches("<table>").count(), report.tables().len() + groups + percentiles, "{}", exercise.slug);
        // Every figure has its numbers as a table, except the digits.
        let figures = page.matches("<figure").count() - page.matches("<figure class=\"digits\"").count();
        assert_eq!(page.matches("<details><summary>Show as table</summary>").count(), figures, "{}", exercise.slug);
    }
}

#[test]
fn a_run_of_very_many_tasks_has_a_small_page_that_says_what_is_not_shown() {
    let mut record = Record::default();
    let tasks: Vec<_> = (0..20_000).map(|_| record.spawn(0, "sleep".into(), None)).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        record.push(n as u64, task, EventKind::PollStarted);
        record.push(n as u64 + 9, task, EventKind::Ended(Outcome::Failed));
        record.log(LogLine { at_us: n as u64, task: Some(task), level: Level::Error, text: "it failed".into() });
    }
    let page = write(&SavedRun { record: Rc::new(record), ..hostile("x") }, ADDRESS);
    assert!(page.contains("the longest in the first 80 lanes") && page.contains("19,500 earlier lines are not shown"));
    assert!(page.len() < 1_500_000, "{} bytes", page.len());
}

/// The part of the page below a heading.
#[track_caller]
fn below<'a>(page: &'a str, heading: &str) -> &'a str {
    let after = page.split_once(&format!("<h2>{heading}</h2>")).unwrap_or_else(|| panic!("there is no {heading}")).1;
    after.split("</section>").next().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    to_html(&[Node::Text(text.to_owned().into())])
}

/// The page without the tables that are behind a disclosure.
fn without_disclosures(page: &str) -> String {
    let mut pieces = page.split("<details>");
    let first = pieces.next().unwrap_or_default().to_owned();
    let rest = pieces.filter_map(|piece| Some(piece.split_once("</details>")?.1));
    rest.fold(first, |shown, piece| shown + piece)
}

/// A run with everything that the exercise can show, and its page.
fn shown(exercise: &'static Exercise, numbers: &[(&'static str, f64)]) -> (SavedRun, String) {
    let mut settings = with_everything(exercise);
    numbers.iter().for_each(|(name, value)| settings.set(name, Value::Number(*value)));
    let run = finished(exercise, settings);
    let page = write(&run, ADDRESS);
    (run, page)
}

#[test]
fn both_latencies_have_a_bar_for_each_bin_and_their_percentiles() {
    let (run, page) = shown(&async_api_calls::EXERCISE, &[]);
    let requests = run.report.as_ref().and_then(|report| report.requests()).expect("it sent requests");
    let both = Latencies::from_requests(requests).expect("it sent requests");
    let latency = below(&page, "Latency");
    assert!(latency.contains(&escaped(&both.caption())));
    assert_eq!(latency.matches("<rect").count(), 2 * both.since_due.counts.len());
    assert_eq!(
        without_disclosures(latency).matches("</tr>").count(),
        1 + crate::measure::latencies::table(requests).rows.len()
    );
}

#[test]
fn a_sweep_has_two_columns_for_each_level_and_marks_the_knee_in_both() {
    let (run, page) = shown(&async_api_calls::EXERCISE, &[("capacity", 2.0), ("sweep", 8.0), ("failure-rate", 0.0)]);
    let sweep = run.report.as_ref().and_then(|report| report.sweep()).expect("it was asked for");
    let knee = sweep.knee().expect("the levels go beyond the capacity of the server").concurrency;
    let drawn = below(&page, "Concurrency sweep");
    assert!(drawn.contains(&escaped(&sweep.sentence())));
    assert_eq!(drawn.matches("<rect").count(), 2 * sweep.levels().len());
    assert_eq!(drawn.matches(&format!(">{knee}: the knee<")).count(), 2);
}

#[test]
fn a_pipeline_has_an_outline_for_each_stage_and_queue_and_columns_for_each_batch_size() {
    let (run, page) = shown(&async_ml_pipeline::EXERCISE, &[]);
    let report = run.report.as_ref().expect("it finished");
    let stages = below(&page, "Stages over time");
    let outlines: usize = report.flows().map(|flow| flow.stages.len() + flow.queues.len()).sum();
    assert!(outlines > 0 && stages.matches("<path").count() == outlines, "{outlines}");
    assert!(report.flows().all(|flow| stages.contains(&escaped(&flow.title()))));
    let sizes = report.batch_sizes().expect("it was asked for");
    let drawn = below(&page, "Batch sizes");
    assert!(drawn.contains(&escaped(&sizes.sentence())) && drawn.contains(": enough<"));
    assert_eq!(drawn.matches("<rect").count(), 2 * sizes.levels().len());
}

#[test]
fn every_digit_has_a_picture_and_its_prediction() {
    let (run, page) = shown(&async_basics::EXERCISE, &[]);
    let digits: Vec<_> = run.report.as_ref().expect("it finished").digits().cloned().collect();
    let found = below(&page, "Findings");
    assert!(!digits.is_empty() && found.contains(&escaped(&Digit::summary(&digits, run.experiment.seed))));
    assert_eq!(found.matches("viewBox=\"0 0 8 8\"").count(), digits.len());
}

#[test]
fn every_promise_is_in_a_table_with_the_expected_and_the_measured_value() {
    let (run, page) = shown(&validate_async::EXERCISE, &[]);
    let validations = run.report.as_ref().expect("it finished").validations();
    let found = below(&page, "Findings");
    for it in validations {
        for text in [&it.promise, it.expected.as_str(), &it.measured, it.verdict.in_words()] {
            assert!(found.contains(&format!("<td class=\"\">{}</td>", escaped(text))), "{}: {text}", it.name);
        }
    }
}

#[test]
fn every_property_of_the_run_is_listed_with_its_verdict() {
    let (run, page) = shown(&async_basics::EXERCISE, &[]);
    let properties = run.experiment.properties(&run.record, &run.compared());
    let checks = below(&page, "Checks");
    assert_eq!(checks.matches("<li>").count(), properties.len());
    assert!(properties.iter().all(|it| checks.contains(&escaped(&format!("{}: {}", it.verdict(), it.claim)))));
    let cut_short = write(&hostile("x"), ADDRESS);
    assert_eq!(below(&cut_short, "Checks").matches("<li>").count(), Property::nothing_left(&hostile("x").record).len());
}
