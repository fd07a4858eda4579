//! The colour scheme: that of the system, unless the reader chooses another.

use leptos::prelude::*;

// Without `use_local_storage` of `leptos-use`: its codecs and its events between tabs are not needed here.
const KEY: &str = "interleave-theme";

/// The scheme that the reader chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    fn stored() -> Self {
        let storage = window().local_storage().ok().flatten();
        match storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Its name, in the style sheet and on the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

/// Provides the scheme that the reader chose. It is applied to the page and stored for the next visit. Charts that read
/// colours track it.
pub(super) fn provide_theme() -> RwSignal<Theme> {
    let theme = RwSignal::new(Theme::stored());
    Effect::new(move || {
        let name = theme.get().name();
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", name);
        }
        // Without storage the choice lasts until the page is left.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(KEY, name);
        }
    });
    provide_context(theme);
    theme
}

/// The scheme, for charts.
pub(super) fn use_theme() -> RwSignal<Theme> {
    use_context().unwrap_or_else(|| RwSignal::new(Theme::System))
}
