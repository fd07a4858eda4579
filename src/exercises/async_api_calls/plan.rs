//! What the controls mean: which endpoint, which requests, and when.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::endpoint::http::BaseUrl;
use crate::endpoint::model_server;
use crate::endpoint::oip::OipError;
use crate::exercises::prelude::*;
use crate::runtime::{Backoff, RetryPolicy};

/// When requests are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrivals {
    /// All now.
    AtOnce,
    /// One after each such interval.
    Every(Duration),
}

/// What is asked, where and when.
#[derive(Debug)]
pub(super) struct Plan {
    pub is_embedded: bool,
    /// Where the models' metadata are asked for.
    pub about: BaseUrl,
    /// Where inference is asked for. The model server is told in the address how to behave, which concerns inference
    /// only: without metadata there would be nothing to send.
    pub base: BaseUrl,
    /// Their names; the first gets the requests.
    pub models: Vec<String>,
    pub requests: u32,
    /// Inputs in each request, at least 1.
    pub batch_size: u32,
    pub limit: Option<NonZeroUsize>,
    /// For each attempt.
    pub timeout: Duration,
    pub retries: RetryPolicy<OipError>,
    pub arrivals: Arrivals,
    pub has_one_by_one: bool,
    /// The most requests at once in the sweep; 0 is no sweep.
    pub sweep_to: u32,
}

impl Plan {
    /// The plan for these settings, with what is random in the model server drawn by the run's seed.
    pub fn new(settings: &Settings, run: &Run) -> Self {
        let is_embedded = is_embedded(settings);
        let [about, base] = if is_embedded { model_server(settings, run) } else { own_endpoint(settings) };
        Self {
            is_embedded,
            about,
            base,
            models: names(settings.text("models")).map(str::to_owned).collect(),
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
            sweep_to: settings.count("sweep"),
        }
    }

    /// The name of the root task that sends the requests.
    pub fn part(&self) -> &'static str {
        match self.arrivals {
            Arrivals::AtOnce => "batch_inference_api",
            Arrivals::Every(_) => "inference_at_a_rate",
        }
    }

    /// The most requests that can be under way at once.
    pub fn most_at_once(&self) -> u32 {
        let limited = self.limit.map_or(self.requests, |most| self.requests.min(most.get() as u32));
        limited.max(self.sweep_to).max(1)
    }

    /// The model that gets the requests; empty if none is named.
    pub fn model(&self) -> &str {
        self.models.first().map_or("", String::as_str)
    }
}

/// The pause before the second attempt is drawn up to this.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A level of a sweep has so many rounds, and at least as many requests as a p95 wants.
const ROUNDS: u32 = 4;
const FEWEST: u32 = 20;

/// How many requests a level of the sweep sends: whole rounds, so that the last is no emptier than the others.
pub(super) fn requests_of_level(concurrency: u32) -> u32 {
    concurrency * ROUNDS.max(FEWEST.div_ceil(concurrency))
}

/// Whether the endpoint is the page's own.
pub(super) fn is_embedded(settings: &Settings) -> bool {
    settings.choice("endpoint") == "embedded"
}

/// The page's own model server: for metadata, and for inference with all that can be set.
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

/// The kinds of failures as the model server has them in its addresses.
fn kinds(settings: &Settings) -> &'static str {
    match settings.choice("faults") {
        "all" => "500+503+429+hang+garbage",
        "busy" => "429",
        "hangs" => "hang",
        "garbage" => "garbage",
        _ => "500+503",
    }
}

/// What was typed is an address: the control took it.
fn own_endpoint(settings: &Settings) -> [BaseUrl; 2] {
    let base = BaseUrl::parse(settings.text("url")).unwrap_or_else(|_| BaseUrl::relative(settings.text("url")));
    [base.clone(), base]
}

