//! Two hundred runs in one life of the page, some stopped and some left at random moments: nothing stays behind but the
//! runs that are kept.

use e2e::browser::{Engine, Heap};
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_each_engine;
use e2e::page::{COUNT_RESOURCES, Page, Resources, eventually};
use e2e::server::Replacement;
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![what_runs_took_from_the_browser_is_given_back, what_is_not_given_back_is_noticed]
}

/// Whatever the runs need of the browser: timers, files of the site and of the storage, the model server, workers.
const EXERCISES: [&str; 8] = [
    "async-basics?scale=0.1&blocking=off",
    "async-multiple?samples=8&scale=0.1",
    "async-file-io?files=3&size=1&rounds=1&rows=200",
    "async-api-calls?requests=6&batch-size=2&latency=20&timeout=300",
    "async-ml-pipeline?samples=20&scale=0.1&workers=2",
    "async-error-handling?tasks=8&pause=5&wait=5&timeout=30",
    "concurrency-comparison?tasks=2&size=5&wait=10&workers=2",
    "common-issues?wait=100",
];

/// Where the page rests between the parts of the test: each time the same page, before a run.
const REST: &str = "async-basics?seed=7";

/// So many runs come first, in which the page takes what it takes once: code, its one channel, room for a run.
const WARM_UP: u32 = 40;

/// The rest, of which the second half must not take more than the first left.
fn runs(engine: Engine) -> [u32; 2] {
    if engine == Engine::Chromium { [80, 80] } else { [20, 20] }
}

/// The wasm memory grows in steps of 64 KB, and how many depends on the moments at which runs are stopped. 160 runs that leave
/// their records would take several times as much.
const WASM_SLACK_BYTES: u64 = 450_000;

/// So much of each run Chromium itself notes: its requests, its place in the history, how the layout shifted. It is 4 kB
/// for those that are saved.
const NOTED_BYTES: u64 = 8_000;

/// Follows a link, presses Run, and sees to the end: `finish`, `save` what came of it, or after some milliseconds `stop`
/// or `leave`.
const RUN: &str = "
    const [link, seed, end, afterMs] = arguments;
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    const patience = performance.now() + 25_000;
    const until = async (isSo) => {
        while (!isSo()) {
            if (performance.now() > patience) throw new Error(`${location.hash} is at: ${status()} ${stage}`);
            await sleep(4);
        }
    };
    let stage = 'to open';
    const find = (selector) => document.querySelector(selector);
    const status = () => find('[role=status]')?.textContent ?? '';
    const run = () => find('button.run');
    const button = (name) => [...document.querySelectorAll('button')].find((it) => it.textContent === name);
    // The browser would ask where to.
    HTMLAnchorElement.prototype.click = () => null;
    location.hash = `#/${link}&seed=${seed}`;
    const isThere = () => find('[data-control=seed] input')?.value === String(seed) && status().startsWith('Ready');
    return (async () => {
        await until(() => isThere() && run() && !run().disabled);
        stage = `after Run, to ${end}`;
        run().click();
        if (end === 'stop' || end === 'leave') await sleep(afterMs);
        if (end === 'leave') return 'Left';
        if (end === 'stop') find('button.stop').click();
        await until(() => !/^(Ready|Running)/.test(status()));
        if (end === 'save') {
            button('Export').click();
            await until(() => button('JSON'));
            button('JSON').click();
        }
        return status();
    })();";

/// Draws the same numbers every time, by the multiplier of Knuth's MMIX.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What became of runs.
#[derive(Debug, Default)]
struct Ends {
    finished: u32,
    stopped: u32,
    left: u32,
}

/// So many runs, half of them to their end.
async fn run(page: &Page, draws: &mut Draws, runs: u32, ends: &mut Ends) -> TestResult {
    for _ in 0..runs {
        let exercise = EXERCISES[draws.below(EXERCISES.len() as u64) as usize];
        let end = ["finish", "finish", "save", "stop", "stop", "leave"][draws.below(6) as usize];
        let (seed, after_ms) = (draws.below(1_000_000), draws.below(400));
        let text: String = page.evaluate(RUN, vec![exercise.into(), seed.into(), end.into(), after_ms.into()]).await?;
        match text.split([' ', '.']).next() {
            Some("Finished") => ends.finished += 1,
            Some("Stopped") => ends.stopped += 1,
            Some("Left") => ends.left += 1,
            _ => panic!("{exercise}&seed={seed}: {text}"),
        }
    }
    Ok(())
}

