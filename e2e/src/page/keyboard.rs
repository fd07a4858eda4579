//! Using the page with the keyboard only.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde::Deserialize;

use super::{Page, PageError};

/// The most tab stops that a page may have. If the Tab key has not come back by then, the focus is trapped.
const MAX_TAB_STOPS: usize = 200;

/// Names the element that has the focus: a button or a control by its name, anything else by its tag.
const FOCUSED: &str = "const element = document.activeElement;
    const control = element.closest('[data-control]');
    if (control) return control.dataset.control;
    return element.tagName === 'BUTTON' ? element.innerText.trim() : element.tagName.toLowerCase();";

/// An element at which the Tab key stops.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TabStop {
    /// The element's tag and text.
    pub name: String,
    /// True if the focus is visible: the element or, for a file field, its label has an outline.
    pub is_seen: bool,
}

/// The elements that the Tab key visits until it comes back to one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabCycle {
    /// In the order of the visits.
    pub stops: Vec<TabStop>,
    /// The usable elements that the Tab key does not visit.
    pub missed: Vec<String>,
}

/// Returns the element that has the focus, or null if it had the focus before. After the last element comes the page
/// itself, which needs no outline.
const STOP: &str = "const element = document.activeElement;
    if (window.passed.has(element)) return null;
    window.passed.add(element);
    const isLabelled = element.type === 'file';
    const { outlineStyle, outlineWidth } = getComputedStyle(isLabelled ? element.labels[0] : element);
    return {
        name: `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 40)}`,
        is_seen: element === document.body || outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
    };";

/// Returns the visible elements that a mouse can use and the Tab key did not visit. Elements that are out of its way on
/// purpose are reached with the arrow keys.
const MISSED: &str =
    "const usable = 'a[href], button:not([tabindex=\"-1\"]), input, select, summary, [tabindex=\"0\"]';
    return [...document.querySelectorAll(usable)]
        .filter(element => element.checkVisibility() && !element.disabled && !window.passed.has(element))
        .map(element => `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 40)}`);";

impl Page {
    /// Presses and releases a key.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn key(&self, key: Key) -> Result<(), PageError> {
        self.type_keys([char::from(key)]).await
    }

    /// Types a text, key by key.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn type_text(&self, text: &str) -> Result<(), PageError> {
        self.type_keys(text.chars()).await
    }

    /// Presses Shift and Tab.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn shift_tab(&self) -> Result<(), PageError> {
        let (shift, tab) = (char::from(Key::Shift), char::from(Key::Tab));
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: shift })
            .then(KeyAction::Down { value: tab })
            .then(KeyAction::Up { value: tab })
            .then(KeyAction::Up { value: shift });
        Ok(self.client.perform_actions(keys).await?)
    }

    /// The element that has the focus: the name of a button or of a control, otherwise the element's tag.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn focused(&self) -> Result<String, PageError> {
        self.evaluate(FOCUSED, Vec::new()).await
    }

    /// Presses Tab until `name` has the focus, and returns the tab stops on the way, including `name`.
    ///
    /// # Errors
    ///
    /// If the Tab key does not lead there.
    pub async fn tab_to(&self, name: &str) -> Result<Vec<String>, PageError> {
        let mut stops = Vec::new();
        while stops.len() < MAX_TAB_STOPS {
            self.key(Key::Tab).await?;
            let focused = self.focused().await?;
            let is_there = focused == name;
            stops.push(focused);
            if is_there {
                return Ok(stops);
            }
        }
        stops.dedup();
        Err(PageError::Missing { what: format!("tab stop `{name}`: the tab stops are {stops:?}") })
    }

    /// Presses Tab until it comes back to an element that it has visited.
    ///
    /// # Errors
    ///
    /// If it never comes back.
    pub async fn tab_through(&self) -> Result<TabCycle, PageError> {
        self.evaluate::<()>("window.passed = new Set()", Vec::new()).await?;
        let mut stops = Vec::new();
        while stops.len() < MAX_TAB_STOPS {
            self.key(Key::Tab).await?;
            match self.evaluate(STOP, Vec::new()).await? {
                Some(stop) => stops.push(stop),
                None => return Ok(TabCycle { stops, missed: self.evaluate(MISSED, Vec::new()).await? }),
            }
        }
        Err(PageError::Missing {
            what: format!("last tab stop: after {} stops the Tab key has not come back", stops.len()),
        })
    }

    /// Presses and releases the keys one after the other.
    pub(super) async fn type_keys(&self, keys: impl IntoIterator<Item = char>) -> Result<(), PageError> {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let actions = keys
            .into_iter()
            .fold(keyboard, |actions, value| actions.then(KeyAction::Down { value }).then(KeyAction::Up { value }));
        Ok(self.client.perform_actions(actions).await?)
    }
}
