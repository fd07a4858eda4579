//! The part of the guide that the reader writes: what is to be written, hints, tests with their results, and a solution.

use std::sync::Arc;

use futures::FutureExt;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::desk::Desk;
use super::starts;
use super::{files, link};
use crate::exercises::assignment::{Assignment, BadDescription};
use crate::exercises::catalogue;
use crate::exercises::program::command_of;
use crate::figures::prose::with_code;
use crate::measure::test_result::{TestPlace, TestResult, verdict};
use crate::python::command::ALL_TESTS;
use crate::ui::drawing::drawings;
use crate::ui::finished;
use crate::ui::help_used::{self, Help, HelpUsed, use_help};
use crate::ui::runner::Runner;

/// The number of failed tests that are listed. The tab with the results has all of them.
const MOST_FAILURES: usize = 3;

/// What the panel works with.
#[derive(Clone, Copy)]
struct Panel {
    desk: Desk,
    runner: Runner,
    assignment: RwSignal<Option<Arc<Assignment>>, LocalStorage>,
    help: HelpUsed,
    /// True once all tests have passed, now or on an earlier visit.
    has_passed: RwSignal<bool>,
    /// The reason why a description in the program cannot be used.
    problem: RwSignal<Option<String>>,
    /// The [version](Desk::version) of the desk when the run on display began.
    version_that_ran: RwSignal<Option<u32>>,
    /// True once the reader has asked for the solution.
    shows_solution: RwSignal<bool>,
}

/// The panel, which is empty for a program that is not an assignment.
pub(super) fn assignment(desk: Desk, runner: Runner) -> AnyView {
    let panel = Panel {
        desk,
        runner,
        assignment: RwSignal::new_local(None),
        help: use_help(),
        has_passed: RwSignal::new(false),
        problem: RwSignal::new(None),
        version_that_ran: RwSignal::new(None),
        shows_solution: RwSignal::new(false),
    };
    panel.use_assignment();
    panel.use_runs();
    panel.use_progress();
    let shown = move || panel.assignment.get().map(|assignment| panel.view(&assignment));
    let problem = move || panel.problem.get().map(|why| view! { <p class="refusal assignment">{why}</p> });
    view! {
        {problem}
        {shown}
    }
    .into_any()
}

impl Panel {
    /// Reads the assignment of the program on the page.
    fn use_assignment(self) {
        let key =
            Memo::new(move |_| self.desk.start.get().filter(|start| start.is_assignment()).map(|start| start.key));
        let own = Memo::new(move |_| self.desk.with(Assignment::described_by));
        Effect::new(move || {
            let Some(start) = key.get().and_then(starts::find) else { return self.use_own(own.get()) };
            self.assignment.set(None);
            self.problem.set(None);
            let read = async move {
                match start.read_assignment().await {
                    Ok(assignment) if key.try_get_untracked() == Some(Some(start.key)) => {
                        self.show_first_file(&assignment);
                        self.has_passed.try_set(finished::written().contains(&assignment.slug));
                        self.assignment.try_set(Some(Arc::new(assignment)));
                    }
                    Err(why) if key.try_get_untracked() == Some(Some(start.key)) => {
                        self.desk.say(&format!("The assignment could not be read: {why}"))
                    }
                    // Another program is shown by now.
                    _ => {}
                }
            };
            spawn_local(read.boxed_local());
        });
    }

    /// Shows the assignment that the program itself describes.
    fn use_own(self, described: Option<Result<Assignment, BadDescription>>) {
        self.problem.set(described.as_ref().and_then(|it| it.as_ref().err()).map(BadDescription::to_string));
        self.assignment.set(described.and_then(Result::ok).map(Arc::new));
    }

    /// Shows the file to write instead of the main file, unless the reader has chosen another one.
    fn show_first_file(self, assignment: &Assignment) {
        let program = self.desk.program();
        let is_main_shown = self.desk.shown.try_with_untracked(|shown| *shown == program.main().name) == Some(true);
        if is_main_shown && let Some(first) = program.get(assignment.first_file()) {
            self.desk.shown.set(first.name.clone());
        }
    }

