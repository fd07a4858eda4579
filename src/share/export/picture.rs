//! A run's timeline as a picture for slides, posts and papers: an SVG that needs nothing else. It says which exercise it
//! is, what came out, and at which address the run can be repeated.
//!
//! Colours are attributes, because programs and sites that show an SVG often ignore its style sheet. They are those of
//! the light scheme, on white.

use crate::figures::markup::to_html;
use crate::figures::node::{Element, Node, element};
use crate::figures::timeline::{self, WIDTH};
use crate::share::saved::SavedRun;

/// The colours, by class: the attribute, and its value.
const COLOURS: [(&str, &str, &str); 7] = [
    ("running", "fill", "#2f5bd7"),
    ("waiting", "fill", "#c3d0f3"),
    ("queued", "fill", "#d5d7db"),
    ("failed", "fill", "#c2410c"),
    ("muted", "fill", "#5b6168"),
    ("name", "fill", "#1c1e21"),
    ("axis", "stroke", "#5b6168"),
];

const PAPER: &str = "#ffffff";
const INK: &str = "#1c1e21";
const MUTED: &str = "#5b6168";

/// The space around everything.
const MARGIN: f64 = 24.0;

/// The longest line of small text, in letters: fonts differ, and SVG does not wrap text.
const LONGEST_LINE: usize = 110;

/// A picture as SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The text of the file.
    pub svg: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// Draws the run. `address` is the complete address of its page.
pub(super) fn draw(run: &SavedRun, address: &str) -> Picture {
    let title = run.experiment.exercise().title;
    let headline = run.headline();
    let tasks = timeline::picture(&run.record);
    let mut page = Page::default();
    page.write(title, 24.0, INK);
    for line in lines(&headline) {
        page.write(&line, 15.0, INK);
    }
    page.skip(12.0);
    let shapes = element("g")
        .attr("transform", format!("translate({MARGIN} {})", page.bottom))
        .children(tasks.shapes.into_iter().map(coloured));
    page.add(shapes, tasks.height);
    page.skip(4.0);
    for line in lines(&tasks.caption).into_iter().chain(lines(address)) {
        page.write(&line, 13.0, MUTED);
    }
    let (width, height) = (WIDTH + 2.0 * MARGIN, (page.bottom + MARGIN).ceil());
    let svg = element("svg")
        .attr("xmlns", "http://www.w3.org/2000/svg")
        .attr("viewBox", format!("0 0 {width} {height}"))
        .number("width", width)
        .number("height", height)
        .attr("font-family", "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif")
        .attr("font-size", "13")
        .child(element("title").text(format!("{title}: {headline}")))
        .child(element("desc").text(format!("{} {address}", tasks.caption)))
        .child(element("rect").attr("width", "100%").attr("height", "100%").attr("fill", PAPER))
        .children(page.parts);
    Picture { svg: to_html(&[svg.into()]), width: width as u32, height: height as u32 }
}

/// The parts of the picture, from top to bottom.
struct Page {
    parts: Vec<Element>,
    bottom: f64,
}

impl Default for Page {
    fn default() -> Self {
        Self { parts: Vec::new(), bottom: MARGIN }
    }
}

impl Page {
    fn add(&mut self, part: Element, height: f64) {
        self.parts.push(part);
        self.bottom += height;
    }

    fn skip(&mut self, height: f64) {
        self.bottom += height;
    }

    fn write(&mut self, text: &str, size: f64, colour: &'static str) {
        let line = element("text")
            .number("x", MARGIN)
            .number("y", self.bottom + size)
            .number("font-size", size)
            .attr("fill", colour)
            .text(text.to_owned());
        self.add(line, (size * 1.4).ceil());
    }
}

/// The element with the colours of its class as attributes.
fn coloured(mut element: Element) -> Element {
    let class = element.attributes.iter().position(|(name, _)| *name == "class");
    let class = class.map(|at| element.attributes.remove(at).1);
    let colour = COLOURS.iter().find(|(name, ..)| class.as_deref() == Some(name));
    element.attributes.extend(colour.map(|(_, attribute, value)| (*attribute, (*value).into())));
    let inside = |node| match node {
        Node::Element(element) => Node::Element(coloured(element)),
        text => text,
    };
    element.children = element.children.into_iter().map(inside).collect();
    element
}

/// The text in lines. A word that is longer than a line, such as an address, continues on the next one.
fn lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is at least one");
        let room = LONGEST_LINE.saturating_sub(last.chars().count() + 1);
        if last.is_empty() || word.chars().count() <= room {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.into_iter().flat_map(|line| pieces(&line)).collect()
}

fn pieces(line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    letters.chunks(LONGEST_LINE).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercises::async_basics::EXERCISE;
    use crate::exercises::controls::Settings;
    use crate::share::samples::{finished, hostile};

    const ADDRESS: &str = "https://example.org/#/async-basics?seed=7";

    /// Fails unless every tag is closed in order and every `&` begins one of the entities of XML.
    #[track_caller]
    fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("a tag ends");
            assert!(!text.contains('>'), "{text}");
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{svg}"),
                None => open.push(tag.split(' ').next().expect("it has a name")),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        let rest = svg.split('&').skip(1);
        rest.for_each(|rest| assert!(entities.iter().any(|it| rest.starts_with(it)), "{rest}"));
    }

    #[test]
    fn it_names_the_exercise_the_result_and_the_address() {
        let run = finished(&EXERCISE, Settings::defaults(EXERCISE.controls));
        let Picture { svg, width, height } = draw(&run, ADDRESS);
        assert_well_formed(&svg);
        for text in [">Async basics<", &format!(">{}<", run.headline()), &format!(">{ADDRESS}<"), "#2f5bd7"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(svg.contains(&format!("width=\"{width}\" height=\"{height}\"")), "{svg}");
    }

    #[test]
    fn it_needs_no_style_sheet_and_loads_nothing() {
        let run = finished(&EXERCISE, Settings::defaults(EXERCISE.controls));
        let svg = draw(&run, ADDRESS).svg;
        for part in ["class=", "<style", "<script", "href=", "url(", "<foreignObject"] {
            assert!(!svg.contains(part), "{part}: {svg}");
        }
    }

    #[test]
    fn text_stays_text() {
        let text = "\"><script>alert('1') & ]]>\0</script>";
        let svg = draw(&hostile(text), &format!("https://example.org/#/{text}")).svg;
        assert_well_formed(&svg);
        assert!(!svg.contains("<script"), "{svg}");
        assert!(!svg.contains('\0'), "XML does not allow it");
    }

    #[test]
    fn long_text_is_put_on_several_lines() {
        assert_eq!(lines("a b"), ["a b"]);
        let words = "word ".repeat(50);
        assert!(lines(words.trim()).iter().all(|line| line.chars().count() <= LONGEST_LINE && !line.starts_with(' ')));
        assert_eq!(lines(words.trim()).join(" "), words.trim());
        let address = "ü".repeat(300);
        assert_eq!(lines(&address).concat(), address);
        assert_eq!(lines(&address).len(), 3);
    }
}
