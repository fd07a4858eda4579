//! What the guide teaches in words: when to use async and when not, what to do and how to make it quick, its concepts
//! with Python's word and Rust's. Everything that can be seen has a link into the exercise that shows it.

/// A chapter of the guide.
#[derive(Debug)]
pub struct Chapter {
    /// Its title.
    pub title: &'static str,
    /// What it is about, in a sentence or two.
    pub about: &'static str,
    /// What it says.
    pub items: &'static [Item],
}

/// One thing that the guide says.
#[derive(Debug)]
pub struct Item {
    /// The thing in a few words.
    pub head: &'static str,
    /// The reason.
    pub text: &'static str,
    /// Where it can be seen.
    pub links: &'static [Link],
}

/// An exercise with its controls set.
#[derive(Debug)]
pub struct Link {
    /// What one sees there, in a few words.
    pub label: &'static str,
    /// The fragment with its `#`.
    pub fragment: &'static str,
}

/// A concept of the guide's checklist.
#[derive(Debug)]
pub struct Concept {
    /// The concept in a few words.
    pub what: &'static str,
    /// How Python says it.
    pub python: &'static str,
    /// How it is said here, in Rust.
    pub rust: &'static str,
    /// Where it can be seen.
    pub link: Link,
}

const fn item(head: &'static str, text: &'static str, links: &'static [Link]) -> Item {
    Item { head, text, links }
}

const fn link(label: &'static str, fragment: &'static str) -> Link {
    Link { label, fragment }
}

const fn concept(what: &'static str, python: &'static str, rust: &'static str, link: Link) -> Concept {
    Concept { what, python, rust, link }
}

