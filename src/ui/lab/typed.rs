//! What the reader types into the controls of a lab: taken, or kept beside the reason why it is not.

use leptos::prelude::*;

use super::{Lab, SEED};
use crate::exercises::controls::{Control, Settings, Value};
use crate::exercises::exercise::Conflict;
use crate::share::permalink;

/// What was typed into a control, and why it was not taken.
pub(super) struct Refused {
    name: &'static str,
    typed: String,
    why: String,
}

impl Lab {
    /// Sets a control from text, or keeps why it does not take it.
    pub(in crate::ui) fn set(self, control: &'static Control, text: &str) {
        match control.parse(text) {
            Ok(value) => self.set_value(control, value),
            Err(refusal) => self.refuse(control.name, text, refusal.to_string()),
        }
    }

    /// Sets a control.
    pub(in crate::ui) fn set_value(self, control: &'static Control, value: Value) {
        self.accept(control.name);
        self.settings.update(|settings| settings.set(control.name, value));
    }

    /// Sets the control of this name to one of the values that it offers.
    pub(in crate::ui) fn set_choice(self, name: &str, choice: &'static str) {
        self.settings.update(|settings| settings.set(name, Value::Choice(choice)));
    }

    /// Sets the seed from text, or keeps why it does not take it.
    pub(in crate::ui) fn set_seed(self, text: &str) {
        match permalink::parse_seed(text) {
            Ok(seed) => {
                self.accept(SEED);
                self.seed.set(seed);
            }
            Err(refusal) => self.refuse(SEED, text, refusal),
        }
    }

    /// Sets every control to its default, and forgets what was refused.
    pub(in crate::ui) fn reset(self) {
        self.refusals.update(Vec::clear);
        self.settings.set(Settings::defaults(self.exercise.controls));
    }

    /// What the control of this name did not take, or why it does not go with the others.
    pub(in crate::ui) fn refusal(self, name: &str) -> Option<String> {
        let refused =
            self.refusals.with(|refusals| refusals.iter().find(|it| it.name == name).map(|it| it.why.clone()));
        refused.or_else(|| self.conflict().filter(|conflict| conflict.control == name).map(|conflict| conflict.why))
    }

    fn conflict(self) -> Option<Conflict> {
        self.settings.with(self.exercise.conflict)
    }

    /// What stands in the field of this name: what it is set to, or what was typed and not taken.
    pub(in crate::ui) fn text_of(self, name: &str) -> String {
        let typed =
            self.refusals.with(|refusals| refusals.iter().find(|it| it.name == name).map(|it| it.typed.clone()));
        typed.unwrap_or_else(|| match name {
            SEED => self.seed.get().to_string(),
            _ => self.settings.with(|settings| settings.to_text(name)),
        })
    }

    fn refuse(self, name: &'static str, typed: &str, why: String) {
        let refused = Refused { name, typed: typed.to_owned(), why };
        self.refusals.update(|refusals| {
            refusals.retain(|it| it.name != name);
            refusals.push(refused);
        });
    }

    fn accept(self, name: &'static str) {
        if self.refusals.with_untracked(|refusals| refusals.iter().any(|it| it.name == name)) {
            self.refusals.update(|refusals| refusals.retain(|it| it.name != name));
        }
    }

    /// Whether some control that means something is refused.
    pub(in crate::ui) fn has_refusals(self) -> bool {
        let is_offered = |refused: &Refused| self.settings.with(|settings| settings.is_offered(refused.name));
        self.refusals.with(|refusals| refusals.iter().any(is_offered)) || self.conflict().is_some()
    }
}
