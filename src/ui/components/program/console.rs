//! The console: runs what the reader types, as a terminal in the folder of the program does.

use futures::FutureExt;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;

use super::desk::Desk;
use super::wheels;
use crate::exercises::program::COMMAND;
use crate::measure::Record;
use crate::measure::units::count;
use crate::python::command::{self, Command, CommandError};
use crate::ui::runner::Runner;

/// The number of lines of output that are shown, counted from the end. The log has more of them.
const MOST_LINES: usize = 200;

/// The number of commands that the arrow keys bring back.
const MOST_COMMANDS: usize = 50;

/// What the console shows and remembers.
#[derive(Clone, Copy)]
struct Console {
    desk: Desk,
    runner: Runner,
    typed: RwSignal<String>,
    /// The commands so far, and how far back the reader has gone.
    commands: StoredValue<Vec<String>>,
    back: StoredValue<usize>,
    /// The answer of a command that Python does not run.
    answer: RwSignal<Option<String>>,
}

/// The field for a command, and the output of the last one.
pub(super) fn console(desk: Desk, runner: Runner) -> AnyView {
    let console = Console {
        desk,
        runner,
        typed: RwSignal::new(String::new()),
        commands: StoredValue::new(Vec::new()),
        back: StoredValue::new(0),
        answer: RwSignal::new(None),
    };
    // An answer is about the program that was shown, and a run has its own output.
    Effect::new(move || {
        runner.display.runs.track();
        desk.version.track();
        console.answer.set(None);
    });
    let text = move || console.answer.get().or_else(|| console.output());
    let output = move || {
        text().map(|text| {
            view! { <pre class="console-output" tabindex="0" role="region" aria-label="Output of the command">{text}</pre> }
        })
    };
    view! {
        <div class="console">
            {output}
            <label>
                <span class="hint" aria-hidden="true">"$"</span>
                <input
                    type="text"
                    aria-label="Console"
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    placeholder="pytest tests/ -v"
                    title="python FILE, pytest, pip install NAME, ls, cat FILE"
                    prop:value=move || console.typed.get()
                    on:input=move |event| console.typed.set(event_target_value(&event))
                    on:keydown=move |event| console.take_key(&event)
                />
            </label>
        </div>
    }
    .into_any()
}

impl Console {
    fn take_key(self, event: &KeyboardEvent) {
        match event.key().as_str() {
            "Enter" => self.run(),
            "ArrowUp" => self.recall(event, self.back.get_value() + 1),
            "ArrowDown" => self.recall(event, self.back.get_value().saturating_sub(1)),
            _ => {}
        }
    }

    /// Shows the command that was typed this number of commands ago; none for 0.
    fn recall(self, event: &KeyboardEvent, back: usize) {
        event.prevent_default();
        let found = self.commands.with_value(|commands| {
            let at = commands.len().checked_sub(back)?;
            Some(commands.get(at).cloned().unwrap_or_default())
        });
        if let Some(command) = found {
            self.back.set_value(back);
            self.typed.set(command);
        }
    }

    fn run(self) {
        let line = self.typed.get_untracked().trim().to_owned();
        if line.is_empty() {
            return;
        }
        self.commands.update_value(|commands| {
            commands.retain(|other| *other != line);
            commands.push(line.clone());
            if commands.len() > MOST_COMMANDS {
                commands.remove(0);
            }
        });
        self.back.set_value(0);
        // What is refused stays in the field.
        match self.answer_to(&line) {
            Ok(answer) => {
                self.typed.set(String::new());
                self.answer.set(answer.map(|answer| below(&line, &answer)));
            }
            Err(why) => self.answer.set(Some(why)),
        }
    }

    /// Runs a command. Returns its answer, unless that comes later, or the reason why it cannot run.
    fn answer_to(self, line: &str) -> Result<Option<String>, String> {
        let in_words = |error: CommandError| format!("{error}. {}", error.advice());
        let (command, files) = (Command::parse(line).map_err(in_words)?, self.desk.program());
        Ok(match &command {
            Command::Python { .. } | Command::Pytest { .. } => {
                command.program(&files).map_err(in_words)?;
                if untrack(|| self.runner.display.is_running()) {
                    return Err("Something is running. Press Stop first.".to_owned());
                }
                if !untrack(|| self.runner.can_start()) {
                    return Err("It cannot run: fix the marked field first.".to_owned());
                }
                self.runner.start_command(line);
                None
            }
            Command::PipInstall { packages } => {
                let (packages, line) = (packages.clone(), line.to_owned());
                let looking = format!("Looking for {} …", packages.join(", "));
                let shown = below(&line, &looking);
                let look = async move {
                    let found = command::pip_install(&packages, &wheels::all().await);
                    // The reader may have typed another command by now.
                    if self.answer.try_get_untracked().flatten() == Some(shown) {
                        self.answer.set(Some(below(&line, &found.join("\n"))));
                    }
                };
                spawn_local(look.boxed_local());
                Some(looking)
            }
            Command::List { folder } => Some(command::list(&files, folder).map_err(in_words)?.join("\n")),
            Command::Show { file } => Some(command::show(&files, file).map_err(in_words)?.to_owned()),
        })
    }

    /// What the command on display has printed; `None` if the run on display was started by Run.
    fn output(self) -> Option<String> {
        let display = self.runner.display;
        display.digest.track();
        display.runs.track();
        let experiment = display.started()?;
        let line = experiment.settings.get(COMMAND).map(crate::exercises::controls::Value::to_text)?;
        if line.is_empty() {
            return None;
        }
        let printed = display.with_record(printed).unwrap_or_default();
        Some(below(&line, &printed))
    }
}

/// An answer below its command.
fn below(line: &str, answer: &str) -> String {
    format!("$ {line}\n{answer}")
}

fn printed(record: &Record) -> String {
    let lines = record.log_lines();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let note = (left_out > 0).then(|| format!("… {} earlier lines are in the log.", count(left_out as u64)));
    let shown = lines[left_out..].iter().chain(record.unfinished()).map(|line| line.text.to_string());
    note.into_iter().chain(shown).collect::<Vec<_>>().join("\n")
}
