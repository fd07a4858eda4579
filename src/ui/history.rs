//! Saves, pins and finds runs for the pages. The work is done by code of the lazy part `share`.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::lazy::lazy;
use crate::runtime::Run;
use crate::share::history::{History, RunId, SaveError};
use crate::share::quantities::Quantities;
use crate::share::run_file::{from_json, to_json};
use crate::share::saved::SavedRun;
use crate::storage::time_limit::in_time;

/// The first run on a page waits at most this long for the search for a pinned run.
const FIND_PINNED_TIMEOUT: Duration = Duration::from_secs(1);

/// The size of the largest run that is loaded automatically, in bytes. Reading it blocks the page for a few frames.
const MOST_BYTES_UNASKED: u64 = 300_000;

/// Saves a run that has finished. Returns a message for the user.
pub(super) async fn save(run: SavedRun) -> String {
    match saving::save_run(run).await {
        Ok(message) => message.await,
        Err(error) => not_saved(&error.to_string(), error.advice()),
    }
}

/// Remembers in the database that a run is pinned, with the quantities measured in it and its repeats. Errors are
/// ignored: the caller already shows the run as the baseline for as long as the page is open.
pub(super) async fn pin(id: RunId, measured: Quantities) {
    if let Ok(pinned) = pinning::pin_run(id, measured).await {
        pinned.await;
    }
}

/// Removes the pin of a run from the database. Errors are ignored: the page already shows no baseline.
pub(super) async fn unpin(id: RunId) {
    if let Ok(unpinned) = unpinning::unpin_run(id).await {
        unpinned.await;
    }
}

/// The newest pinned run of an exercise, with the quantities measured in it.
pub(super) async fn pinned(slug: &'static str) -> Option<(RunId, Quantities)> {
    finding_pinned::newest_pinned(slug).await.ok()?.await
}

/// The newest saved run of an exercise, if it is small enough to be loaded automatically.
pub(super) async fn newest(slug: &'static str) -> Option<SavedRun> {
    reading_newest::newest_run(slug).await.ok()?.await
}

// Each `lazy!` makes a module whose function loads the part `share` and then calls the function of that name below.
lazy!(mod saving in share: save_run(run: SavedRun) -> LocalBoxFuture<'static, String>);
lazy!(mod pinning in share: pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()>);
lazy!(mod unpinning in share: unpin_run(id: RunId) -> LocalBoxFuture<'static, ()>);
lazy!(
    mod finding_pinned in share:
    newest_pinned(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>>
);
lazy!(mod reading_newest in share: newest_run(slug: &'static str) -> LocalBoxFuture<'static, Option<SavedRun>>);

fn save_run(run: SavedRun) -> LocalBoxFuture<'static, String> {
    async move {
        let reads_own =
            run.experiment.exercise().own_files.as_ref().is_some_and(|own| own.are_read(&run.experiment.settings));
        if reads_own {
            return "Not saved: runs with your own files are never saved.".to_owned();
        }
        let (id, link) = (RunId::from_run(&run), run.destination().to_string());
        let write = async {
            let history = History::open().await?;
            Ok::<_, SaveError>((history.is_persistent(), history.save(&id, &to_json(&run), &link).await?))
        };
        match in_time(write).await {
            Ok((false, _)) => ONLY_IN_MEMORY.to_owned(),
            Ok((true, 0)) => "Saved in Runs.".to_owned(),
            Ok((true, 1)) => "Saved in Runs. The oldest run that is not pinned was deleted.".to_owned(),
            Ok((true, n)) => format!("Saved in Runs. The {n} oldest runs that are not pinned were deleted."),
            Err(error) => not_saved(&error.to_string(), error.advice()),
        }
    }
    .boxed_local()
}

/// The message about a run that is only in memory.
const ONLY_IN_MEMORY: &str = "Not saved: this browser stores nothing for the page, or its database does not respond. \
                              The run is in Runs until you close or reload this tab.";

fn not_saved(why: &str, advice: &str) -> String {
    format!("Not saved: {why}. {advice}")
}

fn pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()> {
    async move {
        // This fails if the run is not saved, or if the storage fails or takes too long.
        let _ = in_time(async { History::open().await?.pin(&id, &measured.to_json()).await }).await;
    }
    .boxed_local()
}

fn unpin_run(id: RunId) -> LocalBoxFuture<'static, ()> {
    async move {
        // This fails if the storage fails or takes too long. Then the run is still pinned on the next visit.
        let _ = in_time(async { History::open().await?.unpin(&id).await }).await;
    }
    .boxed_local()
}

fn newest_pinned(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>> {
    async move {
        let found = async { History::open().await.ok()?.pinned(slug).await };
        let (id, measured) = Run::for_page().timeout(FIND_PINNED_TIMEOUT, found).await.ok()??;
        Some((id, Quantities::from_json(&measured)?))
    }
    .boxed_local()
}

fn newest_run(slug: &'static str) -> LocalBoxFuture<'static, Option<SavedRun>> {
    async move {
        let bytes = History::open().await.ok()?.newest(slug, MOST_BYTES_UNASKED).await?;
        from_json(&bytes).ok()
    }
    .boxed_local()
}
