//! [`Plan`]: which requests are sent, where and when. It is made from the controls.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::endpoint::http::BaseUrl;
use crate::endpoint::model_server;
use crate::endpoint::oip::OipError;
use crate::exercises::prelude::*;
use crate::runtime::{Backoff, RetryPolicy};

/// The times at which requests are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrivals {
    /// All of them now.
    AtOnce,
    /// One in each interval of this length.
    Every(Duration),
}

/// The requests to send, the endpoint, and the times.
#[derive(Debug)]
pub(super) struct Plan {
    /// True if the endpoint is the page's own model server.
    pub is_embedded: bool,
    /// The base URL of requests for metadata.
    pub metadata_url: BaseUrl,
    /// The base URL of inference requests. For the page's own model server it contains latency, failures and the like,
    /// which apply to inference only, because every run needs the metadata.
    pub inference_url: BaseUrl,
    /// The names of the models. Inference requests go to the first. Empty if the endpoint is to list them.
    pub models: Vec<String>,
    /// The inputs that the reader has entered, as JSON. Empty if they are built from the model's metadata.
    pub entered_inputs: String,
    pub requests: u32,
    /// The number of inputs in each request, at least 1.
    pub batch_size: u32,
    pub limit: Option<NonZeroUsize>,
    /// The time limit for each attempt.
    pub timeout: Duration,
    pub retries: RetryPolicy<OipError>,
    pub arrivals: Arrivals,
    pub has_one_by_one: bool,
    /// The maximum number of concurrent requests in the sweep; 0 means no sweep.
    pub sweep_max: u32,
    /// The time of each visit of a level of the sweep.
    pub visit_time: Duration,
}

impl Plan {
    /// The plan for these settings. The random values of the model server depend on the run's seed.
    pub fn new(settings: &Settings, run: &Run) -> Self {
        let is_embedded = is_embedded(settings);
        let [metadata_url, inference_url] =
            if is_embedded { model_server(settings, run) } else { own_endpoint(settings) };
        Self {
            is_embedded,
            metadata_url,
            inference_url,
            models: models(settings, is_embedded),
            entered_inputs: if is_embedded { String::new() } else { settings.text("inputs").trim().to_owned() },
            requests: settings.count("requests"),
            batch_size: settings.count("batch-size"),
            limit: NonZeroUsize::new(settings.count("limit") as usize),
            timeout: settings.millis("timeout"),
            retries: RetryPolicy {
                retries: settings.count("retries"),
                backoff: Backoff::Exponential { base: FIRST_PAUSE, cap: FIRST_PAUSE * 8 },
                is_transient: OipError::is_transient,
                retry_after: OipError::retry_after,
            },
            arrivals: match settings.choice("arrivals") {
                "rate" => Arrivals::Every(Duration::from_secs_f64(1.0 / settings.number("rate"))),
                _ => Arrivals::AtOnce,
            },
            has_one_by_one: settings.is_on("one-by-one"),
            sweep_max: settings.count("sweep"),
            visit_time: Duration::from_secs_f64(settings.number("level-time") / f64::from(VISITS)),
        }
    }

    /// The name of the root task that sends the requests.
    pub fn part(&self) -> &'static str {
        match self.arrivals {
            Arrivals::AtOnce => "batch_inference_api",
            Arrivals::Every(_) => "inference_at_a_rate",
        }
    }

    /// True if there is anything to send but requests for metadata.
    pub fn sends_inference(&self) -> bool {
        self.requests > 0 || self.sweep_max > 0
    }

    /// The minimum and the maximum number of requests that count in a visit of a level of the sweep.
    pub fn requests_of_visit(&self, concurrency: u32) -> [usize; 2] {
        // A whole round, so that every client is measured.
        let least = concurrency.max(MIN_REQUESTS.div_ceil(VISITS)) as usize;
        let levels = self.sweep_max.checked_ilog2().map_or(1, |power| power + 1);
        let share_of_all = MOST_REQUESTS / (VISITS * levels);
        [least, least.max(share_of_all.min((self.visit_time.as_secs_f64() * MOST_PER_S) as u32) as usize)]
    }

    /// The maximum number of requests that can be in flight, at least 1.
    pub fn max_in_flight(&self) -> u32 {
        let limited = self.limit.map_or(self.requests, |limit| self.requests.min(limit.get() as u32));
        limited.max(self.sweep_max).max(1)
    }

    /// The model that gets the inference requests; empty if the list is empty.
    pub fn model(&self) -> &str {
        self.models.first().map_or("", String::as_str)
    }
}

/// The models of the page's own server.
const OWN_MODELS: [&str; 4] = ["mlp-64", "mlp-16", "mlp-64-32", "logistic-regression"];

/// The upper bound of the random pause before the second attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The number of visits of each level of the sweep. With fewer, the confidence intervals are much wider.
pub(super) const VISITS: u32 = 5;

