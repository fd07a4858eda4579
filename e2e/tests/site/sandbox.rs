//! The sandbox in which readers' programs run, and its files, without the page's own code for it.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult, serve, serve_complete};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, built_site};
use e2e::suite::Test;
use serde::Deserialize;
use serde_json::{Value, json};

/// Starts the sandbox with the script of a worker, and returns its first message.
const OPEN: &str = include_str!("sandbox/open.js");

/// A worker that tries to reach what it must not.
const PROBE: &str = include_str!("sandbox/probe.js");

/// A worker that sends the messages that a program names.
const FORGE: &str = include_str!("sandbox/forge.js");

/// Fetches all files for Python. Returns true for each that has the size in the manifest.
const FETCH_ALL: &str = "
    const get = (path) => fetch(path).then((response) => response.arrayBuffer());
    const address = document.querySelector('meta[name=python-manifest]').content;
    return fetch(address).then((response) => response.json()).then(({ python, editor }) =>
        Promise.all([...python.files, editor].map((file) => get(file.path).then((it) => it.byteLength === file.bytes))))";

pub fn tests() -> impl Iterator<Item = Test> {
    let short = in_each_engine![
        a_program_reaches_nothing_of_the_site,
        a_worker_that_does_not_start_is_reported,
        the_files_for_python_are_cached_once_they_are_used,
    ];
    // It opens a sandbox for each message. In WebKit, the run after some forty of them did not end; why is not known.
    let forged = [Engine::Chromium, Engine::Firefox].map(|engine| {
        let name = stringify!(damaged_huge_and_forged_messages_are_refused);
        Test::new(module_path!(), name, engine, damaged_huge_and_forged_messages_are_refused).alone()
    });
    short.chain(forged)
}

/// The report of the probe.
#[derive(Debug, Deserialize)]
struct Report {
    origin: String,
    outcomes: Vec<(String, String)>,
}

async fn a_program_reaches_nothing_of_the_site(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "about").await?;
    let page = &fixture.page;
    let secrets = "
        localStorage.setItem('secret', '1');
        document.cookie = 'secret=1';
        window.heard = [];
        new BroadcastChannel('probe').onmessage = ({ data }) => heard.push(data);
        return (window.caches?.open('secret') ?? Promise.resolve()).then(() => null)";
    page.evaluate::<Value>(secrets, Vec::new()).await?;
    let site: String = page.evaluate("return new URL('./', location).href", Vec::new()).await?;
    let Report { origin, outcomes } = page.evaluate(OPEN, vec![json!(PROBE.replace("SITE", &site))]).await?;
    assert_eq!(origin, "null");
    assert!(outcomes.len() > 20, "{outcomes:?}");
    let reached = outcomes.iter().filter(|(_, outcome)| outcome != "refused");
    for (name, outcome) in reached {
        // WebKit has these two in a worker, but they are those of the sandbox's own origin.
        assert!(matches!(name.as_str(), "caches" | "service workers") && outcome == "empty", "{name}: {outcome}");
    }
    let heard: Vec<String> = page.evaluate("return heard", Vec::new()).await?;
    assert_eq!(heard, Vec::<String>::new());
    Ok(())
}

async fn damaged_huge_and_forged_messages_are_refused(engine: Engine) -> TestResult {
    let server = serve()?;
    let python = built_site().join("python");
    let is_worker = |name: &String| name.starts_with("worker-");
    let names = std::fs::read_dir(&python)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let worker = names.into_iter().find(is_worker).expect("the site has Python");
    // The page expects a file of this size.
    let mut body = FORGE.as_bytes().to_vec();
    body.resize(std::fs::metadata(python.join(&worker))?.len() as usize, b' ');
    server.replace(&format!("python/{worker}"), Replacement::Bytes { content_type: "text/javascript", body });
    let fixture = Fixture::open_with_server(server, engine, "program").await?;
    let page = &fixture.page;
    page.evaluate::<()>("window.hacked = () => { document.title = 'hacked'; }", Vec::new()).await?;
    let names = FORGE.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\": () =>"));
    let mut ends = Vec::new();
    for (name, _) in names {
        let run = page.run_program(name).await?;
        ends.push(format!("{name}: {}", run.failure));
        match name {
            "HTML" => assert!(run.failure.contains("<b>Error: <img src=x onerror=hacked()>"), "{run:?}"),
            "a good run" => assert!(run.status.starts_with("Finished"), "{run:?}"),
            _ => assert!(run.failure.starts_with("Python ") || run.failure.contains("invalid"), "{name}: {run:?}"),
        }
        assert!(run.failure.len() < 2_000, "{name}: {} bytes", run.failure.len());
        assert!(page.texts(".log img, .failure img, .log script").await?.is_empty(), "{name}");
    }
    assert!(ends.len() > 35, "{ends:?}");
    assert_ne!(page.evaluate::<String>("return document.title", Vec::new()).await?, "hacked");
    // The page can still be used.
    let run = page.run_program("a good run").await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    assert_eq!(page.metric("tasks").await?, "1");
    Ok(())
}

async fn a_worker_that_does_not_start_is_reported(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "about").await?;
    let message: Value = fixture.page.evaluate(OPEN, vec![json!("not a script(")]).await?;
    assert_eq!((&message["type"], &message["where"]), (&json!("failed"), &json!("sandbox")), "{message}");
    Ok(())
}

async fn the_files_for_python_are_cached_once_they_are_used(engine: Engine) -> TestResult {
    let Fixture { page, browser: _browser, server } =
        Fixture::open_with_server(serve_complete()?, engine, "about").await?;
    eventually("a worker that controls the page", async || {
        let is_controlled: bool = page.evaluate("return navigator.serviceWorker.controller !== null", vec![]).await?;
        Ok(if is_controlled { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    let are_fetched: Vec<bool> = page.evaluate(FETCH_ALL, Vec::new()).await?;
    assert!(are_fetched.len() > 5 && are_fetched.iter().all(|it| *it), "{are_fetched:?}");
    wait_for_cached(&page, are_fetched.len()).await?;
    drop(server);
    assert_eq!(page.evaluate::<Vec<bool>>(FETCH_ALL, Vec::new()).await?, are_fetched);
    Ok(())
}

/// Waits until the cache for Python has this number of files, and the manifest is in the cache of the release.
async fn wait_for_cached(page: &Page, count: usize) -> Result<(), PageError> {
    let cached = "
        const address = document.querySelector('meta[name=python-manifest]').content;
        const python = caches.keys().then((names) => caches.open(names.find((name) => name.startsWith('python '))));
        const files = python.then((cache) => cache.keys());
        return Promise.all([files, caches.match(address)]).then(([files, manifest]) => [files.length, !!manifest])";
    eventually("the cached files for Python", async || {
        let found: (usize, bool) = page.evaluate(cached, Vec::new()).await?;
        Ok(if found == (count, true) { Ok(()) } else { Err(format!("{found:?}")) })
    })
    .await
}
