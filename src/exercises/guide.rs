//! The text of the guide: when to use async and when not to, best practices, performance, and its concepts in Python
//! and in Rust. Each claim that an exercise can show links to it.

/// A chapter of the guide.
#[derive(Debug)]
pub struct Chapter {
    /// The title.
    pub title: &'static str,
    /// A summary of one or two sentences.
    pub about: &'static str,
    /// The pieces of advice.
    pub items: &'static [Item],
}

/// A piece of advice.
#[derive(Debug)]
pub struct Item {
    /// The subject, in a few words.
    pub head: &'static str,
    /// The explanation.
    pub text: &'static str,
    /// Links to exercises that show it.
    pub links: &'static [Link],
}

/// A link to an exercise, with settings.
#[derive(Debug)]
pub struct Link {
    /// The text of the link.
    pub label: &'static str,
    /// The fragment with its `#`.
    pub fragment: &'static str,
}

/// A concept of the guide's checklist.
#[derive(Debug)]
pub struct Concept {
    /// The concept in a few words.
    pub what: &'static str,
    /// The Python code for it.
    pub python: &'static str,
    /// The Rust code for it, as this project writes it.
    pub rust: &'static str,
    /// A link to an exercise that shows it.
    pub link: Link,
    /// What the code of a program that uses it contains, one of these. The first one is never changed.
    names: &'static [&'static str],
}

/// The values that a part of the Python guide uses.
#[derive(Debug)]
pub struct GuideValues {
    /// The number of the part in the guide; `None` for its section on common issues.
    pub part: Option<u8>,
    /// The values, in a sentence without its full stop.
    pub values: &'static str,
    /// A link to the exercise with these values.
    pub link: Link,
}

const fn values(part: u8, values: &'static str, link: Link) -> GuideValues {
    GuideValues { part: Some(part), values, link }
}

const fn item(head: &'static str, text: &'static str, links: &'static [Link]) -> Item {
    Item { head, text, links }
}

const fn link(label: &'static str, fragment: &'static str) -> Link {
    Link { label, fragment }
}

const fn concept(
    what: &'static str,
    python: &'static str,
    rust: &'static str,
    link: Link,
    names: &'static [&'static str],
) -> Concept {
    Concept { what, python, rust, link, names }
}

impl Concept {
    /// Its name in what the page stores, which stays the same forever.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.names[0]
    }

    /// True if code in Python uses it: one of its names is in a line, before a comment.
    #[must_use]
    pub fn is_used_in(&self, code: &str) -> bool {
        let mut lines = code.lines().filter_map(|line| line.split('#').next());
        lines.any(|line| self.names.iter().any(|name| line.contains(name)))
    }
}