/// The minimum number of requests that count in a level of the sweep: as many as a p95 needs.
const MIN_REQUESTS: u32 = 20;

/// The maximum number of requests in a sweep, as long as each visit has its minimum. With more, the record of the run would be
/// too large to be saved.
const MOST_REQUESTS: u32 = 100_000;

/// No page sends more requests per second. On a virtual clock without latency, time alone would never end a visit.
const MOST_PER_S: f64 = 2_500.0;

/// True if the endpoint is the page's own model server.
pub(super) fn is_embedded(settings: &Settings) -> bool {
    settings.choice("endpoint") == "embedded"
}

/// The base URLs of the page's own model server: for metadata, and for inference with the chosen scenario.
fn model_server(settings: &Settings, run: &Run) -> [BaseUrl; 2] {
    let number = |name: &str| settings.number(name).round();
    let mut scenario = format!("latency={},spread={},seed={}", number("latency"), number("spread"), run.seed());
    if settings.count("capacity") > 0 {
        scenario += &format!(",capacity={}", number("capacity"));
    }
    scenario += &format!(",fail={},kinds={}", settings.number("failure-rate"), kinds(settings));
    let base = format!("{}s/{scenario}", model_server::PATH);
    [model_server::PATH, &base].map(BaseUrl::relative)
}

/// The kinds of failures, as they are written in the model server's URLs.
fn kinds(settings: &Settings) -> &'static str {
    match settings.choice("faults") {
        "all" => "500+503+429+hang+garbage",
        "busy" => "429",
        "hangs" => "hang",
        "garbage" => "garbage",
        _ => "500+503",
    }
}

/// The base URL of the reader's own endpoint, for metadata and inference. The control accepts only valid URLs.
fn own_endpoint(settings: &Settings) -> [BaseUrl; 2] {
    let base = BaseUrl::parse(settings.text("url")).unwrap_or_else(|_| BaseUrl::relative(settings.text("url")));
    [base.clone(), base]
}

/// The question about the concurrent requests. There is none about the reader's own endpoint: nobody can know how fast
/// it is.
pub(super) fn question(settings: &Settings) -> Option<Question> {
    let [requests, limit, capacity] = ["requests", "limit", "capacity"].map(|name| settings.count(name));
    if requests == 0 || !is_embedded(settings) {
        return None;
    }
    let (shortest, longest) = (settings.millis("latency"), settings.millis("latency") + settings.millis("spread"));
    let is_at_a_rate = settings.choice("arrivals") == "rate";
    let at_most = |n: u32, what: &str| (n > 0).then(|| format!("at most {} {what} at once", units::count(n.into())));
    let sent = match is_at_a_rate {
        true => format!(", and {} of them are due per second", settings.to_text("rate")),
        false => at_most(limit, "are sent").map(|limit| format!(", and {limit}")).unwrap_or_default(),
    };
    let server = match capacity {
        0 => "The server handles any number at once".to_owned(),
        n => format!("The server handles at most {} at once", units::count(n.into())),
    };
    let failures = match settings.number("failure-rate") {
        0.0 => String::new(),
        rate => format!(", and {:.0} % of the attempts fail", rate * 100.0),
    };
    let text = format!(
        "{} {} each{sent}. {server}{failures}. How long does it take?",
        units::counted(requests.into(), "request needs", "requests need"),
        from_to(shortest, longest),
    );
    let at_once = [limit, capacity, requests].into_iter().filter(|n| *n > 0).min().unwrap_or(1);
    let last_due = if is_at_a_rate { f64::from(requests) / settings.number("rate") } else { 0.0 };
    // Failed attempts are repeated, after a pause.
    let axis = longest * requests.div_ceil(at_once) * 2 + FIRST_PAUSE * settings.count("retries").min(3);
    let axis_us = axis.as_micros() as u64 + (last_due * 1e6) as u64;
    let part = if is_at_a_rate { "inference_at_a_rate" } else { "batch_inference_api" };
    Some(Question::new(text, part, axis_us))
}

/// A key for what a connection test depends on.
pub(super) fn cache_key(settings: &Settings) -> String {
    let url = if is_embedded(settings) { "" } else { settings.text("url") };
    let inputs = if is_embedded(settings) { "" } else { settings.text("inputs") };
    format!("{url} {} {} {inputs}", settings.text("models"), settings.to_text("timeout"))
}

/// The address to which runs send requests, if it is not the page's own server.
pub(super) fn address(settings: &Settings) -> Option<String> {
    (!is_embedded(settings)).then(|| settings.text("url").trim().to_owned())
}

