//! [`Control`]: something that the reader can set. [`Settings`]: the values of all controls of an exercise.

use std::sync::Arc;
use std::time::Duration;

pub use crate::exercises::control_kind::{Choice, ControlKind, InvalidValue, Value};
use crate::python::program_files::ProgramFiles;

/// Something that the reader can set.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// Its name in links: lower case, with hyphens.
    pub name: &'static str,
    /// Its label on the page.
    pub label: &'static str,
    /// A one-sentence description.
    pub help: &'static str,
    /// The kind of value that it accepts.
    pub kind: ControlKind,
    /// The heading above it if a group of controls begins with it; otherwise empty.
    pub heading: &'static str,
    /// Returns true if it has an effect with these settings. Otherwise it is hidden, and keeps its value.
    pub is_offered: fn(&Settings) -> bool,
    /// True if no link can hide it, because it says where requests go.
    pub is_always_shown: bool,
    /// The default in links of earlier releases, which omit a control at its default, if it was another one.
    pub former_default: Option<&'static str>,
}

impl Control {
    /// A control that is always shown.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, help: &'static str, kind: ControlKind) -> Self {
        Self {
            name,
            label,
            help,
            kind,
            heading: "",
            is_offered: |_| true,
            is_always_shown: false,
            former_default: None,
        }
    }

    /// A control for a time in milliseconds, from 0 to 2 s.
    #[must_use]
    pub const fn millis(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Self {
        Self::new(name, label, help, ControlKind::Number { unit: "ms", min: 0.0, max: 2_000.0, step: 50.0, default })
    }

    /// A control for a whole number from 0 to `max`.
    #[must_use]
    pub const fn count(name: &'static str, label: &'static str, help: &'static str, max: u32, default: u32) -> Self {
        Self::new(name, label, help, ControlKind::Count { min: 0, max, default })
    }

    /// A control with a few options; the first is the default.
    #[must_use]
    pub const fn choice(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        options: &'static [Choice],
    ) -> Self {
        Self::new(name, label, help, ControlKind::Choice { options })
    }

    /// A control that is on or off.
    #[must_use]
    pub const fn switch(name: &'static str, label: &'static str, help: &'static str, default: bool) -> Self {
        Self::new(name, label, help, ControlKind::Switch { default })
    }

    /// Starts a group of controls with this heading.
    #[must_use]
    pub const fn with_heading(self, heading: &'static str) -> Self {
        Self { heading, ..self }
    }

    /// Sets the settings with which it is shown.
    #[must_use]
    pub const fn only_if(self, is_offered: fn(&Settings) -> bool) -> Self {
        Self { is_offered, ..self }
    }

    /// Keeps links from hiding it, because it says where requests go.
    #[must_use]
    pub const fn always_shown(self) -> Self {
        Self { is_always_shown: true, ..self }
    }

    /// Sets the default of earlier releases, as in links. Links that omit this control but set another one use this
    /// former default.
    #[must_use]
    pub const fn with_former_default(self, default: &'static str) -> Self {
        Self { former_default: Some(default), ..self }
    }

    /// The default value.
    #[must_use]
    pub fn default_value(&self) -> Value {
        self.kind.default_value()
    }

    /// Reads a value from text that was typed or comes from a link.
    ///
    /// # Errors
    ///
    /// An [`InvalidValue`] that names the given text and the accepted values.
    pub fn parse(&self, text: &str) -> Result<Value, InvalidValue> {
        self.kind.parse(text)
    }

    /// The nearest allowed value to a refused text: for a number the nearer limit, otherwise the default.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Value {
        self.kind.nearest(text)
    }
}

/// The values of the controls of one exercise.
#[derive(Clone, Debug)]
pub struct Settings {
    controls: &'static [Control],
    values: Vec<Value>,
}

/// Settings are equal if they belong to the same exercise and have the same values.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.controls, other.controls) && self.values == other.values
    }
}

