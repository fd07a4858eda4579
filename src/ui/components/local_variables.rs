//! The local variables of the tasks at the cursor, for a reader's program on the virtual clock. They are not recorded: the
//! program runs again until that moment.

use std::time::Duration;

use leptos::prelude::*;

use crate::exercises::exercise::Failure;
use crate::exercises::program;
use crate::measure::ClockKind;
use crate::python::message::SeenTask;
use crate::python::program_files::DEFAULT_MAIN;
use crate::ui::components::tabs::Tabs;
use crate::ui::display::Display;

/// The program runs again when the cursor has not moved for this time.
const AFTER: Duration = Duration::from_millis(300);

/// The number of tasks whose variables are shown.
const MOST_TASKS: usize = 20;

/// The result of a look at one moment.
#[derive(Clone)]
struct Look {
    run: u32,
    at_us: u64,
    seen: Result<Vec<SeenTask>, Failure>,
}

/// The variables at the cursor. `key` is the key of their tab: the program runs again only while that is open.
pub(crate) fn local_variables(display: Display, tabs: Tabs, key: &'static str) -> AnyView {
    if !display.exercise.is_readers_program {
        return ().into_any();
    }
    let look = RwSignal::new_local(None::<Look>);
    let wanted = Memo::new(move |_| if tabs.is_shown(key) { moment(display) } else { None });
    Effect::new(move || {
        let Some((run, at_us)) = wanted.get() else { return };
        let take = move || {
            // The page may have been left, or the cursor moved.
            if wanted.try_get_untracked().flatten() == Some((run, at_us)) {
                leptos::task::spawn_local(async move {
                    let experiment = untrack(|| display.experiment());
                    let seen = program::look(&experiment.settings, experiment.seed, at_us).await;
                    look.try_set(Some(Look { run, at_us, seen }));
                });
            }
        };
        set_timeout(take, AFTER);
    });
    let is_on_real_clock = Memo::new(move |_| {
        display.has_saved() && program::clock_of(&display.experiment().settings) == ClockKind::Browser
    });
    let hint = move || {
        is_on_real_clock.get().then(|| {
            view! { <p class="hint">"To see local variables here as well, run the program on the virtual clock."</p> }
        })
    };
    let shown = move || {
        let (run, at_us) = wanted.get()?;
        let look = look.get().filter(|look| (look.run, look.at_us) == (run, at_us));
        Some(look.map_or_else(
            || view! { <p class="hint">"Reading the local variables …"</p> }.into_any(),
            |look| found(display, look),
        ))
    };
    view! { <div class="local-variables" aria-live="polite">{hint} {shown}</div> }.into_any()
}

/// The run on display and the moment at the cursor, if the program may run again until then: the reader has run it here,
/// and it is still the same.
fn moment(display: Display) -> Option<(u32, u64)> {
    let experiment = display.experiment();
    let is_here = display.has_saved() && !display.is_opened() && !display.is_outdated();
    let can_run = is_here && program::clock_of(&experiment.settings) == ClockKind::Virtual;
    let at_us = display.instants().first().map(|instant| instant.at_us)?;
    can_run.then(|| (display.runs.get(), at_us))
}

fn found(display: Display, Look { seen, .. }: Look) -> AnyView {
    match seen {
        Err(Failure { message, advice, .. }) => {
            view! { <p class="hint">{format!("The local variables are not known: {message}. {advice}")}</p> }.into_any()
        }
        Ok(tasks) => {
            let chosen = display.chosen.get().map(|task| task.index() + 1);
            let mut tasks: Vec<_> = tasks.into_iter().filter(|task| !task.locals.is_empty()).collect();
            // The chosen task first.
            tasks.sort_by_key(|task| Some(task.task) != chosen);
            let more = tasks.len().saturating_sub(MOST_TASKS);
            let more =
                (more > 0).then(|| format!("{more} more tasks have local variables. Choose a task to see its own."));
            let tables = tasks.iter().take(MOST_TASKS).map(variables).collect_view();
            let title = (!tasks.is_empty()).then(|| view! { <h3>"Local variables"</h3> });
            view! {
                {title}
                {tables}
                <p class="hint">{more}</p>
            }
            .into_any()
        }
    }
}

/// The variables of a task. The texts come from the program.
fn variables(task: &SeenTask) -> AnyView {
    let place = task.line.map(|line| format!("line {line}"));
    let place = match &task.path {
        Some(path) if path != DEFAULT_MAIN => place.map(|place| format!("{place} of {path}")),
        _ => place,
    };
    let rows = task.locals.iter().map(|(name, value)| {
        view! { <tr><th scope="row"><code>{name.clone()}</code></th><td><code>{value.clone()}</code></td></tr> }
    });
    view! {
        <table>
            <caption><code>{task.name.clone()}</code>" "<span class="hint">{place}</span></caption>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}