/// The models that the reader has named. If there are none, those of the page's own server.
fn models(settings: &Settings, is_embedded: bool) -> Vec<String> {
    let named: Vec<_> = names(settings.text("models")).map(str::to_owned).collect();
    if named.is_empty() && is_embedded { OWN_MODELS.map(str::to_owned).to_vec() } else { named }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The controls of the exercise.
pub(super) const CONTROLS: &[Control] = &[
    Control::choice(
        "endpoint",
        "Endpoint",
        "The server that gets the requests: the page's own, or any that implements the Open Inference Protocol v2, \
         such as KServe, Triton or MLServer.",
        &[Choice::new("embedded", "The page's own model server"), Choice::new("own", "Your own endpoint")],
    )
    .always_shown(),
    Control::new(
        "url",
        "Base URL",
        "The endpoint's URL, without v2/… at the end. The endpoint must allow requests from this page (CORS).",
        ControlKind::Text {
            default: "http://localhost:8000",
            refuse: |text| BaseUrl::parse(text).err().map(|error| error.to_string()),
        },
    )
    .only_if(|settings| !is_embedded(settings))
    .always_shown(),
    Control::new(
        "models",
        "Models",
        "Model names, separated by commas; if empty, the first eight that the endpoint lists. Their metadata is fetched; \
         inference requests go to the first.",
        ControlKind::Text { default: "", refuse: |_| None },
    ),
    Control::new(
        "inputs",
        "Inputs",
        "Inputs as JSON, as in a request's body: \
         [{\"name\": \"x\", \"datatype\": \"FP32\", \"shape\": [1, 4], \"data\": [1, 2, 3, 4]}]. \
         Without `data`, or with \"random\", they are random. They replace those built from the model's metadata, for \
         example when the server does not describe the model.",
        ControlKind::Text { default: "", refuse: |_| None },
    )
    .only_if(|settings| !is_embedded(settings)),
    Control::count("requests", "Requests", "The number of requests.", 5_000, 30).with_heading("Requests"),
    Control::new(
        "batch-size",
        "Batch size",
        "The number of inputs in each request.",
        ControlKind::Count { min: 1, max: 1_000, default: 10 },
    ),
    Control::choice(
        "arrivals",
        "Arrivals",
        "All at once (closed loop): with a limit, a request is sent when another one ends. At a rate (open loop): \
         requests are due at fixed times, whether or not earlier ones have ended.",
        &[Choice::new("at-once", "All at once"), Choice::new("rate", "At a rate")],
    ),
    Control::new(
        "rate",
        "Rate",
        "The number of requests that are due per second.",
        ControlKind::Number { unit: "/s", min: 0.1, max: 1_000.0, step: 1.0, default: 20.0 },
    )
    .only_if(|settings| settings.choice("arrivals") == "rate"),
    Control::count("limit", "Limit", "The maximum number of requests in flight; 0 means no limit.", 5_000, 8),
    Control::new(
        "timeout",
        "Timeout",
        "The time limit for an attempt. A request that takes longer is aborted. In the Python guide it is 10 s.",
        ControlKind::Number { unit: "ms", min: 1.0, max: 60_000.0, step: 100.0, default: 2_000.0 },
    ),
    Control::count(
        "retries",
        "Retries",
        "The maximum number of retries for a request. The pauses before them grow.",
        10,
        2,
    ),
    Control::switch("one-by-one", "One by one", "First sends the same requests one by one, for comparison.", true),
    Control::count(
        "sweep",
        "Sweep up to",
        "Measures the throughput with 1, 2, 4, … requests in flight, up to this number; 0 means no sweep.",
        1_024,
        0,
    ),
    Control::new(
        "level-time",
        "Time per level",
        "How long the sweep measures each level, split into five separate measurements. More time shows the knee more \
         clearly. A sweep ends earlier if it would send more than 100,000 requests.",
        ControlKind::Number { unit: "s", min: 0.5, max: 60.0, step: 0.5, default: 2.0 },
    )
    .only_if(|settings| settings.count("sweep") > 0),
    Control::millis("latency", "Latency", "The minimum time that the server needs for a request.", 60.0)
        .with_heading("The model server")
        .only_if(is_embedded),
    Control::millis("spread", "Spread", "The maximum of the random time that is added for each request.", 40.0)
        .only_if(is_embedded),
    Control::count(
        "capacity",
        "Capacity",
        "The number of requests that the server handles at once. Others queue; 0 means no limit.",
        1_000,
        8,
    )
    .only_if(is_embedded),
    Control::new(
        "failure-rate",
        "Failure rate",
        "The probability that an inference fails.",
        ControlKind::Number { unit: "", min: 0.0, max: 1.0, step: 0.05, default: 0.05 },
    )
    .only_if(is_embedded),
    Control::choice(
        "faults",
        "Faults",
        "How an inference fails.",
        &[
            Choice::new("errors", "500 and 503"),
            Choice::new("busy", "429, retry after 1 s"),
            Choice::new("hangs", "Never answers"),
            Choice::new("garbage", "Broken JSON"),
            Choice::new("all", "All kinds"),
        ],
    )
    .only_if(is_embedded),
];