/// The chapters, in the order of reading.
pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        title: "When to use async",
        about: "Async pays where a program waits: many waits at once cost as much as the longest of them.",
        items: &[
            item(
                "Network requests",
                "Calls of an API spend nearly all their time waiting for somebody else.",
                &[
                    link("50 requests at once", "#/async-api-calls?requests=50&limit=50&capacity=0"),
                    link(
                        "Where the server is full",
                        "#/async-api-calls?latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off",
                    ),
                ],
            ),
            item(
                "Many files",
                "Reading one file is quick. With hundreds of them the waits add up, and whether they overlap depends on the \
                 disk and the system: measure it.",
                &[link("200 files, one by one and together", "#/async-file-io?files=200&limit=16&missing=0")],
            ),
            item(
                "Database queries, with a driver that is async",
                "They are requests like others. Set a limit no greater than the pool of connections.",
                &[link("A limit below the number of tasks", "#/async-multiple?samples=40&limit=8")],
            ),
            item(
                "Many items with a wait in each",
                "A pipeline whose stages work side by side is as quick as its slowest stage.",
                &[link("Batch after batch beside streamed", "#/async-ml-pipeline")],
            ),
            item(
                "Streams of data over time",
                "Values are used as they come, while the next ones are on their way.",
                &[link("Values over time", "#/advanced")],
            ),
        ],
    },
    Chapter {
        title: "When not to",
        about: "Async makes nothing compute faster. It makes waiting cheap.",
        items: &[
            item(
                "Computation",
                "A function that computes holds the event loop until it is done. Use workers: in Python, processes.",
                &[
                    link("Which approach for which work", "#/concurrency-comparison"),
                    link("What a blocked loop looks like", "#/common-issues?issue=sync-inside"),
                ],
            ),
            item(
                "A single operation after the other",
                "Where each step needs the result of the one before there is nothing to overlap.",
                &[link("One task has nothing to wait beside", "#/async-multiple?samples=1")],
            ),
            item(
                "What is over in less than a millisecond",
                "Starting and resuming a task costs something too, if little: see by how much.",
                &[link("What the runtime itself costs", "#/benchmark")],
            ),
            item(
                "Code that is simpler without it",
                "An async function can only be awaited by another: the style spreads through a program. Keep it where the \
                 waits are.",
                &[],
            ),
        ],
    },
    Chapter {
        title: "Best practices",
        about: "Five habits that keep concurrent code from failing at night.",
        items: &[
            item(
                "Let resources close themselves",
                "Python's async with closes a session or a file however its block is left. In Rust that is what dropping \
                 does, without a word.",
                &[link("Connections of tasks that were cut off", "#/advanced")],
            ),
            item(
                "Give every wait a timeout",
                "What never answers must not be waited for for ever. A timeout belongs to each request, not to all of them \
                 together.",
                &[link(
                    "Servers that never reply",
                    "#/async-api-calls?failure-rate=0.2&faults=hangs&timeout=1000&retries=0&one-by-one=off",
                )],
            ),
            item(
                "Handle errors task by task",
                "Collect the errors with the results (gather with return_exceptions), or fail at the first error and cancel \
                 the other tasks. At the first error, Rust's try_join and Python's TaskGroup cancel the others. Python's \
                 gather does not: it raises the error, and the others go on running.",
                &[
                    link("Collect", "#/async-error-handling?on-error=collect"),
                    link("Fail fast", "#/async-error-handling?on-error=fail-fast"),
                ],
            ),
            item(
                "Limit how much is under way",
                "Beyond what the other side can serve, more requests wait there, or are refused.",
                &[link("Too many connections", "#/common-issues?issue=too-many")],
            ),
            item(
                "Work in batches",
                "A batch shares what each call costs. A batch that is too large waits for its last item.",
                &[link("Which batch size", "#/async-ml-pipeline?sweep=on&scale=0.5&inference=page")],
            ),
        ],
    },
    Chapter {
        title: "Performance",
        about: "The guide names rules of thumb. Here they are measured, on your machine.",
        items: &[
            item(
                "Waiting: 10 to 20 times as fast is usual",
                "It is as many times as there are equal waits at once, until something else is full.",
                &[link("20 equal waits", "#/async-multiple?samples=20&min=500&max=500&limit=0")],
            ),
            item(
                "Computing: more processors, not async",
                "The gain ends at the number of processors.",
                &[link("One worker beside all", "#/concurrency-comparison")],
            ),
            item(
                "How many at once",
                "50 to 100 is said to be best. It is where throughput stops growing and latency begins to: find the knee.",
                &[link(
                    "A concurrency sweep",
                    "#/async-api-calls?latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off",
                )],
            ),
            item(
                "Batch size",
                "Found by trying, not by rule.",
                &[link("A batch-size sweep", "#/async-ml-pipeline?sweep=on&scale=0.5&inference=page")],
            ),
            item(
                "One client for all requests",
                "Connections are opened once and used again. A browser does so by itself; in Python share one session.",
                &[link("A client shared by all", "#/async-api-calls")],
            ),
            item(
                "Timeouts that fit",
                "Too short, and slow successes become failures that are tried again; too long, and nobody notices a hang.",
                &[link("Retries and what they cost", "#/async-error-handling?failure-rate=0.5&max-retries=5")],
            ),
            item(
                "Memory",
                "Every task takes some. A bounded queue keeps a quick producer from filling it.",
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
    concept("A function that can wait", "async def", "async fn", link("Async basics", "#/async-basics")),
    concept("Waiting for one", "await f()", "f().await", link("Async basics", "#/async-basics")),
    concept(
        "Starting the loop",
        "asyncio.run(main())",
        "spawn_local(main()): the browser's loop runs already",
        link("Async basics", "#/async-basics"),
    ),
    concept("Many at once", "asyncio.gather(*tasks)", "join_all(tasks).await", link("Many tasks", "#/async-multiple")),
    concept(
        "A wait that blocks nobody",
        "await asyncio.sleep(1)",
        "run.sleep(1 s).await",
        link("Blocking beside it", "#/async-basics?blocking=on"),
    ),
    concept(
        "A resource that is closed for sure",
        "async with",
        "drop, at the end of its owner",
        link("Beyond the guide", "#/advanced"),
    ),
    concept("Files", "aiofiles.open(path)", "storage.read(name).await", link("Files", "#/async-file-io")),
    concept("Requests", "aiohttp.ClientSession", "Client, over fetch", link("API calls", "#/async-api-calls")),
    concept(
        "Connections used again",
        "one ClientSession for all",
        "the browser's own pool",
        link("API calls", "#/async-api-calls"),
    ),
    concept(
        "Timeouts",
        "asyncio.wait_for(f(), 10)",
        "run.timeout(10 s, f()).await",
        link("Errors", "#/async-error-handling"),
    ),
    concept(
        "Errors beside results",
        "gather(…, return_exceptions=True)",
        "join_all of Results",
        link("Collect", "#/async-error-handling?on-error=collect"),
    ),
    concept(
        "Trying again",
        "for attempt in range(3): …",
        "retry(run, policy, f).await",
        link("Retries", "#/async-error-handling?max-retries=3"),
    ),
    concept(
        "Async, threads or processes",
        "asyncio, run_in_executor, multiprocessing",
        "futures, workers",
        link("Which for what", "#/concurrency-comparison"),
    ),
    concept("Measuring", "time.perf_counter()", "every run is on the record", link("The benchmark", "#/benchmark")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_of_the_guides_checklist_is_there() {
        assert_eq!(CONCEPTS.len(), 14);
        let items = |title: &str| CHAPTERS.iter().find(|it| it.title == title).map(|it| it.items.len());
        assert_eq!(items("When to use async"), Some(5));
        assert_eq!(items("When not to"), Some(4));
        assert_eq!(items("Best practices"), Some(5));
        assert_eq!(items("Performance"), Some(7));
    }
}