/// Goes where the page rests, and waits until it holds nothing that must come to its end.
async fn at_rest(fixture: &Fixture) -> Result<(Resources, Option<Heap>), TestError> {
    let page = &fixture.page;
    page.follow(REST).await?;
    let passing = ["timers", "intervals", "frames", "urls", "workers", "databases", "requests"];
    let resources = eventually("a page that holds nothing more", async || {
        let resources = page.resources().await?;
        let held = passing.iter().find(|kind| !resources.held[**kind].is_empty());
        let is_there = page.status().await?.starts_with("Ready") && page.link().await? == REST;
        Ok(match held {
            None if is_there => Ok(resources),
            None => Err("another page".to_owned()),
            Some(kind) => Err(format!("{kind}: {:?}", resources.held[*kind])),
        })
    })
    .await?;
    let is_told = fixture.browser.engine() == Engine::Chromium;
    let heap = if is_told { Some(fixture.browser.heap().await?) } else { None };
    Ok((resources, heap))
}

async fn what_runs_took_from_the_browser_is_given_back(engine: Engine) -> TestResult {
    let fixture = Fixture::open_with_script(engine, REST, COUNT_RESOURCES).await?;
    let page = &fixture.page;
    let (mut draws, mut ends) = (Draws(7), Ends::default());
    let [first, second] = runs(engine);
    let mut rests = Vec::new();
    for runs in [WARM_UP, first, second] {
        run(page, &mut draws, runs, &mut ends).await?;
        let (resources, heap) = at_rest(&fixture).await?;
        println!("{engine}, {ends:?}: {} bytes of wasm memory, {heap:?}", resources.wasm_bytes);
        rests.push((resources, heap));
    }
    println!("{engine} holds {:?}", rests[2].0.held);
    assert_eq!(rests[0].0.held["channels"].len(), 2, "one channel serves the whole page");
    for [(before, heap_before), (after, heap)] in [[&rests[0], &rests[2]], [&rests[1], &rests[2]]] {
        for kind in ["listeners", "channels"] {
            assert_eq!(after.held[kind].len(), before.held[kind].len(), "{kind}: {:?}", after.held[kind]);
        }
        assert!(after.wasm_bytes <= before.wasm_bytes + WASM_SLACK_BYTES, "{after:?} after {before:?}");
        if let (Some(before), Some(heap)) = (heap_before, heap) {
            let noted = NOTED_BYTES * u64::from(first + second);
            assert!(heap.js_bytes <= before.js_bytes + noted, "{heap:?} after {before:?}");
            // A page that rests is the same page, but for a line or two of what it tells.
            assert!(
                heap.nodes <= before.nodes + 50 && heap.listeners <= before.listeners + 5,
                "{heap:?} after {before:?}"
            );
        }
    }
    page.follow("runs").await?;
    // Of those that were left some had finished before.
    let (least, most) = (ends.finished as usize, (ends.finished + ends.left) as usize);
    eventually("every run that finished, and none that was stopped", async || {
        let listed = page.texts("[data-run]").await?.len();
        Ok(if (least..=most).contains(&listed) { Ok(()) } else { Err(format!("{listed} after {ends:?}")) })
    })
    .await?;
    Ok(())
}

/// One thing of each kind that is never given back.
const KEEP: &str = "
    const nothing = () => null;
    window.kept = [new Worker('static/worker.js', { type: 'module' }), new MessageChannel()];
    window.nodes = Array.from({ length: 1000 }, () => document.createElement('p'));
    setTimeout(nothing, 1e9);
    setInterval(nothing, 1e9);
    addEventListener('resize', nothing);
    matchMedia('print').addEventListener('change', nothing);
    URL.createObjectURL(new Blob(['kept']));
    indexedDB.open('kept');
    fetch('never');";

async fn what_is_not_given_back_is_noticed(engine: Engine) -> TestResult {
    let fixture = Fixture::open_with_script(engine, REST, COUNT_RESOURCES).await?;
    let page = &fixture.page;
    fixture.server.replace("never", Replacement::Never);
    let (before, heap) = at_rest(&fixture).await?;
    page.evaluate::<()>(KEEP, Vec::new()).await?;
    let count = |resources: &Resources, kind: &str| resources.held[kind].len();
    for (kind, more) in [
        ("timers", 1),
        ("intervals", 1),
        ("listeners", 2),
        ("urls", 1),
        ("workers", 1),
        ("channels", 2),
        ("databases", 1),
        ("requests", 1),
    ] {
        eventually(&format!("{more} more of the {kind}"), async || {
            let now = page.resources().await?;
            let is_noticed = count(&now, kind) == count(&before, kind) + more;
            Ok(if is_noticed {
                Ok(())
            } else {
                Err(format!("{:?} instead of {:?}", now.held[kind], before.held[kind]))
            })
        })
        .await?;
    }
    if let Some(heap) = heap {
        let now = fixture.browser.heap().await?;
        assert!(now.nodes >= heap.nodes + 1_000 && now.listeners >= heap.listeners + 2, "{now:?} after {heap:?}");
    }
    Ok(())
}
