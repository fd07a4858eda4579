//! [`Form`]: the setup of the next run. Input that was refused stays in its field, next to the reason.

use leptos::prelude::*;

use crate::exercises::controls::{Control, Settings, Value};
use crate::exercises::exercise::{Conflict, Exercise};
use crate::exercises::experiment::Experiment;
use crate::share::permalink::{self, Destination, Setup};
use crate::share::sent::Sent;

/// The name of the seed in the form. No control may have this name.
pub(super) const SEED: &str = "seed";

/// The setup of the next run.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) exercise: &'static Exercise,
    pub(super) settings: RwSignal<Settings>,
    pub(super) seed: RwSignal<u64>,
    /// True if the link said that the run starts immediately.
    runs_at_once: bool,
    /// True if the link said that the page is embedded.
    pub(super) is_embedded: bool,
    /// True if the reader wants to predict the result of the first run.
    pub(super) predicts: RwSignal<bool>,
    /// The names of the controls that the link hides.
    pub(super) hidden: RwSignal<Vec<&'static str>>,
    /// The result that the link contains.
    pub(super) sent: RwSignal<Option<Sent>>,
    /// The reader's program as the link contains it, until another program is shown.
    pub(super) packed: RwSignal<Option<String>>,
    refusals: RwSignal<Vec<RefusedInput>>,
}

/// Input that a control refused, and the reason.
struct RefusedInput {
    /// The control's name, or [`SEED`].
    name: &'static str,
    typed: String,
    why: String,
}

impl Form {
    /// The form as a link sets it up.
    pub(super) fn new(link: Setup) -> Self {
        Self {
            exercise: link.exercise,
            settings: RwSignal::new(link.settings),
            seed: RwSignal::new(link.seed),
            runs_at_once: link.runs_at_once,
            is_embedded: link.is_embedded,
            predicts: RwSignal::new(link.predicts),
            hidden: RwSignal::new(link.hidden),
            sent: RwSignal::new(link.sent),
            packed: RwSignal::new(link.packed),
            refusals: RwSignal::new(Vec::new()),
        }
    }

    /// The experiment that Run would start now.
    pub(super) fn experiment(self) -> Experiment {
        Experiment::new(self.exercise, self.settings.get(), self.seed.get())
    }

    /// False if the page is embedded and the experiment would send requests to another server.
    pub(super) fn may_send_requests(self) -> bool {
        let test = self.exercise.connection_test.as_ref();
        !self.is_embedded || test.is_none_or(|test| self.settings.with(test.is_automatic))
    }

    /// The link to the embedded form of the current setup.
    pub(super) fn embedded(self) -> Destination {
        Destination::Exercise(Setup { is_embedded: true, ..self.setup(None) })
    }

    /// The link to the current setup.
    pub(super) fn destination(self) -> Destination {
        Destination::Exercise(self.setup(self.sent.get()))
    }

    /// The current setup, with a result.
    pub(super) fn setup(self, sent: Option<Sent>) -> Setup {
        Setup {
            exercise: self.exercise,
            settings: self.settings.get(),
            seed: self.seed.get(),
            runs_at_once: self.runs_at_once,
            hidden: self.hidden.get(),
            sent,
            is_embedded: self.is_embedded,
            predicts: self.predicts.get(),
            packed: self.packed.get(),
        }
    }
}

impl Form {
    /// Sets a control from text. If the text is refused, keeps it with the reason.
    pub(super) fn set(self, control: &'static Control, text: &str) {
        match control.parse(text) {
            Ok(value) => self.set_value(control, value),
            Err(refusal) => self.refuse(control.name, text, refusal.to_string()),
        }
    }

    /// Sets a control.
    pub(super) fn set_value(self, control: &'static Control, value: Value) {
        self.accept(control.name);
        self.settings.update(|settings| settings.set(control.name, value));
    }

    /// Sets the control of this name to one of the values that it offers.
    pub(super) fn set_choice(self, name: &str, choice: &'static str) {
        self.settings.update(|settings| settings.set(name, Value::Choice(choice)));
    }

    /// Sets the control of this name to a command, if the exercise has it.
    pub(super) fn set_command(self, name: &str, text: &str) {
        if self.exercise.controls.iter().any(|control| control.name == name) {
            self.settings.update(|settings| settings.set(name, Value::Command(text.to_owned())));
        }
    }

    /// True if the settings are those of this part of a link.
    pub(super) fn has_settings(self, query: &str) -> bool {
        let link = format!("{}?{query}", self.exercise.slug);
        let (Destination::Exercise(Setup { settings: linked, .. }), _) = Destination::parse(&link) else {
            return false;
        };
        let names = || self.exercise.controls.iter().map(|control| control.name);
        self.settings.with(|settings| names().all(|name| settings.to_text(name) == linked.to_text(name)))
    }

    /// Sets the seed from text. If the text is refused, keeps it with the reason.
    pub(super) fn set_seed(self, text: &str) {
        match permalink::parse_seed(text) {
            Ok(seed) => {
                self.accept(SEED);
                self.seed.set(seed);
            }
            Err(refusal) => self.refuse(SEED, text, refusal),
        }
    }

    /// Sets every control to its default, and removes refused input. The reader's program stays.
    pub(super) fn reset(self) {
        self.refusals.update(Vec::clear);
        self.settings.update(|settings| {
            let mut defaults = Settings::defaults(self.exercise.controls);
            for (control, value) in settings.iter().filter(|(_, value)| matches!(value, Value::Program(_))) {
                defaults.set(control.name, value.clone());
            }
            *settings = defaults;
        });
    }

    /// The reason why the input of this control was refused, or why its value is in conflict with another.
    pub(super) fn refusal(self, name: &str) -> Option<String> {
        let refused =
            self.refusals.with(|refusals| refusals.iter().find(|it| it.name == name).map(|it| it.why.clone()));
        refused.or_else(|| self.conflict().filter(|conflict| conflict.control == name).map(|conflict| conflict.why))
    }

    fn conflict(self) -> Option<Conflict> {
        self.settings.with(self.exercise.conflict)
    }

    /// The text in the field of this name: its value, or the input that was refused.
    pub(super) fn text_of(self, name: &str) -> String {
        let typed =
            self.refusals.with(|refusals| refusals.iter().find(|it| it.name == name).map(|it| it.typed.clone()));
        typed.unwrap_or_else(|| match name {
            SEED => self.seed.get().to_string(),
            _ => self.settings.with(|settings| settings.to_text(name)),
        })
    }

    /// Keeps input that cannot be used, with the reason.
    pub(super) fn refuse(self, name: &'static str, typed: &str, why: String) {
        let refused = RefusedInput { name, typed: typed.to_owned(), why };
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

    /// True if the input of a control that is offered was refused, or if values are in conflict.
    pub(super) fn has_refusals(self) -> bool {
        // The reader's program is not among the controls, but in the editor.
        let is_offered = |refused: &RefusedInput| {
            self.exercise.is_readers_program || self.settings.with(|settings| settings.is_offered(refused.name))
        };
        self.refusals.with(|refusals| refusals.iter().any(is_offered)) || self.conflict().is_some()
    }
}
