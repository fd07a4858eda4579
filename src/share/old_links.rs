//! Links that people have. Each opens the same experiment forever: links are never changed or removed here, and each
//! release adds its new ones.

use super::permalink::Destination;

/// A link, the exercise that it opens, some of its settings as text, and its seed.
type Link = (&'static str, &'static str, &'static [(&'static str, &'static str)], u64);

/// Version 0.1.
const V0_1: &[Link] = &[
    ("#/async-basics", "async-basics", &[("download", "400"), ("blocking", "on")], 7),
    (
        "#/async-basics?download=800&blocking=off&seed=42&run=1",
        "async-basics",
        &[("download", "800"), ("blocking", "off")],
        42,
    ),
    ("/async-basics?load=50.5&scale=5", "async-basics", &[("load", "50.5"), ("scale", "5")], 7),
    (
        "#/async-multiple?samples=10000&min=10&max=50&limit=0&one-by-one=off&scale=1&seed=3",
        "async-multiple",
        &[("samples", "10000"), ("limit", "0"), ("one-by-one", "off")],
        3,
    ),
    (
        "#/async-file-io?files=200&size=64&missing=3&limit=16&seed=7",
        "async-file-io",
        &[("files", "200"), ("missing", "3"), ("limit", "16")],
        7,
    ),
    (
        "#/async-api-calls?latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off",
        "async-api-calls",
        &[("capacity", "8"), ("sweep", "32")],
        7,
    ),
    (
        "#/async-api-calls?arrivals=rate&rate=100&limit=1&latency=50&spread=0&requests=100&batch-size=1",
        "async-api-calls",
        &[("arrivals", "rate"), ("rate", "100")],
        7,
    ),
    (
        "#/async-ml-pipeline?predict=50&scale=1&inference=page&bound=3",
        "async-ml-pipeline",
        &[("predict", "50"), ("inference", "page"), ("bound", "3")],
        7,
    ),
    (
        "#/async-error-handling?failure-rate=0.5&on-error=fail-fast&faults=transient&max-retries=5",
        "async-error-handling",
        &[("failure-rate", "0.5"), ("on-error", "fail-fast"), ("max-retries", "5")],
        7,
    ),
    (
        "#/concurrency-comparison?tasks=4&size=20&wait=50",
        "concurrency-comparison",
        &[("tasks", "4"), ("size", "20"), ("wait", "50")],
        7,
    ),
    ("#/common-issues?issue=too-many&wait=1000", "common-issues", &[("issue", "too-many"), ("wait", "1000")], 7),
    ("#/common-issues?wait=1000", "common-issues", &[("issue", "all"), ("wait", "1000")], 7),
    ("#/common-issues?seed=3", "common-issues", &[("issue", "all")], 3),
    ("#/advanced?readings=50&bound=5", "advanced", &[("readings", "50"), ("bound", "5")], 7),
    ("#/async-basics?hide=all&was=12nz4.ut8.-.a", "async-basics", &[("download", "400")], 7),
    ("#/validate-async", "validate-async", &[], 7),
];

#[test]
fn an_old_link_opens_the_same_experiment() {
    for (link, slug, settings, seed) in V0_1 {
        let (destination, notices) = Destination::parse(link);
        let Destination::Exercise(setup) = destination else { panic!("{link} does not open an exercise") };
        assert_eq!(notices, [], "{link}");
        assert_eq!((setup.exercise.slug, setup.seed), (*slug, *seed), "{link}");
        for (name, text) in *settings {
            assert_eq!(setup.settings.to_text(name), *text, "{name} in {link}");
        }
    }
}

#[test]
fn old_links_to_pages_open_them() {
    for (link, destination) in [
        ("#/", Destination::Home),
        ("#/guide", Destination::Guide),
        ("#/runs", Destination::Runs),
        ("#/benchmark?run=1", Destination::Benchmark { runs_at_once: true }),
    ] {
        assert_eq!(Destination::parse(link), (destination, vec![]));
    }
}
