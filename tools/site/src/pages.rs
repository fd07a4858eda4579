//! Writes the HTML that is there before the page's code: the first page into `index.html`, and the frame of a page for
//! each exercise, at an address of its own (`async-basics/`), for link previews, search engines and readers without
//! scripts.
//!
//! A browser paints the frame first. When the code has arrived, the app takes its place and looks the same, so that
//! nothing moves. All pages load the same app, which has one document, at the address of the site: `first.js` sets that
//! address, `#/async-basics`, before the app reads it.

use std::env;
use std::path::Path;

use interleave::exercises::catalogue::{self, EXERCISES};
use interleave::exercises::exercise::Exercise;
use interleave::figures::markup::to_html;
use interleave::figures::node::{Element, Node, element};
use interleave::frame;

use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::home;
use crate::links::address;

/// The environment variable with the full address of the published site.
const SITE_URL: &str = "SITE_URL";

/// The places in `index.html` that are filled in: the title is replaced, and the frame comes before the end of the body.
const TITLE: &str = "<title>Interleave</title>";
const END: &str = "</body>";

/// The script that each page runs first.
const FIRST: &str = include_str!("first.js");

const DESCRIPTION: &str = "A browser playground for asynchronous programming in machine-learning work: real async \
     tasks, drawn, measured and explained while they run.";

/// The picture in link previews, relative to the site, and its description.
const PREVIEW: &str = "static/preview.png";
const PREVIEW_TEXT: &str =
    "A run of Interleave next to its code: the same tasks one by one, with a limit, and all at once.";

/// A script replaces it by the cause, if it can run.
const LOADING: &str = "Interleave is loading. If this message stays, the page was opened as a file, its host does not \
     send all of its files, or scripts are blocked here.";

const NO_SCRIPTS: &str = "Interleave runs its exercises in your browser, which needs JavaScript and WebAssembly. Here \
     scripts do not run: they are turned off in the settings, blocked by an extension or the host, or this is a frame \
     whose attribute `sandbox` lacks `allow-scripts`.";

/// The page that a host sends for an address that does not exist.
const NOT_FOUND: &str = "404.html";
const NOT_FOUND_SCRIPT: &str = include_str!("not_found.js");

/// The address of the published site, if the build knows it. Link previews need absolute addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteUrl(String);

impl SiteUrl {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// If the variable is set to something that is not the address of a site.
    pub fn from_env() -> Result<Option<Self>, SiteError> {
        match env::var(SITE_URL) {
            Ok(url) if !url.is_empty() => Self::parse(&url).map(Some),
            _ => Ok(None),
        }
    }

    fn parse(url: &str) -> Result<Self, SiteError> {
        let is_address = url.starts_with("https://") || url.starts_with("http://");
        if !is_address || url.contains(char::is_whitespace) || url.contains(['?', '#']) {
            return Err(SiteError::SiteUrl(url.to_owned()));
        }
        Ok(Self(format!("{}/", url.trim_end_matches('/'))))
    }

    fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// Writes the frame into `index.html`, and the pages of the exercises. After that, `index.html` may not change.
///
/// # Errors
///
/// If `index.html` has an unexpected form, or a file cannot be written.
pub fn write_all(site: &Path, url: Option<&SiteUrl>) -> Result<(), SiteError> {
    let first = format!("first-{}.js", ContentHash::default().with(FIRST).name());
    files::write(&site.join(&first), FIRST)?;
    let index = site.join("index.html");
    let template = files::read_text(&index)?;
    let python = files::read_text(&site.join("sources").join(EXERCISES[0].python()))?;
    for exercise in catalogue::all().chain([catalogue::PROGRAM]) {
        let page = Page::Exercise(exercise);
        files::write(&site.join(page.path()).join("index.html"), page.html(&template, &first, url, &[])?)?;
    }
    files::write(&index, Page::Home.html(&template, &first, url, &home::parts(&python))?)?;
    files::write(&site.join(NOT_FOUND), not_found(url))
}

/// The page for addresses that do not exist. Its own address can have any depth, so it uses no file of the site. Without
/// the address of the site, a script finds it.
fn not_found(url: Option<&SiteUrl>) -> String {
    let link = element("a").attr("href", url.map_or("/".to_owned(), |url| url.of(""))).text("the first page");
    let text = element("p").text("There is no page at this address. Go to ").child(link).text(".");
    let body = [element("h1").text(frame::NAME), text].map(Node::from);
    let script = if url.is_none() { format!("<script>{NOT_FOUND_SCRIPT}</script>") } else { String::new() };
    let style = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}";
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" \
         content=\"noindex\"><title>Not found – {}</title><style>{style}</style>{}{script}</html>\n",
        frame::NAME,
        to_html(&body)
    )
}

/// A page with HTML of its own.
#[derive(Clone, Copy)]
enum Page {
    Home,
    Exercise(&'static Exercise),
}

impl Page {
    /// Its address, relative to the site.
    fn path(self) -> String {
        match self {
            Self::Home => String::new(),
            Self::Exercise(exercise) => format!("{}/", exercise.slug),
        }
    }