impl Settings {
    /// The settings with every control at its default.
    #[must_use]
    pub fn defaults(controls: &'static [Control]) -> Self {
        Self { controls, values: controls.iter().map(Control::default_value).collect() }
    }

    /// The controls with their values, in the order of the page.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Control, &Value)> {
        self.controls.iter().zip(&self.values)
    }

    /// Sets a control. Does nothing if there is no control with this name.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(index) = self.controls.iter().position(|control| control.name == name) {
            self.values[index] = value;
        }
    }

    /// The value of a control, if there is one with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(control, _)| control.name == name).map(|(_, value)| value)
    }

    /// The number of a control.
    ///
    /// # Panics
    ///
    /// If there is no control with this name, or if its value is not a number. The tests run every exercise, so they
    /// would find such a mistake.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Number(number)) => *number,
            _ => panic!("the exercise has no number named `{name}`"),
        }
    }

    /// The number of a control as milliseconds. Panics as [`number`](Self::number) does.
    #[must_use]
    pub fn millis(&self, name: &str) -> Duration {
        Duration::from_secs_f64(self.number(name).max(0.0) / 1e3)
    }

    /// The whole number of a control. Panics as [`number`](Self::number) does.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        self.number(name) as u32
    }

    /// The chosen option.
    ///
    /// # Panics
    ///
    /// If there is no choice with this name.
    #[must_use]
    pub fn choice(&self, name: &str) -> &'static str {
        match self.get(name) {
            Some(Value::Choice(value)) => value,
            _ => panic!("the exercise has no choice named `{name}`"),
        }
    }

    /// True if a switch is on.
    ///
    /// # Panics
    ///
    /// If there is no switch with this name.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Switch(is_on)) => *is_on,
            _ => panic!("the exercise has no switch named `{name}`"),
        }
    }

    /// The value of a control as it appears in links; empty if there is no control with this name.
    #[must_use]
    pub fn to_text(&self, name: &str) -> String {
        self.get(name).map(Value::to_text).unwrap_or_default()
    }

    /// The text of a control, without surrounding white space.
    ///
    /// # Panics
    ///
    /// If there is no text with this name.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(text) | Value::Command(text)) => text.trim(),
            _ => panic!("the exercise has no text named `{name}`"),
        }
    }

    /// The reader's program.
    ///
    /// # Panics
    ///
    /// If there is no program with this name.
    #[must_use]
    pub fn program(&self, name: &str) -> &Arc<ProgramFiles> {
        match self.get(name) {
            Some(Value::Program(program)) => program,
            _ => panic!("the exercise has no program named `{name}`"),
        }
    }

    /// True if this control has an effect with these settings, or if there is none with this name.
    #[must_use]
    pub fn is_offered(&self, name: &str) -> bool {
        self.controls.iter().find(|control| control.name == name).is_none_or(|control| (control.is_offered)(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static CONTROLS: [Control; 3] = [
        Control::millis("delay", "Delay", "", 400.0),
        Control::switch("demo", "Demo", "", true),
        Control::count("times", "Times", "", 10, 1).only_if(|settings| settings.is_on("demo")),
    ];

    #[test]
    fn settings_start_at_the_defaults_and_ignore_unknown_names() {
        let mut settings = Settings::defaults(&CONTROLS);
        settings.set("delay", Value::Number(50.0));
        settings.set("unknown", Value::Number(1.0));
        assert_eq!(settings.millis("delay"), Duration::from_millis(50));
        assert!(settings.is_on("demo"));
    }

    #[test]
    fn a_hidden_control_keeps_its_value() {
        let mut settings = Settings::defaults(&CONTROLS);
        settings.set("times", Value::Number(3.0));
        settings.set("demo", Value::Switch(false));
        assert!(settings.is_offered("delay") && !settings.is_offered("times"));
        assert_eq!(settings.count("times"), 3);
    }
}
