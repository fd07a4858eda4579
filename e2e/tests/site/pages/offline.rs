//! The site without its host, and with a host that has a new release.

use std::fs;
use std::path::Path;

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestError, TestResult, serve_complete};
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, Server, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use tempfile::TempDir;

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    // Chromium lets the worker of a new release wait until the previous one is idle. On a busy machine, this can take
    // minutes.
    let alone = in_each_engine![the_next_load_uses_the_whole_new_release].map(Test::alone);
    alone
        .chain(in_each_engine![the_site_works_without_its_host, an_open_page_of_the_previous_release_keeps_working])
        .chain(in_chromium![a_site_whose_index_is_redirected_works_without_its_host])
}

/// Waits until a release whose name starts with `start` is completely cached. The index is the last file in its cache.
async fn wait_for_cached_release(page: &Page, start: &str) -> Result<(), PageError> {
    let script = "
        const describe = async (name) => {
            const urls = (await (await caches.open(name)).keys()).map((request) => request.url);
            return [name.split(' ')[1], urls.length, urls.some((url) => url.endsWith('/index.html'))];
        };
        return caches.keys().then((names) => Promise.all(names.map(describe)))";
    let workers = "
        const { installing, waiting, active } = (await navigator.serviceWorker.getRegistration()) ?? {};
        const controller = navigator.serviceWorker.controller;
        return [installing, waiting, active, controller].map((it) => it ? it.state : 'none').join(', ')";
    eventually(&format!("a completely cached release `{start}…`"), async || {
        let caches: Vec<(String, usize, bool)> = page.evaluate(script, Vec::new()).await?;
        let is_cached = caches.iter().any(|(name, _, is_complete)| *is_complete && name.starts_with(start));
        if is_cached {
            return Ok(Ok(()));
        }
        let states: String = page.evaluate(workers, Vec::new()).await?;
        Ok(Err(format!("{caches:?}; workers installing, waiting, active, controller: {states}")))
    })
    .await
}

async fn the_site_works_without_its_host(engine: Engine) -> TestResult {
    let Fixture { page, browser: _browser, server } =
        Fixture::open_with_server(serve_complete()?, engine, QUICK).await?;
    wait_for_cached_release(&page, "").await?;
    drop(server);

    page.reload().await?;
    page.run_to_the_end().await?;
    // These need code, models, data, a worker and the model server, none of which this visit has loaded yet.
    for link in ["async-ml-pipeline?samples=40&batch=8&seed=7", "async-api-calls?requests=4&sweep=2&latency=10&seed=7"]
    {
        page.open(link).await?;
        page.run_to_the_end().await?;
    }
    page.open_path(&format!("{}&run=1", QUICK.replacen('?', "/?", 1))).await?;
    page.wait_for_status("Finished").await?;
    page.open("guide").await?;
    eventually("the guide's chapters", async || {
        let chapters = page.texts(".guide h2").await?;
        Ok(if chapters.len() > 3 { Ok(()) } else { Err(format!("{chapters:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_site_whose_index_is_redirected_works_without_its_host() -> TestResult {
    let Fixture { browser, server: _server, .. } = Fixture::open(QUICK).await?;
    let host = serve_complete()?;
    host.replace("index.html", Replacement::Redirect("./"));
    let page = Page::new(&browser, host.url());
    page.open(QUICK).await?;
    page.wait_for_button("Run").await?;
    wait_for_cached_release(&page, "").await?;
    drop(host);
    page.reload().await?;
    page.run_to_the_end().await?;
    Ok(())
}

/// A copy of the site, which can be changed while it is served.
struct Release {
    folder: TempDir,
    /// The hash in the name of the folder that contains its code.
    code: String,
}

impl Release {
    fn built() -> Result<Self, TestError> {
        let folder = tempfile::tempdir()?;
        copy(&built_site(), folder.path())?;
        Ok(Self { code: hash_after(folder.path(), "interleave-")?, folder })
    }

    /// Replaces it by another release, with another title and other names of the files with code.
    fn replace(&self) -> Result<(), TestError> {
        let site = self.folder.path();
        fs::rename(site.join(format!("interleave-{}", self.code)), site.join(format!("interleave-{NEW}")))?;
        let start = hash_after(site, "start-")?;
        fs::rename(site.join(format!("start-{start}")), site.join(format!("start-{NEW}.js")))?;
        for name in ["index.html", "service-worker.js", &format!("start-{NEW}.js")] {
            let path = site.join(name);
            let text = fs::read_to_string(&path)?.replace(&self.code, NEW).replace(&start, &format!("{NEW}.js"));
            let text = text.replace("<title>Interleave", "<title>New").replace("{ name: \"", "{ name: \"new");
            fs::write(&path, text)?;
        }
        Ok(())
    }
}

/// The hash in the names of the new release.
const NEW: &str = "0123456789abcdef";

/// The rest of the name of the file or folder that starts with `start`.
fn hash_after(site: &Path, start: &str) -> Result<String, TestError> {
    for entry in fs::read_dir(site)? {
        if let Some(rest) = entry?.file_name().to_string_lossy().strip_prefix(start) {
            return Ok(rest.to_owned());
        }
    }
    Err(PageError::Missing { what: format!("file `{start}…`") }.into())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// True if the index is that of the new release, and the hashes of the folders from which the open page has loaded its
/// code.
async fn loaded_release(page: &Page) -> Result<(bool, Vec<String>), PageError> {
    let is_new = "return fetch('./').then((response) => response.text()).then((html) => html.includes('<title>New'))";
    let folders = "return [...new Set(performance.getEntriesByType('resource')
        .map((it) => it.name.match(/interleave-([0-9a-f]{16})/)?.[1]).filter(Boolean))]";
    Ok((page.evaluate(is_new, Vec::new()).await?, page.evaluate(folders, Vec::new()).await?))
}

async fn the_next_load_uses_the_whole_new_release(engine: Engine) -> TestResult {
    let release = Release::built()?;
    let fixture = Fixture::open_with_server(Server::start(release.folder.path(), BASE)?, engine, QUICK).await?;
    let Fixture { page, browser: _browser, server } = fixture;
    wait_for_cached_release(&page, "").await?;
    assert_eq!(loaded_release(&page).await?, (false, vec![release.code.clone()]));

    release.replace()?;
    let new = (true, vec![NEW.to_owned()]);
    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!(loaded_release(&page).await?, new);

    wait_for_cached_release(&page, "new").await?;
    drop(server);
    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!(loaded_release(&page).await?, new);
    Ok(())
}

async fn an_open_page_of_the_previous_release_keeps_working(engine: Engine) -> TestResult {
    let release = Release::built()?;
    let fixture = Fixture::open_with_server(Server::start(release.folder.path(), BASE)?, engine, QUICK).await?;
    let page = &fixture.page;
    wait_for_cached_release(page, "").await?;
    release.replace()?;
    // The worker of the new release takes over, and the host no longer has the old release.
    let update = "
        const container = navigator.serviceWorker;
        const changed = new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }));
        return container.ready.then((registration) => registration.update()).then(() => changed).then(() => null)";
    page.evaluate::<serde_json::Value>(update, Vec::new()).await?;
    page.run_to_the_end().await?;
    assert_eq!(loaded_release(page).await?.1, [release.code]);
    Ok(())
}
