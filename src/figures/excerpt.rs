//! The lines of a few functions that do something, as the first page shows them next to the tasks that they start.

use crate::figures::code::{Function, SourceCode, Token, line};
use crate::figures::node::{Element, element};

/// These functions of a Python file, without blank lines, comments, docstrings and what they return. Each line names
/// the function that it is in and, if it calls another function of the file, that function.
#[must_use]
pub fn excerpt(source: &SourceCode, functions: &[&str]) -> Element {
    let shown = functions.iter().filter_map(|name| source.function(name));
    let pane = element("pre").class("excerpt").attr("tabindex", "0").attr("aria-label", "The program in Python");
    pane.children(shown.map(|function| {
        let lines = function.lines.clone().skip_while(|number| *number < function.head);
        let lines = lines.filter_map(|number| Some((number, source.lines.get(number as usize - 1)?)));
        element("code").children(lines.filter(|(_, tokens)| does_something(tokens)).map(|(number, tokens)| {
            let calls = (number != function.head).then(|| called_on(source, tokens)).flatten();
            line(number, tokens)
                .attr("data-part", function.name.clone())
                .attr_if("data-calls", calls.map(|function| &function.name))
        }))
    }))
}

fn does_something(tokens: &[Token]) -> bool {
    let Some(first) = tokens.iter().find(|token| !token.text.trim().is_empty()) else { return false };
    // A statement that begins with a string is a docstring.
    let is_text = matches!(first.class, Some("c" | "s")) || first.text.trim_start().starts_with('"');
    !is_text && first.text.trim() != "return"
}

/// The first other function of the file that a line calls.
fn called_on<'a>(source: &'a SourceCode, tokens: &[Token]) -> Option<&'a Function> {
    let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
    source.functions.iter().find(|function| text.contains(&format!("{}(", function.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::node::Node;

    const FILE: &str = "0123
async def load(delay):
    \u{2}\"\"\"Loads.\"\"\"\u{1}
    pass

def other():
    pass

async def together(scale):
    \u{3}\"\"\"Loads.\"\"\"\u{1}
    data = await asyncio.gather(
        load(scale),
        load(2 * scale),
    )
    \u{2}# Why.\u{1}

    \u{7}return\u{1} data
";

    #[test]
    fn the_lines_that_do_something_have_their_numbers_and_what_they_call() {
        let shown: Node = excerpt(&SourceCode::parse(FILE), &["together"]).into();
        let texts = [
            "async def together(scale):",
            "    data = await asyncio.gather(",
            "        load(scale),",
            "        load(2 * scale),",
            "    )",
        ];
        assert_eq!(shown.texts(".text"), texts);
        assert_eq!(shown.attributes(".line", "data-line"), ["8", "10", "11", "12", "13"]);
        assert_eq!(shown.attributes(".line", "data-part"), ["together"; 5]);
        assert_eq!(shown.attributes(".line", "data-calls"), ["load", "load"]);
    }

    #[test]
    fn functions_that_the_file_does_not_have_are_left_out() {
        let shown: Node = excerpt(&SourceCode::parse(FILE), &["missing", "other"]).into();
        assert_eq!(shown.texts("code").len(), 1);
    }
}
