//! Part 4 of the guide: many concurrent requests to an inference endpoint.
//!
//! You see the effect of a limit, a timeout and retries on real requests, and that every request has its own outcome.
//! You see that latency from send hides the time that requests spend in the page's own queue. A sweep finds how many
//! concurrent requests make sense for the endpoint.

mod connection;
mod entered;
mod findings;
mod inputs;
mod plan;
mod preflights;
mod verdict;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use inference::protocol::{InferResponse, ModelMetadata};

use crate::endpoint::model_server;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::exercise::{ConnectionFuture, ConnectionReport, ConnectionTest, Failure, Preset};
use crate::exercises::prelude::*;
use crate::measure::requests::Timing;
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::runtime::{Limit, RetryError, RetryPolicy, join_all};

use findings::{Call, Findings};
use inputs::Inputs;
use plan::{Arrivals, Plan};

/// The name of a task contains at most this many characters of a model's name.
const NAME_CHARS: usize = 40;

/// The longest attempt to warm up. The connection and the permission are there long before that, even if the model is slow.
const WARM_UP_LIMIT: Duration = Duration::from_secs(2);

/// Fetches the names, types and shapes of a model's inputs and outputs. A timeout drops the request, which aborts it.
async fn fetch_model_metadata(run: &Run, client: &Client, plan: &Plan, model: &str) -> Result<ModelMetadata, OipError> {
    run.timeout(plan.timeout, client.model(model)).await?
}

/// Fetches the metadata of all models concurrently. Each model has its own result: one that is missing does not affect
/// the others.
async fn fetch_multiple_models(run: &Run, client: &Client, plan: &Plan) -> Vec<Result<ModelMetadata, OipError>> {
    let fetch = |model| {
        let name = format!("fetch_model_metadata {}", units::shortened(model, NAME_CHARS));
        run.try_task(name, fetch_model_metadata(run, client, plan, model))
    };
    join_all(run, plan.models.iter().map(|model| fetch(model))).await
}

/// The parts that all requests share.
struct Session<'a> {
    run: &'a Run,
    client: &'a Client,
    plan: &'a Plan,
    inputs: &'a Inputs,
    retries: &'a RetryPolicy<OipError>,
}

