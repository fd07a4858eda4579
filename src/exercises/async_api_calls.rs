//! Part 4 of the guide: asking an inference endpoint, many requests at once.
//!
//! You see what a limit, a timeout and retries do to real requests, that each of them ends with an outcome of its own,
//! that a latency counted from the sending hides the queue in front of it, and how many requests at once the endpoint
//! is worth asking.

mod connection;
mod findings;
mod inputs;
mod plan;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use inference::protocol::{InferResponse, ModelMetadata};

use crate::endpoint::model_server;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::exercise::{Connection, ConnectionFuture, ConnectionTest, Failure, Preset};
use crate::exercises::prelude::*;
use crate::measure::requests::Requests;
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::runtime::{Limit, RetryError, RetryPolicy, join_all};

use findings::{Call, Findings};
use inputs::Inputs;
use plan::{Arrivals, Plan};

/// Asks what a model takes and what it gives. A reply that is too late is dropped, and the request with it.
async fn fetch_model_metadata(run: &Run, client: &Client, plan: &Plan, model: &str) -> Result<ModelMetadata, OipError> {
    run.timeout(plan.timeout, client.model(model)).await?
}

/// Asks about all models at once. Each name keeps its own result: a model that is missing takes nothing from the
/// others.
async fn fetch_multiple_models(run: &Run, client: &Client, plan: &Plan) -> Vec<Result<ModelMetadata, OipError>> {
    let fetch = |model| run.try_task("fetch_model_metadata", fetch_model_metadata(run, client, plan, model));
    join_all(run, plan.models.iter().map(|model| fetch(model))).await
}

/// What all requests share: one client, one model, one way to make inputs.
struct Session<'a> {
    run: &'a Run,
    client: &'a Client,
    plan: &'a Plan,
    inputs: &'a Inputs,
    retries: &'a RetryPolicy<OipError>,
}

