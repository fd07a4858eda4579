//! The client of an inference endpoint that speaks the Open Inference Protocol v2: the `ClientSession` of the page.
//!
//! A request takes as long as it takes: a deadline is put around it by whoever asks
//! ([`Run::timeout`](crate::runtime::Run::timeout)), as is another try. Dropping a request aborts it, whatever it waits
//! for.

use std::fmt;

use inference::protocol::{
    DecodeError, ErrorBody, InferRequest, InferResponse, ModelMetadata, ServerMetadata, decode, encode,
};
use serde::de::DeserializeOwned;

use crate::endpoint::transport::{OnVirtualClock, Reply, Request, Transport};
use crate::endpoint::{BaseUrl, EndpointError, FetchError, retry_after};
use crate::runtime::Run;

/// No reply may be larger: it is read into memory, and JSON takes several times as much.
pub const MOST_BYTES: usize = 16_000_000;

/// A connection to an endpoint, shared by all requests to it.
pub struct Client {
    base: BaseUrl,
    transport: Box<dyn Transport>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the endpoint at `base`. On a run's virtual clock the model server's own logic answers below `api/`,
    /// and nobody elsewhere.
    #[must_use]
    pub fn new(run: &Run, base: BaseUrl) -> Self {
        #[cfg(target_arch = "wasm32")]
        if run.is_in_browser() {
            return Self::over(crate::endpoint::fetch::Browser, base);
        }
        Self::over(OnVirtualClock::start(run), base)
    }

    /// A client whose requests go this way.
    #[must_use]
    pub fn over(transport: impl Transport + 'static, base: BaseUrl) -> Self {
        Self { base, transport: Box::new(transport) }
    }

    /// Who the server is.
    ///
    /// # Errors
    ///
    /// Why it does not say, by cause.
    pub async fn server(&self) -> Result<ServerMetadata, EndpointError> {
        self.get(&["v2"]).await
    }

    /// What a model takes and what it gives.
    ///
    /// # Errors
    ///
    /// Why the server does not say, by cause.
    pub async fn model(&self, name: &str) -> Result<ModelMetadata, EndpointError> {
        self.get(&["v2", "models", name]).await
    }

    /// What a model makes of the inputs.
    ///
    /// # Errors
    ///
    /// Why there is no result, by cause.
    pub async fn infer(&self, model: &str, request: &InferRequest) -> Result<InferResponse, EndpointError> {
        let url = self.base.join(&["v2", "models", model, "infer"]);
        self.ask(Request { url, body: Some(encode(request)) }).await
    }

    /// A better word for an error that a browser tells without its reason: whether nobody is there, or somebody whose
    /// replies the page may not read. It asks once more.
    pub async fn explain(&self, error: EndpointError) -> EndpointError {
        match error {
            EndpointError::Fetch(FetchError::Unreachable { url }) if url.contains("://") => {
                if self.transport.is_anybody_there(self.base.join(&["v2"])).await {
                    EndpointError::BlockedByCors { url }
                } else {
                    EndpointError::Fetch(FetchError::Unreachable { url })
                }
            }
            other => other,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, EndpointError> {
        self.ask(Request { url: self.base.join(path), body: None }).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, EndpointError> {
        if self.transport.is_from_https() && self.base.is_refused_from_https() {
            return Err(EndpointError::MixedContent { url: request.url });
        }
        let url = request.url.clone();
        let reply = self.transport.send(request, MOST_BYTES).await?;
        if !(200..300).contains(&reply.status) {
            return Err(self.refusal(&reply));
        }
        decode(&reply.body).map_err(|error| match error {
            // Not every browser tells that a connection was closed before the end.
            DecodeError::NotJson(_) if is_short(&reply) => FetchError::BrokenOff { url }.into(),
            error => EndpointError::from_decode_error(&error, is_html(&reply)),
        })
    }

    fn refusal(&self, reply: &Reply) -> EndpointError {
        let message: Result<ErrorBody, DecodeError> = decode(&reply.body);
        let retry_after = reply.retry_after.as_deref();
        let retry_after = retry_after.and_then(|text| retry_after::parse(text, self.transport.now()));
        EndpointError::from_status(reply.status, message.ok().map(|body| body.error), retry_after)
    }
}

fn is_short(reply: &Reply) -> bool {
    reply.announced_bytes.is_some_and(|bytes| reply.body.len() < bytes)
}

fn is_html(reply: &Reply) -> bool {
    let says_so = reply.content_type.as_deref().is_some_and(|it| it.to_ascii_lowercase().contains("html"));
    says_so || reply.body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests;
