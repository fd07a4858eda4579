//! Helpers that the tests of several exercises need.

use crate::exercises::controls::{Settings, Value};
use crate::exercises::exercise::Exercise;

/// The defaults of an exercise, with some numbers.
pub(crate) fn settings_with(exercise: &Exercise, numbers: &[(&str, f64)]) -> Settings {
    let mut settings = Settings::defaults(exercise.controls);
    numbers.iter().for_each(|(name, value)| settings.set(name, Value::Number(*value)));
    settings
}

/// Sets controls to values that are written as in a link.
pub(crate) fn set_texts(settings: &mut Settings, exercise: &Exercise, texts: &[(&str, &str)]) {
    for (name, text) in texts {
        let control = exercise.controls.iter().find(|control| control.name == *name);
        let control = control.unwrap_or_else(|| panic!("the exercise has no control `{name}`"));
        settings.set(name, control.parse(text).unwrap_or_else(|error| panic!("`{name}`: {error}")));
    }
}
