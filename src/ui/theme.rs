//! Light or dark: as the system says, until the reader says otherwise.

use leptos::prelude::*;

const KEY: &str = "interleave-theme";

/// Which scheme the reader chose.
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

    /// The word for it, in the style sheet and for the reader.
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

/// The scheme as chosen, applied to the page and kept for the next visit. Charts that read colours track it.
pub(super) fn provide_theme() -> RwSignal<Theme> {
    let theme = RwSignal::new(Theme::stored());
    Effect::new(move || {
        let name = theme.get().name();
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", name);
        }
        // Where there is no storage the choice lasts until the page is left.
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