/// What the connection is tested with.
pub(super) fn address(settings: &Settings) -> String {
    let url = if is_embedded(settings) { "" } else { settings.text("url") };
    format!("{url} {} {}", settings.text("models"), settings.to_text("timeout"))
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// The controls of the exercise.
pub(super) const CONTROLS: &[Control] = &[
    Control::choice(
        "endpoint",
        "Endpoint",
        "The page brings a server of its own. Any that speaks the Open Inference Protocol v2, such as KServe, Triton or \
         MLServer, can take its place.",
        &[Choice::new("embedded", "The page's own model server"), Choice::new("own", "An endpoint of your own")],
    ),
    Control::new(
        "url",
        "Base URL",
        "All that stands before v2/… in the endpoint's addresses. It must allow this page by CORS.",
        ControlKind::Text {
            default: "http://localhost:8000",
            refuse: |text| BaseUrl::parse(text).err().map(|error| error.to_string()),
        },
    )
    .only_if(|settings| !is_embedded(settings)),
    Control::new(
        "models",
        "Models",
        "Names with commas between. All are asked what they take; the first gets the requests.",
        ControlKind::Text {
            default: "mlp-64, mlp-16, mlp-64-32, logistic-regression",
            refuse: |text| names(text).next().is_none().then(|| "a model's name is missing".to_owned()),
        },
    ),
    Control::count("requests", "Requests", "How many there are.", 5_000, 30).with_heading("Requests"),
    Control::new(
        "batch-size",
        "Batch size",
        "How many inputs each request holds.",
        ControlKind::Count { min: 1, max: 1_000, default: 10 },
    ),
    Control::choice(
        "arrivals",
        "Arrivals",
        "All at once is a closed loop: the limit says when the next is sent. At a rate is an open loop: requests are due \
         whatever has become of those before.",
        &[Choice::new("at-once", "All at once"), Choice::new("rate", "At a rate")],
    ),
    Control::new(
        "rate",
        "Rate",
        "How many are due in each second.",
        ControlKind::Number { unit: "/s", min: 0.1, max: 1_000.0, step: 1.0, default: 20.0 },
    )
    .only_if(|settings| settings.choice("arrivals") == "rate"),
    Control::count("limit", "Limit", "How many are under way at once; 0 is no limit.", 5_000, 8),
    Control::new(
        "timeout",
        "Timeout",
        "A request that has no reply by then is aborted. The guide's own is 10 s.",
        ControlKind::Number { unit: "ms", min: 1.0, max: 60_000.0, step: 100.0, default: 2_000.0 },
    ),
    Control::count("retries", "Retries", "How many attempts may follow the first, after pauses that grow.", 10, 2),
    Control::switch("one-by-one", "One by one", "Sends the same requests one after the other first, to compare.", true),
    Control::count(
        "sweep",
        "Sweep up to",
        "Sends batches with 1, 2, 4, … requests at once, up to so many; 0 is no sweep.",
        1_024,
        0,
    ),
    Control::millis("latency", "Latency", "How long it works on a request at least.", 60.0)
        .with_heading("The model server")
        .only_if(is_embedded),
    Control::millis("spread", "Spread", "Up to how much longer, drawn for each request.", 40.0).only_if(is_embedded),
    Control::count("capacity", "Capacity", "How many it works on at once, the others queue; 0 is no limit.", 1_000, 8)
        .only_if(is_embedded),
    Control::new(
        "failure-rate",
        "Failure rate",
        "How likely an inference fails.",
        ControlKind::Number { unit: "", min: 0.0, max: 1.0, step: 0.05, default: 0.05 },
    )
    .only_if(is_embedded),
    Control::choice(
        "faults",
        "Faults",
        "How it fails.",
        &[
            Choice::new("errors", "500 and 503"),
            Choice::new("busy", "429, come again in 1 s"),
            Choice::new("hangs", "Never answers"),
            Choice::new("garbage", "Broken JSON"),
            Choice::new("all", "All kinds"),
        ],
    )
    .only_if(is_embedded),
];
