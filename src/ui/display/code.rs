//! [`Code`]: the state of the code pane.

use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use super::Display;
use crate::endpoint::site_file;
use crate::figures::code::SourceCode;
use crate::source_hashes::hash_of;

/// A language in which the pane shows the exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Language {
    Rust,
    Python,
}

impl Language {
    /// Both, in the order of their tabs.
    pub(in crate::ui) const ALL: [Self; 2] = [Self::Rust, Self::Python];

    /// Its name on the page.
    pub(in crate::ui) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
        }
    }

    /// The other one.
    pub(in crate::ui) fn other(self) -> Self {
        match self {
            Self::Rust => Self::Python,
            Self::Python => Self::Rust,
        }
    }
}

/// A file in the pane.
#[derive(Clone)]
pub(in crate::ui) struct ShownFile {
    /// The path in the repository.
    pub(in crate::ui) path: String,
    pub(in crate::ui) source: Rc<SourceCode>,
    /// The pane that it is in. A reference to its own element, made when the file has arrived, would have no owner and
    /// would keep the element forever.
    pane: NodeRef<html::Pre>,
}

impl ShownFile {
    /// The element of a line.
    pub(in crate::ui) fn line(&self, number: u32) -> Option<HtmlElement> {
        let files = self.pane.try_get_untracked()??.children();
        let is_this = |element: &Element| element.get_attribute("data-path").as_ref() == Some(&self.path);
        let file = (0..files.length()).filter_map(|index| files.item(index)).find(is_this)?;
        file.children().item(number.checked_sub(1)?)?.dyn_into().ok()
    }
}

/// The files of one language, the exercise's own first.
pub(in crate::ui) type ShownFiles = RwSignal<Vec<ShownFile>, LocalStorage>;

/// The functions that show a run in the pane, loaded after the first paint: see `components::line_marks`.
#[derive(Clone, Copy)]
pub(in crate::ui) struct LineMarks {
    pub(in crate::ui) update: fn(Code),
    pub(in crate::ui) mark: fn(Code),
    pub(in crate::ui) point: fn(Code, &Event),
    pub(in crate::ui) take_key: fn(Code, &KeyboardEvent),
}

/// The state of the pane.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Code {
    pub(in crate::ui) display: Display,
    /// The chosen tab.
    pub(in crate::ui) language: Signal<Language>,
    rust: ShownFiles,
    python: ShownFiles,
    /// The elements that scroll.
    rust_pane: NodeRef<html::Pre>,
    python_pane: NodeRef<html::Pre>,
    /// True if the run on display was made by another version of the code that is shown.
    pub(in crate::ui) is_of_other_version: RwSignal<bool>,
    /// The functions that mark lines, once they are loaded.
    pub(in crate::ui) marks: RwSignal<Option<LineMarks>>,
    /// The lines that are marked for the chosen task.
    pub(in crate::ui) marked: StoredValue<Vec<HtmlElement>, LocalStorage>,
    /// The paths that have been requested.
    requested: StoredValue<Vec<String>>,
}

impl Code {
    /// An empty pane.
    pub(in crate::ui) fn new(display: Display, language: Signal<Language>) -> Self {
        Self {
            display,
            language,
            rust: RwSignal::new_local(Vec::new()),
            python: RwSignal::new_local(Vec::new()),
            rust_pane: NodeRef::new(),
            python_pane: NodeRef::new(),
            is_of_other_version: RwSignal::new(false),
            marks: RwSignal::new(None),
            marked: StoredValue::new_local(Vec::new()),
            requested: StoredValue::new(Vec::new()),
        }
    }

    /// The files of a language.
    pub(in crate::ui) fn files(self, language: Language) -> ShownFiles {
        match language {
            Language::Rust => self.rust,
            Language::Python => self.python,
        }
    }

    /// The element in which the files of a language scroll.
    pub(in crate::ui) fn pane(self, language: Language) -> NodeRef<html::Pre> {
        match language {
            Language::Rust => self.rust_pane,
            Language::Python => self.python_pane,
        }
    }

    /// Adds a file, unless it is there already.
    pub(in crate::ui) fn load(self, language: Language, path: String) {
        if self.requested.with_value(|paths| paths.contains(&path)) {
            return;
        }
        self.requested.update_value(|paths| paths.push(path.clone()));
        leptos::task::spawn_local(async move {
            let text = match site_file::read(&format!("sources/{path}")).await {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) => format!("\nThe source could not be loaded: {error}. {}", error.advice()),
            };
            let file = ShownFile { path, source: Rc::new(SourceCode::parse(&text)), pane: self.pane(language) };
            // The page may be gone by now.
            self.files(language).try_update(|files| files.push(file));
        });
    }

    /// Adds another file of the exercise, in which a task of the run on display waits. It must be a file of this release:
    /// the path may come from a file of a run.
    pub(in crate::ui) fn load_part(self, path: &str, hash: &str) {
        let is_part = self
            .display
            .exercise
            .rust
            .strip_suffix(".rs")
            .is_some_and(|folder| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')));
        if is_part && hash_of(path) == Some(hash) {
            self.load(Language::Rust, path.to_owned());
        }
    }

    /// Scrolls the pane, and only the pane, until a line is in view. Nothing happens to a pane that is hidden.
    pub(in crate::ui) fn scroll_to(self, language: Language, line: &HtmlElement) {
        let Some(pane) = self.pane(language).get_untracked() else { return };
        let (top, height) = (line.offset_top(), line.offset_height());
        if top < pane.scroll_top() || top + height > pane.scroll_top() + pane.client_height() {
            pane.set_scroll_top(top - pane.client_height() / 3);
        }
    }
}
