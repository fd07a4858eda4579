//! Tests and their results, as a list for each file.

use super::node::{Element, Node, element};
use super::prose::with_code;
use crate::measure::test_result::{TestOutcome, TestResult, verdict};

/// The verdict, then a list for each file.
#[must_use]
pub fn test_results(results: &[TestResult]) -> Vec<Node> {
    let summary = element("p").class("verdict").text(verdict(results));
    let files = results.chunk_by(|one, next| one.file() == next.file()).flat_map(file);
    [summary].into_iter().chain(files).map(Node::from).collect()
}

fn file(results: &[TestResult]) -> [Element; 2] {
    let heading = element("h3").text(results[0].file().to_owned());
    [heading, element("ul").class("tests").children(results.iter().map(item))]
}

fn item(result: &TestResult) -> Element {
    let (class, outcome) = match result.outcome {
        TestOutcome::Passed => ("passes", "passed"),
        TestOutcome::Failed => ("fails", "failed"),
        TestOutcome::Skipped => ("skipped", "skipped"),
    };
    let place = result
        .place
        .as_ref()
        .map(|place| element("p").class("hint").text(format!("Line {} of {}", place.line, place.path)));
    let message = (!result.message.is_empty()).then(|| with_code("p", &result.message).class("message"));
    element("li")
        .class(class)
        .attr("data-test", result.id.clone())
        .attr("data-outcome", outcome)
        .child(element("b").text(result.outcome.in_words()))
        .text(" ")
        .child(element("code").text(result.name().to_owned()))
        .children(message)
        .children(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::test_result::TestPlace;

    #[test]
    fn each_file_has_a_list_and_a_failure_has_its_reason() {
        let passed = |id: &str| TestResult {
            id: id.to_owned(),
            outcome: TestOutcome::Passed,
            message: String::new(),
            place: None,
        };
        let failed = TestResult {
            outcome: TestOutcome::Failed,
            message: "`gather` got <b>one list</b>".to_owned(),
            place: Some(TestPlace { path: "scripts/a.py".to_owned(), line: 14 }),
            ..passed("tests/test_a.py::test_two")
        };
        let results = [passed("tests/test_a.py::test_one"), failed, passed("tests/test_b.py::test_one")];
        let drawn: Node = element("div").children(test_results(&results)).into();
        assert_eq!(drawn.texts(".verdict"), ["1 of 3 tests failed."]);
        assert_eq!(drawn.texts("h3"), ["tests/test_a.py", "tests/test_b.py"]);
        assert_eq!(drawn.texts("code"), ["test_one", "test_two", "gather", "test_one"]);
        assert_eq!(drawn.texts(".message"), ["gather got <b>one list</b>"]);
        assert_eq!(drawn.texts(".hint"), ["Line 14 of scripts/a.py"]);
        assert_eq!(drawn.attributes("li", "data-outcome"), ["passed", "failed", "passed"]);
    }
}