    /// Notes that all tests have passed.
    fn use_progress(self) {
        Effect::new(move || {
            let Some(results) = self.results().filter(|_| !self.runner.display.is_outdated()) else { return };
            let Some(assignment) = self.assignment.get() else { return };
            let program = self.desk.program();
            let ran_all = command_of(&self.runner.display.experiment().settings).is_some_and(|it| it.runs_all_tests());
            if ran_all && assignment.is_passed_by(&program, &results) {
                if assignment.part > 0 {
                    finished::note_written(&assignment.slug);
                }
                self.has_passed.set(true);
            }
        });
    }

    /// The results of the tests on display, if they are of the program on the page. It may have changed since.
    fn results(self) -> Option<Vec<TestResult>> {
        let display = self.runner.display;
        let results = display.report.with(|report| report.as_ref()?.tests().map(<[TestResult]>::to_vec))?;
        (self.version_that_ran.get() == Some(self.desk.version.get())).then_some(results)
    }

    /// Remembers of which program the run on display is.
    fn use_runs(self) {
        Effect::new(move |runs_before: Option<u32>| {
            let runs = self.runner.display.runs.get();
            if runs_before.is_some_and(|before| before != runs) {
                self.version_that_ran.set(Some(self.desk.version.get_untracked()));
            }
            runs
        });
    }

    fn help_in(self, slug: &str) -> Help {
        self.help.with(|all| all.get(slug).copied().unwrap_or_default())
    }

    fn view(self, assignment: &Arc<Assignment>) -> AnyView {
        let display = self.runner.display;
        let statement = assignment.statement.iter().map(|text| drawings([with_code("p", text)])).collect_view();
        // Once something has run, the reader knows what is to be written, and the results need the space.
        let runs_before = display.runs.get_untracked();
        let is_new = Memo::new(move |_| display.runs.get() == runs_before);
        view! {
            <section class="assignment" aria-label="Assignment">
                <div class="assignment-head">
                    <h2>{assignment.heading()}</h2>
                    {move || self.has_passed.get().then(|| view! { <span class="done">"✓ written"</span> })}
                    {read_or_write(&assignment.slug)}
                </div>
                <details open=move || is_new.get()>
                    <summary>"What to write"</summary>
                    <div class="statement" tabindex="0" role="region" aria-label="What to write">{statement}</div>
                </details>
                {self.actions(assignment)}
                {self.hints(assignment)}
                {self.verdict()}
                {self.solution(assignment)}
                {self.hand_in(assignment)}
            </section>
        }
        .into_any()
    }

    fn actions(self, assignment: &Arc<Assignment>) -> AnyView {
        let runner = self.runner;
        let of_hint = Arc::clone(assignment);
        let (slug, all) = (assignment.slug.clone(), assignment.hints.len());
        let hint = move || {
            let seen = self.help_in(&slug).hints;
            if seen >= all { "No more hints".to_owned() } else { format!("Hint {} of {all}", seen + 1) }
        };
        let slug = assignment.slug.clone();
        let has_seen_all = move || self.help_in(&slug).hints >= all;
        let show_hint = move |_| {
            let most = of_hint.hints.len();
            help_used::note(self.help, &of_hint.slug, |help| help.hints = most.min(help.hints + 1));
        };
        let show_solution = move |_| self.shows_solution.set(true);
        let has_solution = !assignment.solution().is_empty();
        let solution = has_solution.then(|| {
            view! {
                <button class="quiet" disabled=move || self.shows_solution.get() on:click=show_solution>"Show a solution"</button>
            }
        });
        let hints = (all > 0).then(|| {
            view! {
                <button class="quiet" disabled=has_seen_all on:click=show_hint>{hint}</button>
            }
        });
        let for_learners = (assignment.part == 0).then(|| view! {
            <button class="quiet" on:click=move |_| link::copy_without_help(self.desk)>"Copy link without help"</button>
        });
        view! {
            <div class="actions">
                <button disabled=move || !runner.can_start() on:click=move |_| runner.start_command(ALL_TESTS)>
                    "Run tests"
                </button>
                {hints}
                {solution}
                {for_learners}
            </div>
        }
        .into_any()
    }