    /// The address of the site, relative to the page.
    fn root(self) -> &'static str {
        match self {
            Self::Home => "./",
            Self::Exercise(_) => "../",
        }
    }

    fn title(self) -> String {
        match self {
            Self::Home => frame::NAME.to_owned(),
            Self::Exercise(exercise) => frame::title_of(exercise),
        }
    }

    /// The title in link previews, where the name alone would not say enough.
    fn preview_title(self) -> String {
        match self {
            Self::Home => format!("{}: async Python for ML, run for real in a browser", frame::NAME),
            Self::Exercise(_) => self.title(),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Home => DESCRIPTION,
            Self::Exercise(exercise) => exercise.teaches,
        }
    }

    /// The page, made from `index.html`. Attributes have quotes or none.
    /// `parts` are shown below its head, where there is one.
    fn html(self, template: &str, first: &str, url: Option<&SiteUrl>, parts: &[Element]) -> Result<String, SiteError> {
        let root = self.root();
        // A complete address, from a build for one path, stays.
        let template = template.replace("=\"./", &format!("=\"{root}")).replace("=./", &format!("={root}"));
        let head: Vec<Node> = self.head(first, url).into_iter().map(Node::from).collect();
        let html = replace(&template, TITLE, &to_html(&head))?;
        let frame = to_html(&[self.frame(parts).into()]);
        replace(&html, END, &format!("{frame}{END}"))
    }

    /// Title, description, the texts for link previews, and the script that comes before all others.
    fn head(self, first: &str, url: Option<&SiteUrl>) -> Vec<Element> {
        let meta = |kind, name, content: &str| element("meta").attr(kind, name).attr("content", content.to_owned());
        let mut head = vec![
            element("title").text(self.title()),
            meta("name", "description", self.description()),
            // Chromium paints first when the whole frame is there. Otherwise it may paint the top bar alone.
            element("link").attr("rel", "expect").attr("href", "#loading").attr("blocking", "render"),
            // For the app: links that are copied lead to these pages.
            meta("name", "exercise-pages", "true"),
            meta("property", "og:type", "website"),
            meta("property", "og:title", &self.preview_title()),
            meta("property", "og:description", self.description()),
        ];
        if let Some(url) = url {
            let address = url.of(&self.path());
            head.extend([
                element("link").attr("rel", "canonical").attr("href", address.clone()),
                meta("property", "og:url", &address),
                meta("property", "og:image", &url.of(PREVIEW)),
                meta("property", "og:image:alt", PREVIEW_TEXT),
                meta("name", "twitter:card", "summary_large_image"),
            ]);
        }
        let script = element("script").attr("defer", "").attr("src", format!("{}{first}", self.root()));
        head.push(match self {
            Self::Home => script,
            Self::Exercise(exercise) => script.attr("data-exercise", exercise.slug),
        });
        head
    }

    /// The frame, as the app shows it first.
    fn frame(self, parts: &[Element]) -> Element {
        let exercises = EXERCISES.iter().map(|exercise| self.item(exercise));
        let more = frame::more()
            .map(|(name, destination)| element("a").attr("href", address(self.root(), &destination)).text(name));
        let theme = element("button").class("quiet").attr("disabled", "");
        let theme =
            theme.child(element("span").attr("aria-hidden", "true").text("◐ ")).text(frame::theme_button("system"));
        let top = element("header")
            .class("top")
            .child(element("a").class("brand").attr("href", self.root()).text(frame::NAME))
            .child(element("nav").attr("aria-label", "More").children(more).child(theme));
        let exercises =
            element("nav").class("exercises").attr("aria-label", "Exercises").child(element("ol").children(exercises));
        let loading = element("p").attr("id", "loading").class("hint").text(LOADING);
        let without_scripts = element("noscript").child(element("p").text(NO_SCRIPTS)).children(self.text());
        let main = element("main").children(self.page_head()).children(parts.iter().cloned());
        let main = main.child(loading).child(without_scripts);
        element("div").attr("id", "frame").children([top, exercises, main])
    }

    /// An exercise in the list.
    fn item(self, exercise: &'static Exercise) -> Element {
        let is_current = matches!(self, Self::Exercise(it) if it.slug == exercise.slug);
        let link = element("a")
            .attr("href", format!("{}{}/", self.root(), exercise.slug))
            .attr_if("aria-current", is_current.then_some("page"))
            .child(element("span").class("part").attr("aria-hidden", "true").text(exercise.part.to_string()))
            .text(exercise.short_title)
            .child(element("span").class("done"));
        element("li").child(link)
    }

    /// The head of an exercise's page, in the same place as the app's.
    fn page_head(self) -> Option<Element> {
        let Self::Exercise(exercise) = self else { return None };
        let about = element("p").class("teaches").text(exercise.teaches);
        let head = element("div").class("page-head").child(element("h1").text(exercise.title)).child(about);
        Some(element("div").class("workbench").child(element("div").class("head").child(head)))
    }