/// The chapters, in the order of reading.
pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "When to use async",
        about: "Async helps a program that waits: many waits at once take only as long as the longest of them.",
        items: &[
            item(
                "Network requests",
                "API calls spend nearly all their time waiting for the server.",
                &[
                    link("50 concurrent requests", "#/async-api-calls?requests=50&limit=50&capacity=0"),
                    link(
                        "When the server is at its capacity",
                        "#/async-api-calls?latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off",
                    ),
                ],
            ),
            item(
                "Many files",
                "Reading one file is quick, but with hundreds of files the waits add up. Whether they overlap \
                 depends on the disk and the operating system, so measure it.",
                &[link("200 files, in sequence and concurrently", "#/async-file-io?files=200&limit=16&missing=0")],
            ),
            item(
                "Database queries, with an async driver",
                "A query is a request like any other. Keep the limit at or below the size of the connection pool.",
                &[link("A limit below the number of tasks", "#/async-multiple?samples=40&limit=8")],
            ),
            item(
                "Many items that each need a wait",
                "A pipeline whose stages run concurrently is as fast as its slowest stage.",
                &[link("One batch after another, compared with streaming", "#/async-ml-pipeline")],
            ),
            item(
                "Streams of data over time",
                "Each value is used as soon as it arrives, while the program waits for the next one.",
                &[link("Values over time", "#/advanced")],
            ),
        ],
    },
    Chapter {
        title: "When not to",
        about: "Async does not make computation faster. It makes waiting cheap.",
        items: &[
            item(
                "Computation",
                "A function that computes blocks the event loop until it returns. Use workers instead (in Python, \
                 processes).",
                &[
                    link("Which approach for which work", "#/concurrency-comparison"),
                    link("What a blocked loop looks like", "#/common-issues?issue=sync-inside"),
                ],
            ),
            item(
                "Operations that depend on each other",
                "If each step needs the result of the previous step, nothing can overlap.",
                &[link("A single task gains nothing", "#/async-multiple?samples=1")],
            ),
            item(
                "Work that takes less than a millisecond",
                "Starting and resuming a task takes a little time of its own. Measure how much.",
                &[link("The cost of the runtime itself", "#/benchmark")],
            ),
            item(
                "Code that is simpler without it",
                "Only an async function can await another one, so async spreads through a program. Keep it to the \
                 parts that wait.",
                &[],
            ),
        ],
    },
    Chapter {
        title: "Best practices",
        about: "Five habits that make concurrent code reliable.",
        items: &[
            item(
                "Let resources close themselves",
                "In Python, an async with block closes its session or file even if it raises an error. In Rust, \
                dropping the value \
                 closes it automatically.",
                &[link("Connections of tasks that timed out", "#/advanced")],
            ),
            item(
                "Give every wait a timeout",
                "Some servers never answer. Set a timeout for each request, not one for all requests together.",
                &[link(
                    "Servers that never reply",
                    "#/async-api-calls?failure-rate=0.2&faults=hangs&timeout=1000&retries=0&one-by-one=off",
                )],
            ),
            item(
                "Handle errors task by task",
                "Collect the errors with the results (gather with return_exceptions), or fail at the first error and \
                 cancel the other tasks. At the first error, Rust's try_join and Python's TaskGroup cancel the others. \
                 Python's gather does not: it raises the error, and the others go on running.",
                &[
                    link("Collect", "#/async-error-handling?on-error=collect"),
                    link("Fail fast", "#/async-error-handling?on-error=fail-fast"),
                ],
            ),
            item(
                "Limit concurrency",
                "If you send more requests than the server can handle, the rest wait there or are refused.",
                &[link("Too many connections", "#/common-issues?issue=too-many")],
            ),
            item(
                "Work in batches",
                "The items of a batch share the cost of a call. If the batch is too large, the first items wait for \
                 the last one.",
                &[link("Finding the best batch size", "#/async-ml-pipeline?sweep=on&scale=0.5&inference=page")],
            ),
        ],
    },
    Chapter {
        title: "Performance",
        about: "The Python guide gives rules of thumb. Here you can measure them on your own machine.",
        items: &[
            item(
                "Waiting: usually 10 to 20 times as fast",
                "The speed-up is the number of equal waits at once, until something else becomes the bottleneck.",
                &[link("20 equal waits", "#/async-multiple?samples=20&min=500&max=500&limit=0")],
            ),
            item(
                "Computing: more processors, not async",
                "The speed-up is at most the number of processors.",
                &[link("One worker, compared with all workers", "#/concurrency-comparison")],
            ),
            item(
                "How many at once",
                "The Python guide recommends 50 to 100. The best number is the knee: the point beyond which latency grows but \
                 throughput does not.",
                &[link(
                    "A concurrency sweep",
                    "#/async-api-calls?latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off",
                )],
            ),
            item(
                "Batch size",
                "There is no rule for the best size: measure it.",
                &[link("A batch-size sweep", "#/async-ml-pipeline?sweep=on&scale=0.5&inference=page")],
            ),
            item(
                "One client for all requests",
                "Connections are opened once and reused. A browser does this automatically; in Python, share one \
                 session.",
                &[link("One client for all requests", "#/async-api-calls")],
            ),
            item(
                "The right timeouts",
                "If a timeout is too short, slow requests fail and are retried. If it is too long, nobody notices a \
                 request that hangs.",
                &[link("Retries and their cost", "#/async-error-handling?failure-rate=0.5&max-retries=5")],
            ),
            item(
                "Memory",
                "Every task takes some memory. A bounded queue stops a fast producer from filling it.",
                &[link(
                    "10,000 samples before a slow stage",
                    "#/async-ml-pipeline?samples=10000&batch-size=100&load=300&preprocess=5&scale=1&inference=page",
                )],
            ),
        ],
    },
];

/// The guide's checklist.
pub const CONCEPTS: &[Concept] = &[
    concept(
        "A function that can wait",
        "async def",
        "async fn",
        link("Async basics", "#/async-basics"),
        &["async def "],
    ),
    concept("Waiting for a result", "await f()", "f().await", link("Async basics", "#/async-basics"), &["await "]),
    concept(
        "Starting the event loop",
        "asyncio.run(main())",
        "spawn_local(main()); the browser's loop is already running",
        link("Async basics", "#/async-basics"),
        &["asyncio.run(", "run_until_complete("],
    ),
    concept(
        "Many at once",
        "asyncio.gather(*tasks)",
        "join_all(tasks).await",
        link("Many tasks", "#/async-multiple"),
        &["gather(", "TaskGroup("],
    ),
    concept(
        "A wait that does not block",
        "await asyncio.sleep(1)",
        "run.sleep(1 s).await",
        link("Compared with blocking", "#/async-basics?blocking=on"),
        &["asyncio.sleep("],
    ),
    concept(
        "A resource that is always closed",
        "async with",
        "drop, when its owner goes out of scope",
        link("Beyond the guide", "#/advanced"),
        &["async with "],
    ),
    concept(
        "Files",
        "aiofiles.open(path)",
        "storage.read(name).await",
        link("Files", "#/async-file-io"),
        &["aiofiles"],
    ),
    concept(
        "Requests",
        "aiohttp.ClientSession",
        "Client, over fetch",
        link("API calls", "#/async-api-calls"),
        &["aiohttp", "httpx"],
    ),
    concept(
        "Reused connections",
        "one ClientSession for all",
        "the browser's connection pool",
        link("API calls", "#/async-api-calls"),
        &["ClientSession(", "AsyncClient("],
    ),
    concept(
        "Timeouts",
        "asyncio.wait_for(f(), 10)",
        "run.timeout(10 s, f()).await",
        link("Errors", "#/async-error-handling"),
        &["wait_for(", "asyncio.timeout(", "ClientTimeout("],
    ),
    concept(
        "Errors along with results",
        "gather(…, return_exceptions=True)",
        "join_all of Results",
        link("Collect", "#/async-error-handling?on-error=collect"),
        &["return_exceptions=True"],
    ),
    concept(
        "Retries",
        "for attempt in range(3): …",
        "retry(run, policy, f).await",
        link("Retries", "#/async-error-handling?max-retries=3"),
        &["retry", "attempt"],
    ),
    concept(
        "Async, threads or processes",
        "asyncio, run_in_executor, multiprocessing",
        "futures, workers",
        link("Concurrency compared", "#/concurrency-comparison"),
        &[
            "run_in_executor(",
            "to_thread(",
            "ThreadPoolExecutor",
            "ProcessPoolExecutor",
            "threading",
            "multiprocessing",
        ],
    ),
    concept(
        "Measuring",
        "time.perf_counter()",
        "every run is recorded",
        link("The benchmark", "#/benchmark"),
        &["perf_counter(", "time.monotonic(", "loop.time("],
    ),
];

