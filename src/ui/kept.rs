//! The runs that are kept, as pages use them. What reads and writes them is fetched when there is something to do.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::lazy::lazy;
use crate::runtime::Run;
use crate::share::history::{History, RunId};
use crate::share::quantities::Quantities;
use crate::share::run_file::to_json;
use crate::share::saved::SavedRun;

/// The first run of a page does not wait longer for the one that is pinned.
const FOUND_WITHIN: Duration = Duration::from_secs(1);

/// Keeps a run that has finished, and says so.
pub(super) async fn keep(run: SavedRun) -> String {
    match keeping::keep_run(run).await {
        Ok(told) => told.await,
        Err(error) => not_kept(&error.to_string(), error.advice()),
    }
}

/// Pins a run that is kept, with what was measured of it and runs alike. One that is not kept is pinned until the page is
/// left.
pub(super) async fn pin(id: RunId, measured: Quantities) {
    if let Ok(pinned) = pinning::pin_run(id, measured).await {
        pinned.await;
    }
}

/// Lets go of a run that is pinned.
pub(super) async fn unpin(id: RunId) {
    if let Ok(done) = letting_go::unpin_run(id).await {
        done.await;
    }
}

/// The newest run of an exercise that is pinned, with what was measured of it.
pub(super) async fn pinned(slug: &'static str) -> Option<(RunId, Quantities)> {
    finding::newest(slug).await.ok()?.await
}

lazy!(mod keeping in share: keep_run(run: SavedRun) -> LocalBoxFuture<'static, String>);
lazy!(mod pinning in share: pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()>);
lazy!(mod letting_go in share: unpin_run(id: RunId) -> LocalBoxFuture<'static, ()>);
lazy!(mod finding in share: newest(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>>);

fn keep_run(run: SavedRun) -> LocalBoxFuture<'static, String> {
    async move {
        let reads_own = run.exercise.own_files.as_ref().is_some_and(|own| own.are_read(&run.settings));
        if reads_own {
            return "It is not kept: runs on files of your own never are.".to_owned();
        }
        let (id, link) = (RunId::from_run(&run), run.destination().to_string());
        match History::open().await.save(&id, &to_json(&run), &link).await {
            Ok(0) => "It is kept among your runs.".to_owned(),
            Ok(1) => "It is kept among your runs; the oldest that is not pinned had to go.".to_owned(),
            Ok(deleted) => {
                format!("It is kept among your runs; the {deleted} oldest that are not pinned had to go.")
            }
            Err(error) => not_kept(&error.to_string(), error.advice()),
        }
    }
    .boxed_local()
}

fn not_kept(why: &str, advice: &str) -> String {
    format!("It is not kept: {why}. {advice}")
}

fn pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()> {
    async move {
        // What is not kept cannot stay, and is pinned all the same until the page is left.
        let _ = History::open().await.pin(&id, &measured.to_json()).await;
    }
    .boxed_local()
}

fn unpin_run(id: RunId) -> LocalBoxFuture<'static, ()> {
    async move {
        // It fails when the run is gone, and then nothing is pinned.
        let _ = History::open().await.unpin(&id).await;
    }
    .boxed_local()
}

fn newest(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>> {
    async move {
        let found = async { History::open().await.pinned(slug).await };
        let (id, measured) = Run::for_page().timeout(FOUND_WITHIN, found).await.ok()??;
        Some((id, Quantities::from_json(&measured)?))
    }
    .boxed_local()
}
