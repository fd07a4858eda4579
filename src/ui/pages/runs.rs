//! The saved runs: they can be opened, pinned, exported and deleted.

use futures::FutureExt;
use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::lazy::lazy;
use crate::measure::units::{size, span};
use crate::share::date;
use crate::share::export::Form;
use crate::share::history::{History, HistoryEntry, MAX_RUNS, RunId};
use crate::share::quantities::Quantities;
use crate::share::run_file::from_json;
use crate::share::saved::SavedRun;
use crate::ui::components::open_file::{open_error, open_file};
use crate::ui::download::{REFUSED, offer};
use crate::ui::element::{b, button, caption, div, p, part, section, table, tbody, td, th, thead, tr};
use crate::ui::lazy_view::lazy_view;
use crate::ui::opened;
use crate::ui::pages::exercise::page_head;

/// The page. Its code is fetched when it is first opened.
pub(crate) fn runs_page() -> AnyView {
    document().set_title("Runs · Interleave");
    let about = "Runs that have finished in this browser. Open one to see all its charts, pin it to compare the next ones \
                 with it, or export it.";
    [page_head("Runs", about), lazy_view(fetched::load(), fetched::panel)].into_any()
}

lazy!(mod fetched in share: panel() -> AnyView);

/// The state of the page.
#[derive(Clone, Copy)]
struct RunList {
    history: RwSignal<Option<History>, LocalStorage>,
    entries: RwSignal<Vec<HistoryEntry>, LocalStorage>,
    message: RwSignal<String>,
}

fn panel() -> AnyView {
    let list = RunList {
        history: RwSignal::new_local(None),
        entries: RwSignal::new_local(Vec::new()),
        message: RwSignal::new(String::new()),
    };
    leptos::task::spawn_local(async move {
        let history = History::open().await;
        list.history.set(Some(history));
        list.read().await;
    });
    let error = RwSignal::new(None);
    let content = part(move || match (list.history.with(Option::is_some), list.entries.with(Vec::is_empty)) {
        (false, _) => p().class("empty").text("Loading …").view(),
        (true, true) => p().class("empty").text("Finished runs appear here.").view(),
        (true, false) => list.list(),
    });
    section()
        .class("panel runs")
        .attr("aria-label", "Saved runs")
        .el(div().class("actions").el(open_file(error)))
        .add(open_error(error))
        .add(part(move || p().class("hint").text(list.rule()).view()))
        .el(p().class("hint").attr("aria-live", "polite").text_changing(move || list.message.get()))
        .add(content)
        .view()
}

impl RunList {
    /// How long runs stay saved.
    fn rule(self) -> String {
        match self.history.with(|history| history.as_ref().is_none_or(History::lasts)) {
            true => format!(
                "The newest {MAX_RUNS} runs are kept, and all pinned ones. When there is no room, the oldest are deleted first."
            ),
            false => "This browser does not let the page store anything: runs are lost when you leave it.".to_owned(),
        }
    }

    /// Reads the list again.
    async fn read(self) {
        let Some(history) = self.history.get_untracked() else { return };
        match history.list().await {
            Ok(entries) => self.entries.set(entries),
            Err(error) => self.message.set(format!("{error}. {}", error.advice())),
        }
    }

    /// Does something with a run, and then shows the result.
    fn act(self, id: RunId, act: impl AsyncFnOnce(&History, &RunId) -> Result<String, String> + 'static) {
        let act = async move {
            let Some(history) = self.history.get_untracked() else { return };
            let message = act(&history, &id).await.unwrap_or_else(|error| error);
            self.message.set(message);
            self.read().await;
        };
        leptos::task::spawn_local(act.boxed_local());
    }

    fn list(self) -> AnyView {
        let headers = ["Exercise", "Finished", "Took", "Size", "Actions"];
        let headers = headers.map(|header| th().attr("scope", "col").text(header).view());
        let rows = move || self.entries.with(|entries| entries.iter().map(|it| self.row(it)).collect_view().into_any());
        let delete_all = button().class("quiet").on_click(move || self.delete_all()).text("Delete all");
        let runs = table()
            .el(caption().text("The newest first"))
            .el(thead().el(tr().add_all(headers)))
            .el(tbody().add(part(rows)));
        let scrolls = div()
            .class("scrolls")
            .attr("tabindex", "0")
            .attr("role", "region")
            .attr("aria-label", "Saved runs, a table");
        [scrolls.el(runs).view(), delete_all.view()].into_any()
    }

    fn row(self, kept: &HistoryEntry) -> AnyView {
        let title = catalogue::find(&kept.id.slug).map_or(&*kept.id.slug, |exercise| exercise.title);
        let when = date::in_words(kept.id.finished_at_ms);
        let (id, name) = (kept.id.clone(), format!("{title} of {when}"));
        let action = |text: &str, act: fn(Self, RunId)| {
            let id = id.clone();
            button()
                .class("quiet")
                .attr("aria-label", format!("{text} {name}"))
                .on_click(move || act(self, id.clone()))
                .text(text)
        };
        let pin = if kept.is_pinned { action("Unpin", Self::unpin) } else { action("Pin", Self::pin) };
        let actions = div()
            .class("actions")
            .el(action("Open", Self::open))
            .el(pin)
            .el(action("Export", Self::export))
            .el(action("Delete", Self::delete));
        let mut first = td().el(b().text(title));
        if kept.is_pinned {
            first = first.text(" · pinned");
        }
        tr().attr("data-run", kept.id.to_string())
            .el(first)
            .el(td().text(when))
            .el(td().text(span(kept.id.wall_us)))
            .el(td().text(size(kept.size_bytes)))
            .el(td().el(actions))
            .view()
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
            Ok(offer(&name, &Form::Json.write(&run)).map_or(REFUSED.to_owned(), |()| downloaded))
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
            let message = match history.delete_all().await {
                Ok(()) => "All runs are deleted, including pinned ones.".to_owned(),
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
