//! The two sources side by side: the Rust that runs here, and the same in Python.
//!
//! They are fetched when the page is shown, because the sources of all exercises would be a large part of the first
//! load. The build has marked their tokens (see `tools/site`); they are shown as text.

use leptos::prelude::*;

use crate::endpoint::site_file;
use crate::exercises::exercise::Exercise;

/// Ends a class, as `tools/site` writes it.
const END: char = '\u{1}';

/// The classes of the style sheet, by the characters that begin them, from `\u{2}` on.
const CLASSES: [&str; 6] = ["c", "s", "n", "f", "t", "k"];

/// Both sources of an exercise.
pub(crate) fn sources(exercise: &'static Exercise) -> AnyView {
    view! {
        <section class="sources" aria-label="Sources">
            {pane(exercise.rust.to_owned(), "Rust", "what runs on this page")}
            {pane(exercise.python(), "Python", "the same with asyncio")}
        </section>
    }
    .into_any()
}

/// One source, by its path in the repository, with a short description.
fn pane(path: String, title: &'static str, about: &str) -> AnyView {
    let source = RwSignal::new(String::new());
    let file = format!("sources/{path}");
    leptos::task::spawn_local(async move {
        let text = match site_file::read(&file).await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("The source could not be loaded: {error}. {}", error.advice()),
        };
        source.set(text);
    });
    view! {
        <figure class="panel source">
            <figcaption><b>{title}</b>{format!(", {about} · ")}<code>{path}</code></figcaption>
            <pre tabindex="0" aria-label=format!("{title} source")>
                <code>{move || source.with(|text| tokens(text))}</code>
            </pre>
        </figure>
    }
    .into_any()
}

fn tokens(source: &str) -> Vec<AnyView> {
    // A mark belongs to the text that follows it.
    let is_mark = |c: char| ('\u{1}'..='\u{7}').contains(&c);
    let mut tokens = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let mark = rest.chars().next().filter(|c| is_mark(*c));
        let text = &rest[mark.map_or(0, char::len_utf8)..];
        let end = text.find(is_mark).unwrap_or(text.len());
        tokens.push(token(mark, &text[..end]));
        rest = &text[end..];
    }
    tokens
}

fn token(mark: Option<char>, text: &str) -> AnyView {
    let text = text.to_owned();
    match mark.filter(|mark| *mark != END) {
        Some(mark) => view! { <i class=CLASSES[mark as usize - 2]>{text}</i> }.into_any(),
        None => text.into_any(),
    }
}
