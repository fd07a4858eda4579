//! The guide's page: what it teaches in words, with links to where it can be seen.

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
    let about = "When asynchronous code pays and when it does not, what to watch, and how Python's words are said in \
                 Rust. Every claim has a run behind it.";
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
    let heads = ["Concept", "Python", "Rust, here", "See it"];
    let heads = heads.map(|head| th().attr("scope", "col").text(head).view());
    let table = table()
        .el(caption().text("The guide's checklist, with the words of both languages"))
        .el(thead().el(tr().add_all(heads)))
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
        .add(demo("What lies beyond the guide, live", Setup::new(ADVANCED)))
        .view()
}
