//! The guide's page: its text, with links to the runs that show it.

use leptos::prelude::*;

use crate::exercises::catalogue::ADVANCED;
use crate::exercises::guide::{CHAPTERS, CONCEPTS, Chapter, Concept, GuideValues, Item, Link, VALUES};
use crate::lazy::lazy;
use crate::measure::report::Column;
use crate::share::permalink::Setup;
use crate::ui::components::demo::demo;
use crate::ui::components::table::table;
use crate::ui::finished;
use crate::ui::lazy_view::lazy_view;
use crate::ui::pages::exercise::page_head;

/// The page. Its text is fetched when it is first opened.
pub(crate) fn guide_page() -> AnyView {
    document().set_title("Guide · Interleave");
    let about = "When asynchronous code pays off and when it does not, what to watch out for, and what Python's terms \
                 are called in Rust. Each claim links to a run that shows it.";
    // The last part comes with the text: before that, the text would push it down.
    let content = || async { Ok([fetched::text().await?, beyond()].into_any()) };
    [page_head("Guide", about), lazy_view(fetched::load, content)].into_any()
}

lazy!(mod fetched in pages: text() -> AnyView);

fn text() -> AnyView {
    let chapters = CHAPTERS.iter().map(chapter).collect_view();
    view! { <div class="guide">{chapters} {concepts()} {values()}</div> }.into_any()
}

fn chapter(chapter: &'static Chapter) -> AnyView {
    view! {
        <section>
            <h2>{chapter.title}</h2>
            <p class="hint">{chapter.about}</p>
            <ul class="cards">{chapter.items.iter().map(item).collect_view()}</ul>
        </section>
    }
    .into_any()
}

fn item(item: &Item) -> AnyView {
    let links = item.links.iter().map(|it| view! { <li>{link(it)}</li> }).collect_view();
    view! {
        <li class="panel card">
            <h3>{item.head}</h3>
            <p>{item.text}</p>
            <ul class="links">{links}</ul>
        </li>
    }
    .into_any()
}

fn link(link: &Link) -> AnyView {
    view! { <a href=link.fragment>{link.label}</a> }.into_any()
}

fn concepts() -> AnyView {
    let caption = "The same terms in Python and Rust";
    let columns = ["Concept", "Python", "Rust on this page", "See it", "You used it"].map(Column::text);
    let used = finished::used();
    let rows = CONCEPTS.iter().map(|it| concept(it, used.iter().any(|key| key == it.key()))).collect_view();
    view! {
        <section>
            <h2>"Concepts"</h2>
            <div class="panel">{table("Concepts, a table".to_owned(), caption.to_owned(), &columns, rows.into_any())}</div>
        </section>
    }
    .into_any()
}

fn concept(concept: &Concept, is_used: bool) -> AnyView {
    view! {
        <tr>
            <td>{concept.what}</td>
            <td><code>{concept.python}</code></td>
            <td><code>{concept.rust}</code></td>
            <td>{link(&concept.link)}</td>
            <td>{if is_used { "✓ in your program" } else { "" }}</td>
        </tr>
    }
    .into_any()
}

fn values() -> AnyView {
    let caption = "The Python guide's own values; each link opens the exercise with them";
    let columns = ["Part", "Values", "Run them"].map(Column::text);
    let rows = VALUES.iter().map(values_of_part).collect_view();
    view! {
        <section>
            <h2>"The Python guide's values"</h2>
            <p class="hint">
                "Where this page says “in the Python guide”, it refers to these values. By default, most exercises \
                wait for a shorter time."
            </p>
            <div class="panel">
                {table("The Python guide's values, a table".to_owned(), caption.to_owned(), &columns, rows.into_any())}
            </div>
        </section>
    }
    .into_any()
}

fn values_of_part(it: &GuideValues) -> AnyView {
    let part = it.part.map_or("Common issues".to_owned(), |part| part.to_string());
    view! {
        <tr>
            <td>{part}</td>
            <td>{it.values}</td>
            <td>{link(&it.link)}</td>
        </tr>
    }
    .into_any()
}

/// The last part, live.
fn beyond() -> AnyView {
    view! {
        <section class="guide">
            <h2>{ADVANCED.title}</h2>
            <p class="hint">{ADVANCED.teaches}</p>
            {demo("Beyond the guide, live", Setup::new(ADVANCED))}
        </section>
    }
    .into_any()
}