    /// What downloads the work for a teacher, or to go on elsewhere.
    fn hand_in(self, assignment: &Arc<Assignment>) -> AnyView {
        let assignment = Arc::clone(assignment);
        let student = RwSignal::new(finished::student());
        let typed = move |event| {
            student.set(event_target_value(&event));
            finished::note_student(&student.get_untracked());
        };
        let save = move |_| {
            let help = self.help_in(&assignment.slug);
            files::save_assignment(self.desk, &assignment, &student.get_untracked(), help);
        };
        view! {
            <details class="hand-in">
                <summary>"Download or hand in"</summary>
                <label>
                    <span class="hint">"Your name or number, if somebody asks for it"</span>
                    <input type="text" autocomplete="name" prop:value=move || student.get() on:input=typed />
                </label>
                <button class="quiet" on:click=save>"Download all"</button>
                <p class="hint">
                    "A zip with your files, their tests and a README. It runs under CPython, and “Open…” opens it again. It says how many \
                     hints you used."
                </p>
            </details>
        }
        .into_any()
    }

    /// The hints that the reader has asked for.
    fn hints(self, assignment: &Arc<Assignment>) -> AnyView {
        let assignment = Arc::clone(assignment);
        let seen = move || {
            let hints = assignment.hints.iter().take(self.help_in(&assignment.slug).hints);
            drawings(hints.map(|hint| with_code("li", hint)))
        };
        view! { <ol class="hints" aria-live="polite">{seen}</ol> }.into_any()
    }

    /// The results of the tests, and the first of those that failed.
    fn verdict(self) -> AnyView {
        let shown = move || {
            let results = self.results()?;
            let has_passed = results.iter().all(|result| !result.has_failed());
            let failed: Vec<_> = results.iter().filter(|result| result.has_failed()).cloned().collect();
            let more = failed.len().saturating_sub(MOST_FAILURES);
            let more = (more > 0).then(|| view! { <li class="hint">{format!("{more} more under Tests.")}</li> });
            let items = failed.into_iter().take(MOST_FAILURES).map(|result| self.failure(result)).collect_view();
            let is_old = self.runner.display.is_outdated();
            Some(view! {
                <p class=if has_passed { "verdict passes" } else { "verdict fails" }>{verdict(&results)}</p>
                {is_old.then(|| view! { <p class="hint">"Before your last change."</p> })}
                <ul class="tests">{items}{more}</ul>
            })
        };
        view! { <div aria-live="polite">{shown}</div> }.into_any()
    }

    fn failure(self, result: TestResult) -> AnyView {
        let name = result.name().to_owned();
        let go = result.place.clone().map(|place| {
            let label = format!("Line {} of {}", place.line, place.path);
            view! { <button class="quiet" on:click=move |_| self.show(&place)>{label}</button> }
        });
        view! {
            <li class="fails" data-test=result.id.clone()>
                <b>"✕ "<code>{name}</code></b>
                {drawings([with_code("p", &result.message)])}
                {go}
            </li>
        }
        .into_any()
    }

    /// Shows a line in the editor.
    fn show(self, place: &TestPlace) {
        if self.desk.program().get(&place.path).is_some() {
            self.desk.shown.set(place.path.as_str().into());
            self.desk.line.set(Some(place.line));
        }
    }

    /// The solution, once the reader has asked for it. It counts as seen when a file of it is opened.
    fn solution(self, assignment: &Arc<Assignment>) -> AnyView {
        self.shows_solution.set(self.help_in(&assignment.slug).has_seen_solution);
        let assignment = Arc::clone(assignment);
        let files = move || {
            let file = |(path, text)| self.solution_file(&assignment.slug, path, text);
            assignment.solution().into_iter().map(file).collect_view()
        };
        (move || self.shows_solution.get().then(&files)).into_any()
    }

    fn solution_file(self, slug: &str, path: &str, text: &str) -> AnyView {
        let (label, slug) = (format!("A solution: {path}"), slug.to_owned());
        let opened = move |_| help_used::note(self.help, &slug, |help| help.has_seen_solution = true);
        view! {
            <details class="solution" on:toggle=opened>
                <summary>{label.clone()}</summary>
                <pre tabindex="0" role="region" aria-label=label>{text.to_owned()}</pre>
            </details>
        }
        .into_any()
    }
}

/// The switch between the page that shows a part and this one.
fn read_or_write(slug: &str) -> AnyView {
    let Some(exercise) = catalogue::find(slug) else { return ().into_any() };
    view! {
        <nav class="read-or-write" aria-label="Read or write">
            <a href=format!("#/{}", exercise.slug)>"Read it"</a>
            <a aria-current="page">"Write it"</a>
        </nav>
    }
    .into_any()
}
