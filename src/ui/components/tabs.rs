//! Panels of which one is shown, with a row of tabs that choose it.
//!
//! All panels are on the page, and those that are not chosen are hidden: a panel keeps its state, and what it shows is
//! up to date when it is opened. Keyboard and roles are those of the "tabs" pattern of the ARIA Authoring Practices
//! Guide, with automatic activation.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::ui::focus::focus;

/// One tab: its key, which is part of element ids, and its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tab {
    pub(crate) key: &'static str,
    pub(crate) label: String,
}

/// The tabs, in order. If the chosen one is not among them, the first is chosen.
#[derive(Clone, Copy)]
pub(crate) struct Tabs {
    offered: Signal<Vec<Tab>>,
    chosen: RwSignal<&'static str>,
}

impl Tabs {
    /// Tabs that are offered, with the key of the one that is chosen at first.
    pub(crate) fn new(offered: Signal<Vec<Tab>>, first: &'static str) -> Self {
        Self { offered, chosen: RwSignal::new(first) }
    }

    /// Shows a panel.
    pub(crate) fn choose(self, key: &'static str) {
        self.chosen.set(key);
    }

    /// True if this panel is shown.
    pub(crate) fn is_shown(self, key: &'static str) -> bool {
        let chosen = self.chosen.get();
        self.offered.with(|offered| {
            let is_offered = offered.iter().any(|tab| tab.key == chosen);
            if is_offered { chosen == key } else { offered.first().is_some_and(|tab| tab.key == key) }
        })
    }

    /// The row of tabs.
    pub(crate) fn row(self, name: &'static str) -> impl IntoView {
        let keys = Memo::new(move |_| self.offered.with(|tabs| tabs.iter().map(|tab| tab.key).collect::<Vec<_>>()));
        let tab = move |key: &'static str| {
            let label =
                move || self.offered.with(|tabs| tabs.iter().find(|tab| tab.key == key).map(|it| it.label.clone()));
            view! {
                <button
                    role="tab"
                    id=format!("tab-{}", id(key))
                    aria-controls=format!("panel-{}", id(key))
                    aria-selected=move || self.is_shown(key).to_string()
                    tabindex=move || if self.is_shown(key) { "0" } else { "-1" }
                    on:click=move |_| self.choose(key)
                    on:keydown=move |event| self.take_key(key, &event)
                >
                    {label}
                </button>
            }
        };
        view! {
            <div class="tabs" role="tablist" aria-label=name>
                {move || keys.get().into_iter().map(tab).collect_view()}
            </div>
        }
    }

    /// A panel, which is hidden unless its tab is chosen.
    pub(crate) fn panel(self, key: &'static str, content: AnyView) -> AnyView {
        view! {
            <div
                class="panel"
                role="tabpanel"
                id=format!("panel-{}", id(key))
                aria-labelledby=format!("tab-{}", id(key))
                hidden=move || !self.is_shown(key)
            >
                {content}
            </div>
        }
        .into_any()
    }

    fn take_key(self, key: &'static str, event: &KeyboardEvent) {
        let keys: Vec<_> = self.offered.with_untracked(|tabs| tabs.iter().map(|tab| tab.key).collect());
        let Some(at) = keys.iter().position(|it| *it == key) else { return };
        let Some(next) = tab_after(&event.key(), at, keys.len()) else { return };
        event.prevent_default();
        self.choose(keys[next]);
        focus(&format!("#tab-{}", id(keys[next])));
    }
}

/// The position of the tab to which a key of the keyboard moves from the tab at this position. None for all other keys.
pub(crate) fn tab_after(key: &str, at: usize, count: usize) -> Option<usize> {
    match key {
        "ArrowRight" => Some((at + 1) % count),
        "ArrowLeft" => Some((at + count - 1) % count),
        "Home" => Some(0),
        "End" => Some(count - 1),
        _ => None,
    }
}

/// A key as a part of an element's id.
fn id(key: &str) -> String {
    key.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}
