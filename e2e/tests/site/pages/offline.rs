//! The site without its host, and with a host that has another release of it.

use std::fs;
use std::path::Path;

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestError, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Server, built_site};
use e2e::suite::Test;
use tempfile::TempDir;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_site_loads_again_without_its_host,
        a_new_release_is_there_with_the_next_load_and_whole,
        a_page_of_the_release_before_works_on
    ]
}

const QUICK: &str = "async-basics?download=60&load=20&preprocess=20&blocking=off&seed=7";

/// Waits until a release is kept whole whose name begins so: in its cache the index comes last.
async fn wait_until_kept(page: &Page, start: &str) -> Result<(), PageError> {
    let script = "
        const message = async (name) => {
            const kept = (await (await caches.open(name)).keys()).map((request) => request.url);
            return [name.split(' ')[1], kept.length, kept.some((url) => url.endsWith('/index.html'))];
        };
        return caches.keys().then((names) => Promise.all(names.map(message)))";
    eventually(&format!("a release `{start}…` that is kept whole"), async || {
        let caches: Vec<(String, usize, bool)> = page.evaluate(script, Vec::new()).await?;
        let is_kept = caches.iter().any(|(name, _, is_whole)| *is_whole && name.starts_with(start));
        Ok(if is_kept { Ok(()) } else { Err(format!("{caches:?}")) })
    })
    .await
}

async fn the_site_loads_again_without_its_host(engine: Engine) -> TestResult {
    let Fixture { page, browser: _browser, server } = Fixture::open_in(engine, QUICK).await?;
    wait_until_kept(&page, "").await?;
    drop(server);

    page.reload().await?;
    page.run_to_the_end().await?;
    // With parts, models and data, a worker and the model server, none of which this visit has fetched so far.
    for link in ["async-ml-pipeline?samples=40&batch=8&seed=7", "async-api-calls?requests=4&sweep=2&latency=10&seed=7"]
    {
        page.open(link).await?;
        page.run_to_the_end().await?;
    }
    page.open("guide").await?;
    eventually("the guide's chapters", async || {
        let chapters = page.texts(".guide h2").await?;
        Ok(if chapters.len() > 3 { Ok(()) } else { Err(format!("{chapters:?}")) })
    })
    .await?;
    Ok(())
}

/// The site in a folder where it can be changed while it is served.
struct Release {
    folder: TempDir,
    /// The hash in the name of the folder with its code.
    code: String,
}

impl Release {
    fn built() -> Result<Self, TestError> {
        let folder = tempfile::tempdir()?;
        copy(&built_site(), folder.path())?;
        Ok(Self { code: hash_after(folder.path(), "interleave-")?, folder })
    }

    /// Puts another release in its place, with another title and its code under other names.
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

/// What follows in the name that begins so.
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

/// Whether the index is the new release's, and of which folders the open page's code is.
async fn made_of(page: &Page) -> Result<(bool, Vec<String>), PageError> {
    let is_new = "return fetch('./').then((response) => response.text()).then((html) => html.includes('<title>New'))";
    let folders = "return [...new Set(performance.getEntriesByType('resource')
        .map((it) => it.name.match(/interleave-([0-9a-f]{16})/)?.[1]).filter(Boolean))]";
    Ok((page.evaluate(is_new, Vec::new()).await?, page.evaluate(folders, Vec::new()).await?))
}

async fn a_new_release_is_there_with_the_next_load_and_whole(engine: Engine) -> TestResult {
    let release = Release::built()?;
    let fixture = Fixture::open_with_server(Server::start(release.folder.path(), BASE)?, engine, QUICK).await?;
    let Fixture { page, browser: _browser, server } = fixture;
    wait_until_kept(&page, "").await?;
    assert_eq!(made_of(&page).await?, (false, vec![release.code.clone()]));

    release.replace()?;
    let new = (true, vec![NEW.to_owned()]);
    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!(made_of(&page).await?, new);

    wait_until_kept(&page, "new").await?;
    drop(server);
    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!(made_of(&page).await?, new);
    Ok(())
}

async fn a_page_of_the_release_before_works_on(engine: Engine) -> TestResult {
    let release = Release::built()?;
    let fixture = Fixture::open_with_server(Server::start(release.folder.path(), BASE)?, engine, QUICK).await?;
    let page = &fixture.page;
    wait_until_kept(page, "").await?;
    release.replace()?;
    // The worker of the new release takes over, and the host has nothing of the old one any more.
    let update = "
        const container = navigator.serviceWorker;
        const changed = new Promise((resolve) => container.addEventListener('controllerchange', resolve, { once: true }));
        return container.ready.then((registration) => registration.update()).then(() => changed).then(() => null)";
    page.evaluate::<serde_json::Value>(update, Vec::new()).await?;
    page.run_to_the_end().await?;
    assert_eq!(made_of(page).await?.1, [release.code]);
    Ok(())
}
