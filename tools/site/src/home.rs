//! The first page as HTML. It looks as the app shows it first, so that nothing moves when the app takes its place: what
//! cannot work yet is disabled.

use interleave::exercises::catalogue;
use interleave::exercises::control_kind::ControlKind;
use interleave::exercises::controls::Control;
use interleave::figures::code::SourceCode;
use interleave::figures::excerpt::excerpt;
use interleave::figures::node::{Element, element};
use interleave::frame::first_run::{self, PARTS};
use interleave::frame::{self, cards};

use crate::links::address;

/// The page without the frame around it. `python` is the source of the first exercise, as the site has it.
pub fn parts(python: &str) -> Vec<Element> {
    vec![hero(), first_run(python), exercises(), more()]
}

fn hero() -> Element {
    let links = frame::home_links();
    let links = links.map(|(name, it)| element("a").class("door").attr("href", address("./", &it)).text(name));
    element("div")
        .class("hero")
        .child(element("h1").text(frame::HOME_HEADING))
        .child(element("p").class("teaches").text(frame::HOME_ABOUT))
        .child(element("p").class("doors").children(links))
}

/// The run with its forecast.
fn first_run(python: &str) -> Element {
    let exercise = first_run::setup().exercise;
    let names = exercise.visible_controls();
    let controls = exercise.controls.iter().filter(|control| names.contains(&control.name)).map(control);
    let source = excerpt(&SourceCode::parse(python), &PARTS.map(|part| part.task));
    let more = element("a").attr("href", format!("./{}/", exercise.slug)).text(first_run::MORE);
    let program = element("div")
        .class("program")
        .child(element("div").class("sources").child(source))
        .child(element("p").class("hint").text(first_run::IN_PYTHON).text(" ").child(more));
    element("section")
        .class("first-run")
        .child(run_bar())
        .child(element("div").class("controls").children(controls))
        .child(program)
        .children(first_run::forecast())
}

fn run_bar() -> Element {
    let button = |class, name| element("button").class(class).attr("disabled", "").text(name);
    element("div")
        .class("run-bar ready")
        .child(element("div").class("buttons").child(button("run", "Run")).child(button("stop", "Stop")))
        .child(element("progress").attr("aria-label", "Progress").attr("max", "100").attr("value", "0"))
        .child(element("p").class("status").text("Ready. Nothing has run yet."))
}

fn control(control: &Control) -> Element {
    let ControlKind::Number { unit, min, max, .. } = control.kind else {
        panic!("the first page shows numbers only, and `{}` is none", control.name)
    };
    let value = control.default_value().to_text();
    let input = |kind| element("input").attr("type", kind).attr("disabled", "").attr("value", value.clone());
    let [number, slider] = [("number", "value"), ("range", "slider")]
        .map(|(kind, what)| input(kind).attr("aria-label", format!("{}, {what}", control.label)));
    let entry = element("span").class("entry").child(number).child(element("span").class("unit").text(unit));
    element("div")
        .class("control")
        .child(element("label").text(control.label))
        .child(entry)
        .child(slider.attr("min", min.to_string()).attr("max", max.to_string()))
}

fn exercises() -> Element {
    let all = catalogue::all().map(|it| cards::of_exercise(it, format!("./{}/", it.slug), false));
    element("section")
        .class("catalogue")
        .child(element("h2").text(cards::EXERCISES))
        .child(element("p").class("about").text(cards::ABOUT_EXERCISES))
        // The app knows how many of them have finished.
        .child(element("p").class("hint").text("\u{a0}"))
        .child(element("ol").class("cards pictures").children(all))
}

fn more() -> Element {
    let pages = cards::more().map(|(name, it, about)| cards::of_page(name, address("./", &it), about));
    element("section")
        .class("catalogue")
        .child(element("h2").text(cards::MORE))
        .child(element("ul").class("cards").children(pages))
}
