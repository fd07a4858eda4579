//! The page without a mouse.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;

use super::{Page, PageError};

/// More than a page has places to stop at; a ring that never comes back is a trap.
const MOST_STOPS: usize = 200;

/// A button by its name, a control by its own, anything else by its tag.
const FOCUSED: &str = "const element = document.activeElement;
    const control = element.closest('[data-control]');
    if (control) return control.dataset.control;
    return element.tagName === 'BUTTON' ? element.innerText.trim() : element.tagName.toLowerCase();";

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
        self.ask(FOCUSED, Vec::new()).await
    }

    /// Presses Tab until `name` has the focus; the stops on the way, `name` included.
    ///
    /// # Errors
    ///
    /// When the Tab key does not lead there.
    pub async fn tab_to(&self, name: &str) -> Result<Vec<String>, PageError> {
        let mut stops = Vec::new();
        while stops.len() < MOST_STOPS {
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

    /// Presses and releases one key after the other.
    pub(super) async fn type_keys(&self, keys: impl IntoIterator<Item = char>) -> Result<(), PageError> {
        let keyboard = KeyActions::new("keyboard".to_owned());
        let actions = keys
            .into_iter()
            .fold(keyboard, |actions, value| actions.then(KeyAction::Down { value }).then(KeyAction::Up { value }));
        Ok(self.client.perform_actions(actions).await?)
    }
}
