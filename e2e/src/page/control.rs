//! The controls of an exercise: read, typed into and switched as a user does.

use std::iter;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use serde::Deserialize;

use super::{Page, PageError};

/// A control as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Control {
    /// Its name in links.
    pub name: String,
    /// Its label.
    pub label: String,
    /// The content of its field. For a switch, `on` or `off`; for a choice, the chosen option's name in links.
    pub value: String,
    /// True if assistive technology is informed that the value is not accepted.
    pub is_invalid: bool,
    /// The error message next to it, empty if there is none.
    pub error: String,
}

/// Reads all controls. A label counts only if it is associated with the field (for screen readers).
const READ_ALL: &str = "return [...document.querySelectorAll('[data-control]')].map(control => {
    const field = control.querySelector('input[type=number], input[type=text], input[type=checkbox], select');
    return {
        name: control.dataset.control,
        label: [...field.labels].map(label => label.innerText.trim()).join(' '),
        value: field.type === 'checkbox' ? (field.checked ? 'on' : 'off') : field.value,
        is_invalid: field.getAttribute('aria-invalid') === 'true',
        error: [...control.querySelectorAll('.refusal')].map(text => text.innerText.trim()).join(' '),
    };
})";

impl Page {
    /// All controls, in the order of the page.
    ///
    /// # Errors
    ///
    /// If a control has no field.
    pub async fn controls(&self) -> Result<Vec<Control>, PageError> {
        self.evaluate(READ_ALL, Vec::new()).await
    }

    /// One control, by its name in links.
    ///
    /// # Errors
    ///
    /// If the exercise does not have it.
    pub async fn control(&self, name: &str) -> Result<Control, PageError> {
        let found = self.controls().await?.into_iter().find(|control| control.name == name);
        found.ok_or_else(|| PageError::Missing { what: format!("control `{name}`") })
    }

    /// Each control's name and value.
    ///
    /// # Errors
    ///
    /// If a control has no field.
    pub async fn names_and_values(&self) -> Result<Vec<(String, String)>, PageError> {
        Ok(self.controls().await?.into_iter().map(|control| (control.name, control.value)).collect())
    }

    /// Replaces the content of a field for a number or a text, then leaves the field.
    ///
    /// # Errors
    ///
    /// If the exercise does not have the control.
    pub async fn fill_in(&self, name: &str, text: &str) -> Result<(), PageError> {
        let field = self.field(name, ":is(input[type=number], input[type=text])").await?;
        let select = "arguments[0].focus(); arguments[0].select()";
        self.evaluate::<()>(select, vec![serde_json::to_value(&field)?]).await?;
        let keys = iter::once(char::from(Key::Delete)).chain(text.chars()).chain([char::from(Key::Tab)]);
        self.type_keys(keys).await
    }

    /// Toggles a switch.
    ///
    /// # Errors
    ///
    /// If the exercise does not have the control.
    pub async fn toggle(&self, name: &str) -> Result<(), PageError> {
        Ok(self.field(name, "input[type=checkbox]").await?.click().await?)
    }

    /// Chooses an option of a choice, by the option's name in links.
    ///
    /// # Errors
    ///
    /// If the exercise does not have the control, or the choice does not have the option.
    pub async fn choose(&self, name: &str, value: &str) -> Result<(), PageError> {
        Ok(self.field(name, "select").await?.select_by_value(value).await?)
    }

    /// Moves a number's slider by one step to the right.
    ///
    /// # Errors
    ///
    /// If the exercise does not have the control.
    pub async fn nudge_slider(&self, name: &str) -> Result<(), PageError> {
        let slider = self.field(name, "input[type=range]").await?;
        Ok(slider.send_keys(&char::from(Key::Right).to_string()).await?)
    }

    async fn field(&self, name: &str, selector: &str) -> Result<Element, PageError> {
        let path = format!("[data-control='{name}'] {selector}");
        let field = self.find(Locator::Css(&path), || format!("control `{name}` with `{selector}`")).await?;
        self.reveal(&field).await?;
        Ok(field)
    }
}
