//! More than a hundred runs without a reload of the page. Some are stopped, and some are left, at random moments. The page
//! releases all of the browser's resources except for those of saved runs.

use e2e::browser::{Engine, Heap};
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::page::{COUNT_RESOURCES, Page, Resources, eventually};
use e2e::server::Replacement;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![runs_release_the_browsers_resources]
        .chain(in_chromium![resources_that_are_not_released_are_noticed])
}

/// Together, these runs use timers, files of the site, stored files, the model server and workers.
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

/// The page at which resources are counted: each time the same page, before a run.
const REST: &str = "async-basics?seed=7";

/// The number of runs at the start, in which the page takes the resources that it needs only once: code, its channel,
/// memory for a run.
const WARM_UP: u32 = 30;

/// The numbers of runs in the two parts after that. After the second part, the page must not hold more than after the
/// first.
fn runs(engine: Engine) -> [u32; 2] {
    if engine == Engine::Chromium { [50, 50] } else { [15, 15] }
}

/// The growth of the wasm memory that is allowed. It grows in steps of 64 KB, and the number of steps depends on the
/// moments at which runs are stopped. A hundred runs that kept their records would take several times as much.
const WASM_SLACK_BYTES: u64 = 450_000;

/// The memory that Chromium itself may use for each run: for its requests, its entry in the history, and layout shifts.
/// It was 4 kB for saved runs.
const BROWSER_BYTES_PER_RUN: u64 = 8_000;

/// Follows a link, presses Run, and ends the run in one of these ways: waits for its end (`finish`), exports it then
/// (`save`), or presses Stop (`stop`) or returns (`leave`) after some milliseconds.
const RUN: &str = "
    const [link, seed, end, afterMs] = arguments;
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    const deadline = performance.now() + 25_000;
    const until = async (condition) => {
        while (!condition()) {
            if (performance.now() > deadline) throw new Error(`${location.hash} is at: ${status()} ${stage}`);
            await sleep(4);
        }
    };
    let stage = 'to open';
    const find = (selector) => document.querySelector(selector);
    const status = () => find('[role=status]')?.textContent ?? '';
    const run = () => find('button.run');
    const button = (name) => [...document.querySelectorAll('button')].find((it) => it.textContent === name);
    // The browser would ask where to save the file.
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

/// Generates the same random numbers every time, with the multiplier of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The numbers of runs by their end.
#[derive(Debug, Default)]
struct Ends {
    finished: u32,
    stopped: u32,
    left: u32,
}

/// Does a number of runs. About half of them run to their end.
async fn run(page: &Page, random: &mut Random, runs: u32, ends: &mut Ends) -> TestResult {
    for _ in 0..runs {
        let exercise = EXERCISES[random.below(EXERCISES.len() as u64) as usize];
        let end = ["finish", "finish", "save", "stop", "stop", "leave"][random.below(6) as usize];
        let (seed, after_ms) = (random.below(1_000_000), random.below(400));
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

/// Opens the page [`REST`], waits until all temporary resources are released, and counts the others.
async fn resources_at_rest(fixture: &Fixture) -> Result<(Resources, Option<Heap>), TestError> {
    let page = &fixture.page;
    page.follow(REST).await?;
    let temporary = ["timers", "intervals", "frames", "urls", "workers", "databases", "requests"];
    let resources = eventually("a page without temporary resources", async || {
        let resources = page.resources().await?;
        let held = temporary.iter().find(|kind| !resources.held[**kind].is_empty());
        let is_there = page.status().await?.starts_with("Ready") && page.link().await? == REST;
        Ok(match held {
            None if is_there => Ok(resources),
            None => Err("another page".to_owned()),
            Some(kind) => Err(format!("{kind}: {:?}", resources.held[*kind])),
        })
    })
    .await?;
    let has_heap = fixture.browser.engine() == Engine::Chromium;
    let heap = if has_heap { Some(fixture.browser.heap().await?) } else { None };
    Ok((resources, heap))
}

async fn runs_release_the_browsers_resources(engine: Engine) -> TestResult {
    let fixture = Fixture::open_with_script(engine, REST, COUNT_RESOURCES).await?;
    let page = &fixture.page;
    let (mut random, mut ends) = (Random(7), Ends::default());
    let [first, second] = runs(engine);
    let mut rests = Vec::new();
    for runs in [WARM_UP, first, second] {
        run(page, &mut random, runs, &mut ends).await?;
        let (resources, heap) = resources_at_rest(&fixture).await?;
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
            let allowed = BROWSER_BYTES_PER_RUN * u64::from(first + second);
            assert!(heap.js_bytes <= before.js_bytes + allowed, "{heap:?} after {before:?}");
            // The page is the same each time, except for a line or two of text.
            assert!(
                heap.nodes <= before.nodes + 50 && heap.listeners <= before.listeners + 5,
                "{heap:?} after {before:?}"
            );
        }
    }
    page.follow("runs").await?;
    // Some of the runs that were left had finished before.
    let (min, max) = (ends.finished as usize, (ends.finished + ends.left) as usize);
    eventually("every run that finished, and none that was stopped", async || {
        let listed = page.texts("[data-run]").await?.len();
        Ok(if (min..=max).contains(&listed) { Ok(()) } else { Err(format!("{listed} after {ends:?}")) })
    })
    .await?;
    Ok(())
}

/// Takes a resource of each kind, and never releases it.
const LEAK: &str = "
    const nothing = () => null;
    window.leaked = [new Worker('static/worker.js', { type: 'module' }), new MessageChannel()];
    window.nodes = Array.from({ length: 1000 }, () => document.createElement('p'));
    setTimeout(nothing, 1e9);
    setInterval(nothing, 1e9);
    addEventListener('resize', nothing);
    matchMedia('print').addEventListener('change', nothing);
    URL.createObjectURL(new Blob(['leaked']));
    indexedDB.open('leaked');
    fetch('never');";

async fn resources_that_are_not_released_are_noticed() -> TestResult {
    let fixture = Fixture::open_with_script(Engine::Chromium, REST, COUNT_RESOURCES).await?;
    let page = &fixture.page;
    fixture.server.replace("never", Replacement::Never);
    let (before, heap) = resources_at_rest(&fixture).await?;
    page.evaluate::<()>(LEAK, Vec::new()).await?;
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
