//! [`Client`]: an endpoint that speaks the Open Inference Protocol v2, as a few async functions.
//!
//! A request has no deadline of its own: the caller adds one with [`Run::timeout`](crate::runtime::Run::timeout), and
//! retries with [`Run::retry`](crate::runtime::Run::retry). Dropping the future of a request aborts it.

use inference::protocol::{
    DecodeError, InferRequest, InferResponse, ListedModel, ModelMetadata, ModelNames, ServerMetadata, decode, encode,
};
use serde::de::DeserializeOwned;

use crate::endpoint::http::{self, BaseUrl, HttpError, Request, Response};
use crate::endpoint::network;
use crate::endpoint::oip::OipError;
use crate::endpoint::oip::message::{is_html, message, reported_error};
use crate::runtime::Run;

/// The largest response. It is read into memory, where parsed JSON takes several times as much.
pub const MAX_BYTES: usize = 16_000_000;

/// The part of an error's body that is read.
const MAX_ERROR_BYTES: usize = 64_000;

/// A client of one endpoint, shared by all requests to it.
#[derive(Debug)]
pub struct Client {
    http: http::Client,
    base: BaseUrl,
}

impl Client {
    /// A client of the endpoint at `base`, through the run's [`network`].
    #[must_use]
    pub fn new(run: &Run, base: BaseUrl) -> Self {
        Self::with_http(network::http_client(run), base)
    }

    /// A client of the endpoint at `base`, through this HTTP client.
    #[must_use]
    pub fn with_http(http: http::Client, base: BaseUrl) -> Self {
        Self { http, base }
    }

    /// The name and version of the server.
    ///
    /// # Errors
    ///
    /// The reason the server does not say.
    pub async fn server(&self) -> Result<ServerMetadata, OipError> {
        self.get(&["v2"]).await
    }

    /// The names of the server's models, without duplicates: those that are ready, or all of them if none is.
    ///
    /// # Errors
    ///
    /// The reason the server does not list them. The protocol does not require it.
    pub async fn models(&self) -> Result<Vec<String>, OipError> {
        let index = Request::post_json(self.base.join(&["v2", "repository", "index"]), "{}");
        let listed: Vec<ListedModel> = match self.request(index).await {
            Ok(listed) => listed,
            // KServe has another address for it.
            Err(error) => {
                let ModelNames { models } = self.get(&["v2", "models"]).await.map_err(|_| error)?;
                models.into_iter().map(|name| ListedModel { name, state: String::new() }).collect()
            }
        };
        let any_is_ready = listed.iter().any(ListedModel::is_ready);
        let mut names = Vec::new();
        // Each version of a model has an entry of its own.
        for model in listed.into_iter().filter(|model| model.is_ready() || !any_is_ready) {
            if !names.contains(&model.name) {
                names.push(model.name);
            }
        }
        Ok(names)
    }

    /// The inputs and outputs of a model.
    ///
    /// # Errors
    ///
    /// The reason the server does not say.
    pub async fn model(&self, name: &str) -> Result<ModelMetadata, OipError> {
        self.get(&["v2", "models", name]).await
    }

    /// The outputs of a model for these inputs.
    ///
    /// # Errors
    ///
    /// The reason there is no result.
    pub async fn infer(&self, model: &str, request: &InferRequest) -> Result<InferResponse, OipError> {
        let url = self.base.join(&["v2", "models", model, "infer"]);
        self.request(Request::post_json(url, encode(request))).await
    }

    /// Waits for the whole response to a request for a model's metadata, and returns its status. With `has_preflight`, the
    /// request has headers for which a browser asks servers of other origins for permission, as it does before an inference.
    ///
    /// # Errors
    ///
    /// The reason there is no response.
    pub async fn probe(&self, model: &str, has_preflight: bool) -> Result<u16, OipError> {
        // Chrome keeps no permission for requests whose response must not come from the cache.
        let request = Request { may_come_from_cache: true, ..Request::get(self.base.join(&["v2", "models", model])) };
        let response = match has_preflight {
            true => self.http.send(request.with_header("content-type", "application/json")).await?,
            false => self.http.send_without_own_headers(request).await?,
        };
        let status = response.status;
        response.body.bytes(MAX_BYTES).await?;
        Ok(status)
    }

    /// Finds the cause of an error for which a browser does not name it, by one more request: see
    /// [`http::Client::explain`].
    pub async fn explain(&self, error: OipError) -> OipError {
        match error {
            OipError::Http(error) => self.http.explain(error, self.base.join(&["v2"])).await.into(),
            other => other,
        }
    }

    /// If the browser asks the reader before the first request to this endpoint, waits for the answer.
    pub async fn let_browser_ask(&self) {
        self.http.let_browser_ask(self.base.join(&["v2"])).await;
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, OipError> {
        self.request(Request::get(self.base.join(path))).await
    }

    async fn request<T: DeserializeOwned>(&self, request: Request) -> Result<T, OipError> {
        let url = request.url.clone();
        let response = self.http.send(request).await?;
        if !response.is_success() {
            return Err(self.error_from(response, &url).await);
        }
        let (headers, announced_bytes) = (response.headers, response.body.announced_bytes());
        let body = response.body.bytes(MAX_BYTES).await?;
        if let Some(message) = reported_error(&body) {
            return Err(OipError::from_reported_error(self.http.masked(message, &url)));
        }
        decode(&body).map_err(|error| match error {
            // Not every browser reports that a connection was closed before the end. A complete body can also be shorter
            // than its announced length, if it was compressed.
            DecodeError::NotJson(cause)
                if cause.is_eof() && announced_bytes.is_some_and(|bytes| body.len() < bytes) =>
            {
                HttpError::ConnectionLost { url }.into()
            }
            error => {
                let is_declared =
                    headers.get("content-type").is_some_and(|it| it.to_ascii_lowercase().contains("html"));
                OipError::from_decode_error(&error, is_declared || is_html(&String::from_utf8_lossy(&body)), |text| {
                    self.http.masked(text, &url)
                })
            }
        })
    }

    /// The error in a response whose status is not a success.
    async fn error_from(&self, response: Response, url: &str) -> OipError {
        let Response { status, headers, body } = response;
        let body = body.beginning(MAX_ERROR_BYTES).await;
        let message = message(&body).map(|message| self.http.masked(message, url));
        OipError::from_status(status, message, self.http.retry_after(&headers))
    }
}

#[cfg(test)]
mod mutated;
#[cfg(test)]
mod tests;