/// The values of the Python guide, part by part. The exercises use shorter waits by default. The part on validation has
/// no values of its own.
pub const VALUES: &[GuideValues] = &[
    values(
        1,
        "download 2 s, data set 1 s, preprocessing 1.5 s: 4.5 s in sequence",
        link("Async basics", "#/async-basics?scale=5"),
    ),
    values(
        2,
        "10 samples of 0.1 to 0.5 s; 4 models that take 0.5 to 2 s; no limit",
        link("Many tasks", "#/async-multiple?samples=10&min=100&max=500&limit=0&scale=1"),
    ),
    values(
        3,
        "5 files of 10 short lines; 100 predictions",
        link("Files", "#/async-file-io?files=5&size=1&missing=0&limit=0&rows=100&bad-rows=0"),
    ),
    values(
        4,
        "metadata of 10 models, timeout 10 s, batches of 10 inputs; here 10 requests to the page's 4 models",
        link("API calls", "#/async-api-calls?requests=10&batch-size=10&timeout=10000&limit=0&retries=0"),
    ),
    values(
        5,
        "200 samples in batches of 32: 0.5 s to load all, 0.01 s to preprocess one, 0.02 s to predict one",
        link(
            "ML pipeline",
            "#/async-ml-pipeline?samples=200&batch-size=32&load=500&preprocess=10&predict=20&scale=1&inference=page",
        ),
    ),
    values(
        6,
        "20 tasks of 0.1 s that fail with probability 0.3; 3 attempts, with pauses of 0.5 s times the attempt",
        link(
            "Error handling",
            "#/async-error-handling?tasks=20&wait=100&failure-rate=0.3&max-retries=2&pause=500&backoff=linear",
        ),
    ),
    values(7, "10 waits of 0.1 s", link("Concurrency compared", "#/concurrency-comparison?tasks=10&wait=100")),
    GuideValues {
        part: None,
        values: "a blocking wait of 1 s",
        link: link("Common issues", "#/common-issues?issue=blocked-loop&wait=1000"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_with_values_of_its_own_has_them_and_a_link_to_its_exercise() {
        use crate::exercises::catalogue;
        let parts: Vec<_> = VALUES.iter().map(|it| it.part).collect();
        assert_eq!(parts, [1, 2, 3, 4, 5, 6, 7].map(Some).into_iter().chain([None]).collect::<Vec<_>>());
        for it in VALUES {
            let slug = it.link.fragment.trim_start_matches("#/").split('?').next().expect("it is a link");
            let exercise = catalogue::find(slug).expect("there is such an exercise");
            assert_eq!(exercise.part, it.part.unwrap_or(exercise.part), "{slug}");
            assert_eq!(exercise.title, it.link.label, "{slug}");
        }
    }

    #[test]
    fn concepts_are_found_in_code() {
        let used = |code: &str| {
            let used = CONCEPTS.iter().filter(|concept| concept.is_used_in(code));
            used.map(Concept::key).collect::<Vec<_>>()
        };
        assert_eq!(used("import time\ntime.sleep(1)  # not asyncio.sleep(1)"), [""; 0]);
        assert_eq!(used("async def f():\n    await asyncio.sleep(1)"), ["async def ", "await ", "asyncio.sleep("]);
        let mut keys: Vec<_> = CONCEPTS.iter().map(Concept::key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), CONCEPTS.len());
    }

    #[test]
    fn all_items_of_the_guides_checklist_are_present() {
        assert_eq!(CONCEPTS.len(), 14);
        let items = |title: &str| CHAPTERS.iter().find(|it| it.title == title).map(|it| it.items.len());
        assert_eq!(items("When to use async"), Some(5));
        assert_eq!(items("When not to"), Some(4));
        assert_eq!(items("Best practices"), Some(5));
        assert_eq!(items("Performance"), Some(7));
    }
}