impl Session<'_> {
    /// One attempt: a batch of inputs, sent and answered before the deadline.
    async fn attempt(&self, id: String, n: u32, sent: &Cell<Option<Duration>>) -> Result<InferResponse, OipError> {
        let request = self.inputs.request(self.run, n, id);
        sent.set(Some(self.run.now()));
        self.run.timeout(self.plan.timeout, self.client.infer(self.plan.model(), &request)).await?
    }

    /// One request with its retries. Whatever happens, it ends as a [`Call`] and never as an error of the whole batch.
    async fn infer(&self, limit: &Limit, key: &str, n: u32, due: Duration) -> Call {
        let sent = Cell::new(None);
        let failed = RefCell::new(Vec::new());
        let attempt = async |attempt| {
            // Another attempt has another id, so that a server which draws by it draws anew.
            let response = self.attempt(format!("{key}{n}/{attempt}"), n, &sent).await;
            // Of a response no more is kept than is needed: there may be thousands.
            let labels = response.map(|response| self.inputs.labels(&response));
            labels.inspect_err(|error| failed.borrow_mut().push(error.clone()))
        };
        let request = self.run.try_task("infer", async {
            // One permit for all attempts: a retry must not stand at the end of the queue again.
            let _permit = limit.acquire().await;
            self.run.retry(format_args!("infer {key}{n}"), self.retries, attempt).await
        });
        let result = request.await.map_err(|RetryError { last, .. }| last);
        Call::new(n, due, sent.get(), self.run.now(), failed.into_inner(), result)
    }

    /// One request after the other: their latencies add up.
    async fn one_by_one(&self) -> Vec<Call> {
        let limit = self.run.limit(None);
        let mut calls = Vec::new();
        for n in 0..self.plan.requests {
            calls.push(self.infer(&limit, "", n, self.run.now()).await);
        }
        calls
    }

    /// All requests at once, or at most so many of them while the rest queue: all of them are due now.
    async fn batch_inference_api(&self, key: &str, requests: u32, most: Option<NonZeroUsize>) -> Vec<Call> {
        let (limit, due) = (self.run.limit(most), self.run.now());
        join_all(self.run, (0..requests).map(|n| self.infer(&limit, key, n, due))).await
    }

    /// Requests that are due at regular times, whatever has become of those before them.
    async fn inference_at_a_rate(&self, interval: Duration) -> Vec<Call> {
        let (limit, start) = (self.run.limit(self.plan.limit), self.run.now());
        let requests = (0..self.plan.requests).map(async |n| {
            let due = start + interval * n;
            self.run.sleep(due.saturating_sub(self.run.now())).await;
            self.infer(&limit, "", n, due).await
        });
        join_all(self.run, requests).await
    }

    /// Batches with 1, 2, 4, … requests at once, each long enough for a percentile. None is tried again: the pauses
    /// would pass for the endpoint's own slowness.
    async fn concurrency_sweep(&self, up_to: u32) -> Sweep {
        let once = RetryPolicy { retries: 0, ..*self.retries };
        let session = Session { retries: &once, ..*self };
        let mut levels = Vec::new();
        for concurrency in (0..32).map(|power| 1 << power).take_while(|n| *n <= up_to) {
            let requests = plan::requests_of_level(concurrency);
            let most = NonZeroUsize::new(concurrency as usize);
            let calls = session.batch_inference_api(&format!("sweep {concurrency}/"), requests, most).await;
            let level = LoadLevel::new(concurrency, &Requests::from_timings(calls.iter().map(|call| call.timing)));
            self.run.log(Level::Info, findings::level_in_words(&level));
            levels.push(level);
        }
        Sweep::new(levels)
    }
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_api_calls(run: &Run, site: &Site, plan: &Plan) -> Result<Findings, Failure> {
    let client = Client::new(run, plan.about.clone());
    let models = run.task("fetch_multiple_models", fetch_multiple_models(run, &client, plan)).await;
    let metadata = match models.first() {
        Some(Ok(metadata)) => metadata,
        Some(Err(error)) => return Err(connection::failure(run, &client, plan, error.clone()).await),
        None => return Err(connection::no_model()),
    };
    let inputs = Inputs::for_model(run, site, metadata, plan).await?;
    let client = Client::new(run, plan.base.clone());
    let session = Session { run, client: &client, plan, inputs: &inputs, retries: &plan.retries };

    if plan.has_one_by_one {
        run.log(Level::Info, "one request after the other");
        run.task("one_by_one", session.one_by_one()).await;
    }
    let calls = match plan.arrivals {
        Arrivals::AtOnce => {
            run.log(Level::Info, "all requests are due now");
            let batch = session.batch_inference_api("", plan.requests, plan.limit);
            run.task("batch_inference_api", batch).await
        }
        Arrivals::Every(interval) => {
            run.log(Level::Info, "a request is due at regular times");
            run.task("inference_at_a_rate", session.inference_at_a_rate(interval)).await
        }
    };
    let sweep = match plan.sweep_to {
        0 => None,
        up_to => Some(run.task("concurrency_sweep", session.concurrency_sweep(up_to)).await),
    };
    Ok(Findings { models, calls, sweep, inputs })
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-api-calls", 4, "API calls")
    .teaches(
        "Many requests at once wait together, up to what the endpoint can take; beyond \
             that they wait for each other.",
    )
    .with_controls(plan::CONTROLS)
    .with_presets(&[
        Preset::new("Find the knee", "latency=100&spread=0&capacity=8&failure-rate=0&sweep=32&one-by-one=off"),
        Preset::new(
            "Coordinated omission",
            "arrivals=rate&rate=100&limit=1&latency=50&spread=0&failure-rate=0&requests=100&batch-size=1\
             &one-by-one=off",
        ),
        Preset::new(
            "An endpoint that fails",
            "failure-rate=0.3&faults=all&requests=50&timeout=500&retries=3&one-by-one=off",
        ),
        Preset::new("500 at once", "requests=500&batch-size=1&limit=0&capacity=0&timeout=10000&one-by-one=off"),
    ])
    .with_comparisons(&[
        Comparison::race(
            "The same requests, one by one and together",
            &[
                Bar::new("one_by_one", "One by one").only_if(|settings| settings.is_on("one-by-one")),
                Bar::new("batch_inference_api", "Together")
                    .only_if(|settings| settings.choice("arrivals") == "at-once"),
                Bar::new("inference_at_a_rate", "At a rate").only_if(|settings| settings.choice("arrivals") == "rate"),
            ],
        ),
        Comparison::new(
            "What else is asked",
            &[
                Bar::new("fetch_multiple_models", "Metadata"),
                Bar::new("concurrency_sweep", "Sweep").only_if(|settings| settings.count("sweep") > 0),
            ],
        ),
    ])
    .with_connection_test(ConnectionTest {
        ask: |run, settings| Box::pin(async { reached::reach(run, settings, true).await?.await }),
        address: plan::address,
        is_automatic: plan::is_embedded,
    })
    .runs(code!(run in api))
    .loaded_by(|run, settings| Box::pin(async { reached::reach(run, settings, false).await?.await.map(drop) }));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let plan = Plan::new(&settings, &run);
    let done = async_api_calls(&run, &site, &plan).await?;
    Ok(done.report(&run, &plan))
}

lazy!(mod reached in api: reach(run: Run, settings: Settings, asks: bool) -> ConnectionFuture);

/// Starts the page's own model server if that is the endpoint; and asks the endpoint what it is, if that is wanted.
fn reach(run: Run, settings: Settings, asks: bool) -> ConnectionFuture {
    Box::pin(async move {
        let plan = Plan::new(&settings, &run);
        if plan.is_embedded {
            model_server::start().await?;
        }
        if asks { connection::test(&run, &plan).await } else { Ok(Connection::default()) }
    })
}
