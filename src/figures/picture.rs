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
        let bars: Vec<_> = part.bars(scale, top).collect();
        top += f64::from(part.rows) * scale.lane + ROOM;
        bars
    });
    element("symbol").attr("id", name.to_owned()).children(drawn)
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
        let rects = picture.all("rect");
        let places: Vec<_> = rects.iter().map(|rect| ["y", "width"].map(|name| rect.get(name).unwrap_or(""))).collect();
        let expected = [["0", "50%"], ["0", "50%"], ["0", "1.5"], ["0", "1.5"], ["14", "50%"], ["23", "50%"]];
        assert_eq!(places[..6], expected);
    }

    #[test]
    fn many_lanes_fit_into_the_height() {
        let one = &parts()[1];
        let picture: Node = symbol("waits", &vec![one.clone(); 8]).into();
        let bottom = |rect: &&Element| {
            let number = |name| rect.get(name).and_then(|text| text.parse::<f64>().ok()).expect("it is a number");
            number("y") + number("height")
        };
        let lowest = picture.all("rect").iter().map(bottom).fold(0.0, f64::max);
        assert!(lowest <= HEIGHT && lowest > HEIGHT - ROOM, "{lowest}");
    }

    #[test]
    fn a_run_without_parts_has_an_empty_picture() {
        assert!(Node::from(symbol("nothing", &[])).all("rect").is_empty());
    }
}
