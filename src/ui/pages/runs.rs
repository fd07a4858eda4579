//! The saved runs: they can be opened, pinned, exported and deleted.

use futures::FutureExt;
use futures::future::join_all;
use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::lazy::lazy;
use crate::measure::report::Column;
use crate::measure::units::{size, span};
use crate::share::date;
use crate::share::export::Form;
use crate::share::history::{History, HistoryEntry, MAX_RUNS, RunId};
use crate::share::permalink::Destination;
use crate::share::quantities::Quantities;
use crate::share::run_file;
use crate::share::run_file::from_json;
use crate::share::saved::SavedRun;
use crate::storage::StorageError;
use crate::storage::time_limit::in_time;
use crate::ui::components::open_file::{open_error, open_file};
use crate::ui::components::recorder::recorder;
use crate::ui::components::table::table;
use crate::ui::download::{REFUSED, offer};
use crate::ui::lazy_view::lazy_view;
use crate::ui::opened;
use crate::ui::pages::exercise::page_head;

/// The page. Its code is fetched when it is first opened.
pub(crate) fn runs_page() -> AnyView {
    document().set_title("Runs · Interleave");
    let about = "Runs that have finished in this browser. Open one to see all its charts, pin it to compare the next ones \
                 with it, or export it.";
    [page_head("Runs", about), lazy_view(fetched::load, fetched::panel)].into_any()
}

lazy!(mod fetched in share: panel() -> AnyView);

/// A saved run, with its settings and seed in words.
#[derive(Clone)]
struct Listed {
    saved: HistoryEntry,
    setup: String,
}

impl Listed {
    async fn read(history: &History, saved: HistoryEntry) -> Self {
        let setup = match Destination::parse(&history.link(&saved.id).await).0 {
            Destination::Exercise(setup) => setup.in_words(),
            // The link was never written.
            _ => String::new(),
        };
        Self { saved, setup }
    }
}

/// The state of the page.
#[derive(Clone, Copy)]
struct RunList {
    history: RwSignal<Option<History>, LocalStorage>,
    entries: RwSignal<Vec<Listed>, LocalStorage>,
    message: RwSignal<String>,
    is_read: RwSignal<bool>,
}

fn panel() -> AnyView {
    let list = RunList {
        history: RwSignal::new_local(None),
        entries: RwSignal::new_local(Vec::new()),
        message: RwSignal::new(String::new()),
        is_read: RwSignal::new(false),
    };
    leptos::task::spawn_local(async move {
        match History::open().await {
            Ok(history) => list.history.set(Some(history)),
            Err(error) => list.message.set(format!("{error}. {}", error.advice())),
        }
        list.read().await;
        list.is_read.set(true);
    });
    let error = RwSignal::new(None);
    let content = move || match (list.is_read.get(), list.entries.with(Vec::is_empty)) {
        (false, _) => view! { <p class="empty">"Loading …"</p> }.into_any(),
        // A message says why there is no list.
        (true, true) if list.message.with(|message| !message.is_empty()) => ().into_any(),
        (true, true) => view! { <p class="empty">"Finished runs appear here."</p> }.into_any(),
        (true, false) => list.list(),
    };
    view! {
        <section class="panel runs" aria-label="Saved runs">
            <div class="actions">{open_file(error)}</div>
            {open_error(error)}
            {recorder("To record a Python program that runs outside of this page, download ")}
            <p class="hint">{move || list.rule()}</p>
            <p class="hint" aria-live="polite">{move || list.message.get()}</p>
            {content}
        </section>
    }
    .into_any()
}

impl RunList {
    /// The rule for how long runs stay saved.
    fn rule(self) -> String {
        match self.history.with(|history| history.as_ref().is_none_or(History::is_persistent)) {
            true => format!(
                "The newest {MAX_RUNS} runs and all pinned runs are saved. If space runs out, the oldest are deleted \
                first."
            ),
            false => {
                "This browser stores nothing for the page, or its database does not respond: runs are lost when you \
                      close or reload this tab."
                    .to_owned()
            }
        }
    }

    /// Reads the list again.
    async fn read(self) {
        let Some(history) = self.history.get_untracked() else { return };
        let listed = async {
            let entries = history.list().await?;
            Ok::<_, StorageError>(join_all(entries.into_iter().map(|saved| Listed::read(&history, saved))).await)
        };
        match in_time(listed).await {
            Ok(listed) => self.entries.set(listed),
            Err(error) => self.message.set(format!("{error}. {}", error.advice())),
        }
    }

