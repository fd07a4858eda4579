//! Small pictures of runs: for each exercise its parts in lanes, one below the other, on one axis from zero.
//!
//! They are symbols of one SVG file of the site, so that the first load has no code for them. `tools/site` computes
//! them when it builds the site. The page shows one with `<use>`, and the colours are those of the page.

use crate::figures::lanes::{PartLanes, Scale};
use crate::figures::node::{Element, element};

/// The path of the file, relative to the site.
pub const FILE: &str = "static/pictures.svg";

/// The height of a picture in CSS pixels.
pub const HEIGHT: f64 = 64.0;

/// The units from the left to the right edge. A picture is as wide as its card.
const WIDTH: f64 = 1000.0;

/// The width of the mark where a task begins. In a card of 220 CSS pixels it is 1.5 pixels wide.
const MARK: f64 = 7.0;

/// The highest lane of a picture, and the room between two parts.
const LANE: f64 = 9.0;
const ROOM: f64 = 5.0;

/// The picture with this name.
#[must_use]
pub fn shown(name: &str) -> Element {
    let picture = element("use").attr("href", format!("{FILE}#{name}"));
    let svg = element("svg").class("picture").attr("aria-hidden", "true");
    svg.attr("width", "100%").number("height", HEIGHT).child(picture)
}

/// The file with these symbols.
#[must_use]
pub fn file(symbols: impl IntoIterator<Item = Element>) -> Element {
    element("svg").attr("xmlns", "http://www.w3.org/2000/svg").children(symbols)
}

/// The parts of a run as a symbol with this name.
#[must_use]
pub fn symbol(name: &str, parts: &[PartLanes]) -> Element {
    let rows: u32 = parts.iter().map(|part| part.rows).sum();
    let room = HEIGHT - ROOM * parts.len().saturating_sub(1) as f64;
    let length_us = parts.iter().map(|part| part.length_us).max().unwrap_or(0);
    let scale = Scale { length_us, lane: (room / f64::from(rows.max(1))).min(LANE) };
    let mut top = 0.0;
    let drawn = parts.iter().flat_map(|part| {
        let paths: Vec<_> = part.paths(scale, top, WIDTH, MARK).collect();
        top += f64::from(part.rows) * scale.lane + ROOM;
        paths
    });
    element("symbol")
        .attr("id", name.to_owned())
        .attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}"))
        .attr("preserveAspectRatio", "none")
        .children(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::lanes::test_support::{lanes_of, two_parts};
    use crate::figures::node::Node;

    fn parts() -> [PartLanes; 2] {
        let record = two_parts();
        ["first", "second"].map(|name| lanes_of(&record, name, 300_000))
    }

    #[test]
    fn the_parts_are_one_below_the_other_on_one_axis() {
        let picture: Node = symbol("waits", &parts()).into();
        let outlines: Vec<_> = picture.all("path").iter().map(|path| path.get("d").unwrap_or("")).collect();
        let [waits, marks] = ["M0 0h500v7h-500zM500 0h500v7h-500z", "M0 0h7v7h-7zM500 0h7v7h-7z"];
        assert_eq!(outlines[..2], [waits, marks]);
        assert!(outlines[2].starts_with("M0 14h500") && outlines[2].contains("M0 23h500"), "{outlines:?}");
    }

    #[test]
    fn many_lanes_fit_into_the_height() {
        let one = &parts()[1];
        let picture: Node = symbol("waits", &vec![one.clone(); 8]).into();
        let bottom = |rect: &str| {
            let number = |text: &str| text.parse::<f64>().expect("it is a number");
            let (y, rest) = rect.split_once(' ')?.1.split_once('h')?;
            let height = rest.split_once('v')?.1.split_once('h')?.0;
            Some(number(y) + number(height))
        };
        let paths = picture.all("path");
        let rects = paths.iter().flat_map(|path| path.get("d").unwrap_or("").split_terminator('z'));
        let lowest = rects.map(|rect| bottom(rect).expect("it is a bar")).fold(0.0, f64::max);
        assert!(lowest <= HEIGHT && lowest > HEIGHT - ROOM, "{lowest}");
    }

    #[test]
    fn a_run_without_parts_has_an_empty_picture() {
        assert!(Node::from(symbol("nothing", &[])).all("rect").is_empty());
    }
}