    /// The text for readers without scripts.
    fn text(self) -> Vec<Element> {
        let define = |(term, about): (Element, &'static str)| [element("dt").child(term), element("dd").text(about)];
        let list = |items: Vec<(Element, &'static str)>| element("dl").children(items.into_iter().flat_map(define));
        let heading = |text| element("h2").text(text);
        match self {
            Self::Home => Vec::new(),
            Self::Exercise(exercise) => {
                let controls = exercise.controls.iter();
                let controls = controls.map(|it| (element("b").text(it.label), it.help)).collect();
                let python =
                    element("a").attr("href", format!("../{}", exercise.python())).text("The exercise in Python");
                vec![heading("What you can set"), list(controls), element("p").child(python)]
            }
        }
    }
}

fn replace(html: &str, what: &str, with: &str) -> Result<String, SiteError> {
    if html.contains(what) { Ok(html.replacen(what, with, 1)) } else { Err(SiteError::missing("index.html", what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str =
        "<head><title>Interleave</title><link href=\"./a.css\"><link href=./b.js></head><body></body>";

    fn html(page: Page, url: Option<&str>) -> String {
        let url = url.map(|url| SiteUrl::parse(url).unwrap());
        page.html(TEMPLATE, "first-0a.js", url.as_ref(), &[]).unwrap()
    }

    fn basics() -> Page {
        Page::Exercise(catalogue::find("async-basics").unwrap())
    }

    #[test]
    fn every_exercise_has_a_page_that_names_it() {
        let site = tempfile::tempdir().unwrap();
        files::write(&site.path().join("index.html"), TEMPLATE).unwrap();
        files::write(&site.path().join("sources").join(EXERCISES[0].python()), "0a\n").unwrap();
        write_all(site.path(), None).unwrap();
        for exercise in catalogue::all() {
            let html = files::read_text(&site.path().join(exercise.slug).join("index.html")).unwrap();
            let text = |text: &'static str| to_html(&[Node::Text(text.into())]);
            assert!(html.contains(&format!("<title>{} · Interleave</title>", text(exercise.title))), "{html}");
            assert!(html.contains(&format!("<h1>{}</h1>", text(exercise.title))), "{html}");
            assert!(html.contains(&format!("name=\"description\" content=\"{}\"", text(exercise.teaches))), "{html}");
            for control in exercise.controls {
                assert!(html.contains(&text(control.help)), "{}: {}", exercise.slug, control.name);
            }
        }
        let script = files::all(site.path()).unwrap().into_iter().find(|it| it.starts_with("first-")).unwrap();
        let index = files::read_text(&site.path().join("index.html")).unwrap();
        assert!(index.contains(&format!("src=\"./{script}\"")), "{index}");
    }

    #[test]
    fn a_page_in_a_folder_loads_the_files_of_the_site() {
        let html = html(basics(), None);
        assert!(html.contains("href=\"../a.css\"") && html.contains("src=\"../first-0a.js\""), "{html}");
        assert!(html.contains("href=../b.js") && !html.contains("=\"./") && !html.contains("=./"), "{html}");
    }

    #[test]
    fn the_current_exercise_is_marked_in_the_list() {
        let marked = "href=\"../async-basics/\" aria-current=\"page\"";
        let html = html(basics(), None);
        assert!(html.contains(marked) && html.matches("aria-current").count() == 1, "{html}");
    }

    #[test]
    fn previews_have_absolute_addresses_or_none() {
        let with = html(basics(), Some("https://example.org/some/path"));
        let address = "https://example.org/some/path/async-basics/";
        assert!(with.contains(&format!("rel=\"canonical\" href=\"{address}\"")), "{with}");
        assert!(with.contains(&format!("\"og:url\" content=\"{address}\"")), "{with}");
        assert!(with.contains("\"og:image\" content=\"https://example.org/some/path/static/preview.png\""), "{with}");
        let without = html(basics(), None);
        assert!(!without.contains("canonical") && !without.contains("preview.png"), "{without}");
    }

    #[test]
    fn the_address_of_a_site_ends_with_one_slash() {
        for url in ["https://example.org/a", "https://example.org/a/"] {
            assert_eq!(SiteUrl::parse(url).unwrap().0, "https://example.org/a/");
        }
        for url in ["example.org", "/a/", "https://example.org/?a", "https://example.org/ a"] {
            assert!(SiteUrl::parse(url).unwrap_err().to_string().contains(url), "{url}");
        }
    }

    #[test]
    fn the_pages_html_has_the_places_that_are_filled_in() {
        let index = include_str!("../../../index.html");
        assert!(index.contains(TITLE) && index.contains(END));
        assert!(Page::Home.html("<p>", "first.js", None, &[]).is_err());
    }
}