    /// Performs an action on a run, then shows the result.
    fn act(self, id: RunId, act: impl AsyncFnOnce(&History, &RunId) -> Result<String, String> + 'static) {
        let act = async move {
            let Some(history) = self.history.get_untracked() else { return };
            let done = in_time(async { Ok::<_, StorageError>(act(&history, &id).await.unwrap_or_else(|error| error)) });
            let message = done.await.unwrap_or_else(|error| format!("{error}. {}", error.advice()));
            self.message.set(message);
            self.read().await;
        };
        leptos::task::spawn_local(act.boxed_local());
    }

    fn list(self) -> AnyView {
        let columns = ["Exercise", "Settings", "Finished", "Took", "Size", "Actions"].map(Column::text);
        let rows = move || self.entries.with(|entries| entries.iter().map(|it| self.row(it)).collect_view());
        view! {
            {table("Saved runs, a table".to_owned(), "Newest first".to_owned(), &columns, rows.into_any())}
            <button class="quiet" on:click=move |_| self.delete_all()>"Delete all"</button>
        }
        .into_any()
    }

    fn row(self, Listed { saved, setup }: &Listed) -> AnyView {
        let title = catalogue::find(&saved.id.slug).map_or(&*saved.id.slug, |exercise| exercise.title).to_owned();
        let when = date::in_words(saved.id.finished_at_ms);
        let name = format!("{title} of {when}");
        let action = |text: &'static str, act: fn(Self, RunId)| {
            let id = saved.id.clone();
            view! {
                <button class="quiet" aria-label=format!("{text} {name}") on:click=move |_| act(self, id.clone())>
                    {text}
                </button>
            }
        };
        let pin = if saved.is_pinned { action("Unpin", Self::unpin) } else { action("Pin", Self::pin) };
        view! {
            <tr data-run=saved.id.to_string()>
                <td><b>{title.clone()}</b>{saved.is_pinned.then_some(" · pinned")}</td>
                <td>{setup.clone()}</td>
                <td>{when.clone()}</td>
                <td>{span(saved.id.wall_us)}</td>
                <td>{size(saved.size_bytes)}</td>
                <td>
                    <div class="actions">
                        {action("Open", Self::open)}
                        {pin}
                        {action("Export", Self::export)}
                        {action("Delete", Self::delete)}
                    </div>
                </td>
            </tr>
        }
        .into_any()
    }

    fn open(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            opened::open(read(history, id).await?);
            Ok(String::new())
        });
    }

    fn pin(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            let measured = Quantities::from_run(&read(history, id).await?).to_json();
            history.pin(id, &measured).await.map_err(|error| error.to_string())?;
            Ok("Pinned: the next runs of this exercise are compared with it.".to_owned())
        });
    }

    fn unpin(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            history.unpin(id).await.map_err(|error| error.to_string())?;
            Ok("Unpinned.".to_owned())
        });
    }

    fn export(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            let run = read(history, id).await?;
            let name = Form::Json.file_name(&run);
            let downloaded = format!("Downloaded `{name}`.");
            Ok(offer(&name, &run_file::to_json(&run)).map_or(REFUSED.to_owned(), |()| downloaded))
        });
    }

    fn delete(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            history.delete(id).await.map_err(|error| error.to_string())?;
            Ok("Deleted.".to_owned())
        });
    }

    fn delete_all(self) {
        let delete = async move {
            let Some(history) = self.history.get_untracked() else { return };
            let message = match in_time(history.delete_all()).await {
                Ok(()) => "Deleted all runs, including pinned ones.".to_owned(),
                Err(error) => format!("{error}. {}", error.advice()),
            };
            self.message.set(message);
            self.read().await;
        };
        leptos::task::spawn_local(delete.boxed_local());
    }
}

/// A saved run, or why it cannot be read.
async fn read(history: &History, id: &RunId) -> Result<SavedRun, String> {
    let bytes = history.read(id).await.map_err(|error| format!("{error}. {}", error.advice()))?;
    from_json(&bytes).map_err(|error| format!("This run cannot be opened: {error}. {}", error.advice()))
}