impl Session<'_> {
    /// Makes one attempt: sends a batch of inputs, and waits for the response until the timeout.
    async fn attempt(&self, id: String, n: u32, sent: &Cell<Option<Duration>>) -> Result<InferResponse, OipError> {
        let request = self.inputs.request(self.run, n, id);
        sent.set(Some(self.run.now()));
        self.run.timeout(self.plan.timeout, self.client.infer(self.plan.model(), &request)).await?
    }

    /// Makes one request, with retries. It always returns a [`Call`], so an error never affects the other requests.
    async fn infer(&self, limit: &Limit, key: &str, n: u32, due: Duration) -> Call {
        let sent = Cell::new(None);
        let failed = RefCell::new(Vec::new());
        let attempt = async |attempt| {
            // Each attempt has its own id, so that a server that derives random values from it derives new ones.
            let response = self.attempt(format!("{key}{n}/{attempt}"), n, &sent).await;
            // Only the labels of a response are kept, because there may be thousands of responses.
            let labels = response.map(|response| self.inputs.labels(&response));
            labels.inspect_err(|error| failed.borrow_mut().push(error.clone()))
        };
        let request = self.run.try_task(("infer", n), async {
            // One permit for all attempts, so that a retry does not go back to the end of the queue.
            let _permit = limit.acquire().await;
            self.run.retry(format_args!("infer {key}{n}"), self.retries, attempt).await
        });
        let result = request.await.map_err(|RetryError { last, .. }| last);
        Call::new(n, due, sent.get(), self.run.now(), failed.into_inner(), result)
    }

    /// Makes a request that is not counted. Before the first request to another origin, the browser opens a connection and
    /// asks for permission with a preflight, which takes about as long as a request. If the endpoint asks for a pause, the
    /// measured requests must not ignore it, so it is repeated like them.
    async fn warm_up(&self) {
        let is_transient = |error: &OipError| !matches!(error, OipError::TimedOut(_)) && error.is_transient();
        let sent = Cell::new(None);
        let attempt = async |attempt| {
            let response = self.attempt(format!("warm-up/{attempt}"), 0, &sent);
            self.run.timeout(WARM_UP_LIMIT, response).await.unwrap_or_else(|timed_out| Err(timed_out.into()))
        };
        let policy = RetryPolicy { is_transient, ..*self.retries };
        let text = match self.run.retry("warm-up", &policy, attempt).await {
            Ok(_) => "warmed up".to_owned(),
            Err(RetryError { last, .. }) => format!("the warm-up failed: {last}"),
        };
        self.run.log(Level::Info, text);
    }

    /// Makes one request after the other, so their latencies add up.
    async fn one_by_one(&self) -> Vec<Call> {
        let limit = self.run.limit(None);
        let mut calls = Vec::new();
        for n in 0..self.plan.requests {
            calls.push(self.infer(&limit, "", n, self.run.now()).await);
        }
        calls
    }

    /// Makes all requests concurrently, with at most `limit` in flight while the rest queue. All of them are due now.
    async fn batch_inference_api(&self, key: &str, requests: u32, limit: Option<NonZeroUsize>) -> Vec<Call> {
        let (limit, due) = (self.run.limit(limit), self.run.now());
        join_all(self.run, (0..requests).map(|n| self.infer(&limit, key, n, due))).await
    }

    /// Makes requests that are due at fixed intervals, whether or not earlier ones have ended.
    async fn inference_at_a_rate(&self, interval: Duration) -> Vec<Call> {
        let (limit, start) = (self.run.limit(self.plan.limit), self.run.now());
        let requests = (0..self.plan.requests).map(async |n| {
            let due = start + interval * n;
            self.run.sleep(due.saturating_sub(self.run.now())).await;
            self.infer(&limit, "", n, due).await
        });
        join_all(self.run, requests).await
    }

    /// Measures the endpoint with 1, 2, 4, … requests in flight, up to `max`. Each level is visited several times, up
    /// and down, so that a change of the endpoint in between shows. There are no retries, because their pauses would make
    /// the endpoint look slower than it is.
    async fn concurrency_sweep(&self, max: u32) -> Sweep {
        let no_retries = RetryPolicy { retries: 0, ..*self.retries };
        let session = Session { retries: &no_retries, ..*self };
        let concurrencies: Vec<u32> = (0..32).map(|power| 1 << power).take_while(|n| *n <= max).collect();
        let mut visits = vec![Vec::new(); concurrencies.len()];
        for n in 1..=plan::VISITS {
            let mut order: Vec<_> = (0..concurrencies.len()).collect();
            if n % 2 == 0 {
                order.reverse();
            }
            for level in order {
                visits[level].push(session.visit(concurrencies[level], n).await);
            }
            self.run.log(Level::Info, format!("sweep: round {n} of {} has ended", plan::VISITS));
        }
        let levels =
            concurrencies.iter().zip(&visits).map(|(concurrency, visits)| LoadLevel::from_visits(*concurrency, visits));
        let sweep = Sweep::new(levels.collect());
        sweep.levels().iter().for_each(|level| self.run.log(Level::Info, findings::level_in_words(level)));
        sweep
    }

    /// Keeps this number of requests in flight: for the time of a visit, after a first round that only warms up.
    async fn visit(&self, concurrency: u32, number: u32) -> Vec<Timing> {
        let key = format!("sweep {concurrency}.{number}/");
        let (time, [least, most]) = (self.plan.visit_time, self.plan.requests_of_visit(concurrency));
        let unlimited = self.run.limit(None);
        let (sent, warm_at) = (Cell::new(0), Cell::new(None));
        let timings = RefCell::new(Vec::new());
        let is_over = || {
            // The last one to end is not counted, because it was not replaced.
            let measured = timings.borrow().len().saturating_sub(concurrency as usize);
            let is_long_enough = warm_at.get().is_some_and(|at| self.run.now() - at >= time);
            measured > most || measured > least && is_long_enough
        };
        let clients = (0..concurrency).map(async |_| {
            loop {
                let n = sent.replace(sent.get() + 1);
                let call = self.infer(&unlimited, &key, n, self.run.now()).await;
                timings.borrow_mut().push(call.timing);
                if timings.borrow().len() == concurrency as usize {
                    warm_at.set(Some(self.run.now()));
                }
                if is_over() {
                    break;
                }
            }
        });
        join_all(self.run, clients).await;
        timings.into_inner()
    }
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_api_calls(run: &Run, site: &Site, plan: &mut Plan) -> Result<Findings, Failure> {
    let client = Client::new(run, plan.metadata_url.clone());
    client.let_browser_ask().await;
    let entered = Inputs::entered(plan)?;
    if plan.models.is_empty() {
        plan.models = run.task("list_models", connection::listed_models(run, &client, plan)).await?;
    }
    let plan = &*plan;
    let models = run.task("fetch_multiple_models", fetch_multiple_models(run, &client, plan)).await;
    let inputs = match (entered, models.first()) {
        (Some(entered), _) => entered,
        (None, Some(Ok(metadata))) => Inputs::for_model(run, site, metadata, plan).await?,
        (None, Some(Err(error))) => return Err(connection::failure(run, &client, plan, error.clone()).await),
        (None, None) => return Err(connection::no_model()),
    };
    let client = Client::new(run, plan.inference_url.clone());
    let session = Session { run, client: &client, plan, inputs: &inputs, retries: &plan.retries };

    let mut preflight = None;
    if !plan.is_embedded && plan.sends_inference() {
        run.task("warm_up", session.warm_up()).await;
        preflight = run.task("time_preflights", preflights::added_time(run, &client, plan.model())).await;
    }
    if plan.has_one_by_one {
        run.log(Level::Info, "requests one by one");
        run.task("one_by_one", session.one_by_one()).await;
    }
    let calls = match plan.arrivals {
        Arrivals::AtOnce => {
            run.log(Level::Info, "concurrent requests, all due now");
            let batch = session.batch_inference_api("", plan.requests, plan.limit);
            run.task("batch_inference_api", batch).await
        }
        Arrivals::Every(interval) => {
            run.log(Level::Info, "requests due at fixed intervals");
            run.task("inference_at_a_rate", session.inference_at_a_rate(interval)).await
        }
    };
    let sweep = match plan.sweep_max {
        0 => None,
        max => Some(run.task("concurrency_sweep", session.concurrency_sweep(max)).await),
    };
    Ok(Findings { models, calls, sweep, inputs, preflight })
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-api-calls", 4, "API calls")
    .teaches(
        "Concurrent requests save time up to the capacity of the endpoint. Beyond that, they only wait for each other.",
    )
    .with_controls(plan::CONTROLS)
    .with_main_controls(&["endpoint", "requests", "limit"])
    .with_presets(&[
        Preset::new("Find the knee", "latency=100&spread=0&capacity=8&failure-rate=0&sweep=16&one-by-one=off"),
        Preset::new(
            "Coordinated omission",
            "arrivals=rate&rate=100&limit=1&latency=50&spread=0&failure-rate=0&requests=100&batch-size=1\
             &one-by-one=off",
        ),
        Preset::new(
            "An endpoint that fails",
            "failure-rate=0.3&faults=all&requests=50&timeout=500&retries=3&one-by-one=off",
        ),
        Preset::new(
            "500 requests at once",
            "requests=500&batch-size=1&limit=0&capacity=0&timeout=10000&one-by-one=off",
        ),
    ])
    .with_comparisons(&[
        Comparison::race(
            "The same requests, one by one and concurrently",
            &[
                Bar::new("one_by_one", "One by one").only_if(|settings| settings.is_on("one-by-one")),
                Bar::new("batch_inference_api", "Concurrent")
                    .only_if(|settings| settings.choice("arrivals") == "at-once"),
                Bar::new("inference_at_a_rate", "At a rate").only_if(|settings| settings.choice("arrivals") == "rate"),
            ],
        ),
        Comparison::new(
            "Other requests",
            &[
                Bar::new("fetch_multiple_models", "Metadata"),
                Bar::new("concurrency_sweep", "Sweep").only_if(|settings| settings.count("sweep") > 0),
            ],
        ),
    ])
    .with_connection_test(ConnectionTest {
        send: |run, settings| Box::pin(async { reached::reach(run, settings, true).await?.await }),
        cache_key: plan::cache_key,
        address: plan::address,
        is_automatic: plan::is_embedded,
    })
    .with_question(plan::question)
    .with_python_requirement("the library aiohttp")
    .runs(code!(run in io))
    .prepared_by(|run, settings| Box::pin(async { reached::reach(run, settings, false).await?.await.map(drop) }));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let mut plan = Plan::new(&settings, &run);
    let done = async_api_calls(&run, &site, &mut plan).await?;
    Ok(done.report(&run, &plan))
}

lazy!(mod reached in io: reach(run: Run, settings: Settings, is_test: bool) -> ConnectionFuture);

/// Starts the page's own model server if the settings select it. Then tests the connection if `is_test`.
fn reach(run: Run, settings: Settings, is_test: bool) -> ConnectionFuture {
    Box::pin(async move {
        let mut plan = Plan::new(&settings, &run);
        if plan.is_embedded {
            model_server::start().await?;
        }
        if is_test { connection::test(&run, &mut plan).await } else { Ok(ConnectionReport::default()) }
    })
}
