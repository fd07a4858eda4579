//! The page without a mouse.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde::Deserialize;

use super::{Page, PageError};

/// More than a page has places to stop at; a ring that never comes back is a trap.
const MAX_TAB_STOPS: usize = 200;

/// A button by its name, a control by its own, anything else by its tag.
const FOCUSED: &str = "const element = document.activeElement;
    const control = element.closest('[data-control]');
    if (control) return control.dataset.control;
    return element.tagName === 'BUTTON' ? element.innerText.trim() : element.tagName.toLowerCase();";

/// Where the Tab key stops.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TabStop {
    /// The element's tag and text.
    pub name: String,
    /// Whether it can be seen that it has the focus: by an outline, its own or that of the label that stands for it.
    pub is_seen: bool,
}

/// The way of the Tab key all around the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TabCycle {
    /// In the order of the way.
    pub stops: Vec<TabStop>,
    /// The elements that can be used and are not on it.
    pub missed: Vec<String>,
}

/// The element that has the focus now, if it had not before. Past the last one is the page itself, where nothing is seen.
const STOP: &str = "const element = document.activeElement;
    if (window.passed.has(element)) return null;
    window.passed.add(element);
    const isLabelled = element.type === 'file';
    const { outlineStyle, outlineWidth } = getComputedStyle(isLabelled ? element.labels[0] : element);
    return {
        name: `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 40)}`,
        is_seen: element === document.body || outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
    };";

/// What a mouse could use and the Tab key did not come by. Of what cannot be seen nothing counts.
const MISSED: &str = "const usable = 'a[href], button, input, select, summary, [tabindex=\"0\"]';
    return [...document.querySelectorAll(usable)]
        .filter(element => element.checkVisibility() && !element.disabled && !window.passed.has(element))
        .map(element => `${element.tagName.toLowerCase()} ${element.textContent.trim().slice(0, 40)}`);";

impl Page {
    /// Presses and releases a key.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn key(&self, key: Key) -> Result<(), PageError> {
        self.type_keys([char::from(key)]).await
    }

    /// What has the focus: the name of a button or of a control, else the element's tag.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn focused(&self) -> Result<String, PageError> {
        self.evaluate(FOCUSED, Vec::new()).await
    }

    /// Presses Tab until `name` has the focus; the stops on the way, `name` included.
    ///
    /// # Errors
    ///
    /// When the Tab key does not lead there.
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
        Err(PageError::Missing { what: format!("`{name}` on the way of the Tab key, which is {stops:?}") })
    }

    /// Presses Tab until it comes to a place where it has been.
    ///
    /// # Errors
    ///
    /// When it never does.
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
        Err(PageError::Missing { what: format!("end of the way of the Tab key, which has {} stops", stops.len()) })
    }

    /// Presses and releases one key after the other.
    pub(super) async fn type_keys(&self, keys: impl IntoIterator<Item = char>) -> Result<(), PageError> {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let actions = keys
            .into_iter()
            .fold(keyboard, |actions, value| actions.then(KeyAction::Down { value }).then(KeyAction::Up { value }));
        Ok(self.client.perform_actions(actions).await?)
    }
}
