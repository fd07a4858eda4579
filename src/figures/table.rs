//! Tables, in the open and behind a disclosure.

use crate::figures::node::{Element, Node, element};
use crate::measure::report::{Column, Table};

/// A table; a wide one scrolls by itself.
#[must_use]
pub fn table(data: &Table) -> Element {
    let header = |column: &Column| element("th").attr("scope", "col").class(class(column)).text(column.title.clone());
    let row = |cells: &Vec<String>| {
        element("tr").children(data.columns.iter().zip(cells).map(|(column, text)| cell(column, text)))
    };
    scrolling(data, data.columns.iter().map(header).collect(), data.rows.iter().map(row))
}

/// A cell of a column.
pub(super) fn cell(column: &Column, text: &str) -> Element {
    element("td").class(class(column)).text(text.to_owned())
}

/// A table with these column headers and rows.
pub(super) fn scrolling(data: &Table, headers: Vec<Element>, rows: impl Iterator<Item = Element>) -> Element {
    let table = element("table")
        .child(element("caption").text(data.caption.clone()))
        .child(element("thead").child(element("tr").children(headers)))
        .child(element("tbody").children(rows));
    element("div")
        .class("scrolls")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", format!("{}, a table", data.caption))
        .child(table)
}

/// The data of a chart as a table, behind a disclosure.
#[must_use]
pub fn disclosed(data: &Table) -> Node {
    element("details").child(element("summary").text("Show as table")).child(table(data)).into()
}

/// The class of a column's cells.
pub(super) fn class(column: &Column) -> &'static str {
    if column.is_numeric { "number" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_caption_a_head_and_a_cell_for_each_column() {
        let data = Table {
            caption: "Models".to_owned(),
            columns: vec![Column::text("Name"), Column::number("Size")],
            rows: vec![vec!["mlp-16".to_owned(), "8 KB".to_owned()]],
        };
        let drawn = disclosed(&data);
        assert_eq!(drawn.texts("summary"), ["Show as table"]);
        assert_eq!(drawn.attributes(".scrolls", "aria-label"), ["Models, a table"]);
        assert_eq!(
            (drawn.texts("caption"), drawn.texts("th")),
            (vec!["Models".into()], vec!["Name".into(), "Size".into()])
        );
        assert_eq!(drawn.attributes("td", "class"), ["", "number"]);
        assert_eq!(drawn.rows(), [["mlp-16", "8 KB"]]);
        assert_eq!(Node::from(table(&Table { rows: Vec::new(), ..data })).rows(), Vec::<Vec<String>>::new());
    }
}
