//! The guide's page: its text, with links to the runs that show it.

use leptos::prelude::*;

use crate::exercises::catalogue::ADVANCED;
use crate::exercises::guide::{CHAPTERS, CONCEPTS, Chapter, Concept, Item, Link};
use crate::lazy::lazy;
use crate::share::permalink::Setup;
use crate::ui::components::demo::demo;
use crate::ui::element::{a, caption, code, div, h2, h3, li, p, section, table, tbody, td, th, thead, tr, ul};
use crate::ui::lazy_view::lazy_view;
use crate::ui::pages::exercise::page_head;

/// The page. Its text is fetched when it is first opened.
pub(crate) fn guide_page() -> AnyView {
    document().set_title("Guide · Interleave");
    let about = "When asynchronous code pays off and when it does not, what to watch out for, and what Python's terms \
                 are called in Rust. Every claim has a run that shows it.";
    [page_head("Guide", about), lazy_view(fetched::load(), fetched::text), beyond()].into_any()
}

lazy!(mod fetched in guide: text() -> AnyView);

fn text() -> AnyView {
    div().class("guide").add_all(CHAPTERS.iter().map(chapter)).add(concepts()).view()
}

fn chapter(chapter: &Chapter) -> AnyView {
    section()
        .el(h2().text(chapter.title))
        .el(p().class("hint").text(chapter.about))
        .el(ul().class("cards").add_all(chapter.items.iter().map(item)))
        .view()
}

fn item(item: &Item) -> AnyView {
    let links = item.links.iter().map(|it| li().el(link(it)).view());
    let links = ul().class("links").add_all(links).view();
    li().class("panel card").el(h3().text(item.head)).el(p().text(item.text)).add(links).view()
}

fn link(link: &Link) -> crate::ui::element::ElementBuilder {
    a().attr("href", link.fragment).text(link.label)
}

fn concepts() -> AnyView {
    let headers = ["Concept", "Python", "Rust, here", "See it"];
    let headers = headers.map(|header| th().attr("scope", "col").text(header).view());
    let table = table()
        .el(caption().text("The guide's checklist, with the words of both languages"))
        .el(thead().el(tr().add_all(headers)))
        .el(tbody().add_all(CONCEPTS.iter().map(concept)));
    let scrolls = div()
        .class("scrolls panel")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "Concepts, a table");
    section().el(h2().text("Concepts")).el(scrolls.el(table)).view()
}

fn concept(concept: &Concept) -> AnyView {
    tr().el(td().text(concept.what))
        .el(td().el(code().text(concept.python)))
        .el(td().el(code().text(concept.rust)))
        .el(td().el(link(&concept.link)))
        .view()
}

/// The last part, live.
fn beyond() -> AnyView {
    section()
        .class("guide")
        .el(h2().text(ADVANCED.title))
        .el(p().class("hint").text(ADVANCED.teaches))
        .add(demo("Beyond the guide, live", Setup::new(ADVANCED)))
        .view()
}
