//! The controls of an exercise: typed into and switched as a person does it.

use std::iter;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use serde::Deserialize;

use super::{Page, PageError};

/// What a control shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Control {
    /// Its name in links.
    pub name: String,
    /// Its label.
    pub label: String,
    /// What stands in its field; `on` or `off` for a switch; for a choice the name in links of what is chosen.
    pub value: String,
    /// Whether assistive technology is told that the value is refused.
    pub is_invalid: bool,
    /// The refusal beside it, empty when there is none.
    pub refusal: String,
}

/// A label counts only if the browser ties it to the field.
const READ_ALL: &str = "return [...document.querySelectorAll('[data-control]')].map(control => {
    const field = control.querySelector('input[type=number], input[type=text], input[type=checkbox], select');
    return {
        name: control.dataset.control,
        label: [...field.labels].map(label => label.innerText.trim()).join(' '),
        value: field.type === 'checkbox' ? (field.checked ? 'on' : 'off') : field.value,
        is_invalid: field.getAttribute('aria-invalid') === 'true',
        refusal: [...control.querySelectorAll('.refusal')].map(text => text.innerText.trim()).join(' '),
    };
})";

impl Page {
    /// All controls, in the order of the page.
    ///
    /// # Errors
    ///
    /// When a control has no field.
    pub async fn controls(&self) -> Result<Vec<Control>, PageError> {
        self.evaluate(READ_ALL, Vec::new()).await
    }

    /// One control, by its name in links.
    ///
    /// # Errors
    ///
    /// When the exercise does not have it.
    pub async fn control(&self, name: &str) -> Result<Control, PageError> {
        let found = self.controls().await?.into_iter().find(|control| control.name == name);
        found.ok_or_else(|| PageError::Missing { what: format!("control `{name}`") })
    }

    /// Each control's name and value.
    ///
    /// # Errors
    ///
    /// When a control has no field.
    pub async fn values(&self) -> Result<Vec<(String, String)>, PageError> {
        Ok(self.controls().await?.into_iter().map(|control| (control.name, control.value)).collect())
    }

    /// Replaces what stands in a number's field, then leaves the field.
    ///
    /// # Errors
    ///
    /// When the exercise does not have the control.
    pub async fn fill_in(&self, name: &str, text: &str) -> Result<(), PageError> {
        let field = self.field(name, ":is(input[type=number], input[type=text])").await?;
        let select = "arguments[0].focus(); arguments[0].select()";
        self.evaluate::<()>(select, vec![serde_json::to_value(&field)?]).await?;
        let keys = iter::once(char::from(Key::Delete)).chain(text.chars()).chain([char::from(Key::Tab)]);
        self.type_keys(keys).await
    }

    /// Turns a switch.
    ///
    /// # Errors
    ///
    /// When the exercise does not have the control.
    pub async fn toggle(&self, name: &str) -> Result<(), PageError> {
        Ok(self.field(name, "input[type=checkbox]").await?.click().await?)
    }

    /// Chooses one of a few, by its name in links.
    ///
    /// # Errors
    ///
    /// When the exercise does not have the control, or does not offer that.
    pub async fn choose(&self, name: &str, value: &str) -> Result<(), PageError> {
        Ok(self.field(name, "select").await?.select_by_value(value).await?)
    }

    /// Moves a number's slider by one step to the right.
    ///
    /// # Errors
    ///
    /// When the exercise does not have the control.
    pub async fn nudge_slider(&self, name: &str) -> Result<(), PageError> {
        let slider = self.field(name, "input[type=range]").await?;
        Ok(slider.send_keys(&char::from(Key::Right).to_string()).await?)
    }

    async fn field(&self, name: &str, field: &str) -> Result<Element, PageError> {
        let selector = format!("[data-control='{name}'] {field}");
        self.find(Locator::Css(&selector), || format!("control `{name}` with `{field}`")).await
    }
}
