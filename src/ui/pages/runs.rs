//! The runs that are kept: opened, pinned, exported, deleted.

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
use crate::ui::components::open_file::{open_file, refusal};
use crate::ui::download::{REFUSED, offer};
use crate::ui::element::{b, button, caption, div, p, part, section, table, tbody, td, th, thead, tr};
use crate::ui::lazy_view::lazy_view;
use crate::ui::opened;
use crate::ui::pages::exercise::page_head;

/// The page. Its code is fetched when it is first opened.
pub(crate) fn runs_page() -> AnyView {
    document().set_title("Runs · Interleave");
    let about = "Runs that have finished in this browser. Open one to see it with all its charts, pin it to have the next \
                 ones shown beside it, or export it.";
    [page_head("Runs", about), lazy_view(fetched::load(), fetched::panel)].into_any()
}

lazy!(mod fetched in share: panel() -> AnyView);

/// What the page knows.
#[derive(Clone, Copy)]
struct Shelf {
    history: RwSignal<Option<History>, LocalStorage>,
    kept: RwSignal<Vec<HistoryEntry>, LocalStorage>,
    told: RwSignal<String>,
}

fn panel() -> AnyView {
    let shelf = Shelf {
        history: RwSignal::new_local(None),
        kept: RwSignal::new_local(Vec::new()),
        told: RwSignal::new(String::new()),
    };
    leptos::task::spawn_local(async move {
        let history = History::open().await;
        shelf.history.set(Some(history));
        shelf.look().await;
    });
    let refused = RwSignal::new(None);
    let list = part(move || match (shelf.history.with(Option::is_some), shelf.kept.with(Vec::is_empty)) {
        (false, _) => p().class("empty").text("Being read.").view(),
        (true, true) => {
            p().class("empty").text("No run is kept yet. Whatever finishes on the page of an exercise is.").view()
        }
        (true, false) => shelf.list(),
    });
    section()
        .class("panel runs")
        .attr("aria-label", "Kept runs")
        .el(div().class("actions").el(open_file(refused)))
        .add(refusal(refused))
        .add(part(move || p().class("hint").text(shelf.rule()).view()))
        .el(p().class("hint").attr("aria-live", "polite").text_changing(move || shelf.told.get()))
        .add(list)
        .view()
}

impl Shelf {
    /// How long runs are kept.
    fn rule(self) -> String {
        match self.history.with(|history| history.as_ref().is_none_or(History::lasts)) {
            true => format!(
                "The newest {MAX_RUNS} are kept, and those that are pinned; when there is no room, the oldest go first."
            ),
            false => "This browser keeps nothing for the page: runs are here until you leave it.".to_owned(),
        }
    }

    /// Reads the list anew.
    async fn look(self) {
        let Some(history) = self.history.get_untracked() else { return };
        match history.list().await {
            Ok(kept) => self.kept.set(kept),
            Err(error) => self.told.set(format!("{error}. {}", error.advice())),
        }
    }

    /// Does something with a run, and then tells what came of it.
    fn act(self, id: RunId, act: impl AsyncFnOnce(&History, &RunId) -> Result<String, String> + 'static) {
        let act = async move {
            let Some(history) = self.history.get_untracked() else { return };
            let told = act(&history, &id).await.unwrap_or_else(|error| error);
            self.told.set(told);
            self.look().await;
        };
        leptos::task::spawn_local(act.boxed_local());
    }

    fn list(self) -> AnyView {
        let heads = ["Exercise", "Finished", "Took", "Size", "Actions"];
        let heads = heads.map(|head| th().attr("scope", "col").text(head).view());
        let rows = move || self.kept.with(|kept| kept.iter().map(|it| self.row(it)).collect_view().into_any());
        let delete_all = button().class("quiet").on_click(move || self.delete_all()).text("Delete all");
        let runs = table()
            .el(caption().text("The newest first"))
            .el(thead().el(tr().add_all(heads)))
            .el(tbody().add(part(rows)));
        let scrolls = div()
            .class("scrolls")
            .attr("tabindex", "0")
            .attr("role", "region")
            .attr("aria-label", "Kept runs, a table");
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
            Ok("Pinned: the next runs of this exercise are shown beside it.".to_owned())
        });
    }

    fn unpin(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            history.unpin(id).await.map_err(|error| error.to_string())?;
            Ok("It is pinned no more.".to_owned())
        });
    }

    fn export(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            let run = read(history, id).await?;
            let name = Form::Json.file_name(&run);
            let told = format!("`{name}` is handed to the browser.");
            Ok(offer(&name, &Form::Json.write(&run)).map_or(REFUSED.to_owned(), |()| told))
        });
    }

    fn delete(self, id: RunId) {
        self.act(id, async |history: &History, id: &RunId| {
            history.delete(id).await.map_err(|error| error.to_string())?;
            Ok("It is deleted.".to_owned())
        });
    }

    fn delete_all(self) {
        let delete = async move {
            let Some(history) = self.history.get_untracked() else { return };
            let told = match history.delete_all().await {
                Ok(()) => "All runs are deleted, pinned ones, too.".to_owned(),
                Err(error) => format!("{error}. {}", error.advice()),
            };
            self.told.set(told);
            self.look().await;
        };
        leptos::task::spawn_local(delete.boxed_local());
    }
}

/// A run that is kept, or why it cannot be read.
async fn read(history: &History, id: &RunId) -> Result<SavedRun, String> {
    let bytes = history.read(id).await.map_err(|error| format!("{error}. {}", error.advice()))?;
    from_json(&bytes).map_err(|error| format!("This run cannot be opened: {error}. {}", error.advice()))
}
