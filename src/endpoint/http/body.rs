//! [`Body`]: the body of a response, read whole up to a limit, or chunk by chunk.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::LocalBoxStream;
use futures::{Stream, StreamExt};

use crate::endpoint::http::HttpError;

/// A body that may still be on its way. Dropping it aborts the request.
#[must_use = "dropping a body aborts the request"]
pub struct Body {
    url: String,
    announced_bytes: Option<usize>,
    chunks: Chunks,
}

impl Body {
    /// A body of these chunks. Dropping the stream must abort the request.
    ///
    /// `announced_bytes` is the server's `content-length`. For a compressed body that is the compressed length.
    pub fn new(
        url: impl Into<String>,
        announced_bytes: Option<usize>,
        chunks: impl Stream<Item = Result<Vec<u8>, HttpError>> + 'static,
    ) -> Self {
        Self { url: url.into(), announced_bytes, chunks: Chunks { rest: Some(chunks.boxed_local()) } }
    }

    /// The length that the server announced. For a compressed body that is the compressed length.
    #[must_use]
    pub fn announced_bytes(&self) -> Option<usize> {
        self.announced_bytes
    }

    /// Reads the whole body into memory.
    ///
    /// # Errors
    ///
    /// [`HttpError::TooLarge`] as soon as the body is known to be larger than the limit: reading stops and the request
    /// is aborted. Otherwise the reason the body did not arrive.
    pub async fn bytes(mut self, limit_bytes: usize) -> Result<Vec<u8>, HttpError> {
        let too_large = |url, size_bytes| HttpError::TooLarge { url, limit_bytes, size_bytes };
        if let Some(size_bytes) = self.announced_bytes.filter(|bytes| *bytes > limit_bytes) {
            return Err(too_large(self.url, size_bytes));
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.chunks.next().await {
            let chunk = chunk?;
            let size_bytes = body.len() + chunk.len();
            if size_bytes > limit_bytes {
                return Err(too_large(self.url, size_bytes));
            }
            body.extend(chunk);
        }
        Ok(body)
    }

    /// Reads at most this number of bytes, and aborts the request after them. If the connection is lost before that,
    /// returns what has arrived.
    pub async fn beginning(mut self, limit_bytes: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < limit_bytes
            && let Some(Ok(chunk)) = self.chunks.next().await
        {
            body.extend(chunk);
        }
        body.truncate(limit_bytes);
        body
    }

    /// Like [`Body::bytes`], but decodes UTF-8.
    ///
    /// # Errors
    ///
    /// Those of [`Body::bytes`]. Returns [`HttpError::InvalidUtf8`] if the body is not UTF-8.
    pub async fn text(self, limit_bytes: usize) -> Result<String, HttpError> {
        let url = self.url.clone();
        let bytes = self.bytes(limit_bytes).await?;
        String::from_utf8(bytes).map_err(|error| HttpError::InvalidUtf8 { url, at: error.utf8_error().valid_up_to() })
    }

    /// The chunks of the body, in the sizes in which they arrive.
    pub fn chunks(self) -> Chunks {
        self.chunks
    }

    /// The same body with its stream of chunks replaced by another that is made from it.
    pub fn map_chunks<S>(self, map: impl FnOnce(Chunks) -> S) -> Self
    where
        S: Stream<Item = Result<Vec<u8>, HttpError>> + 'static,
    {
        Self::new(self.url, self.announced_bytes, map(self.chunks))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Body");
        debug.field("url", &self.url).field("announced_bytes", &self.announced_bytes).finish_non_exhaustive()
    }
}

/// The chunks of a body, as a stream that ends after the last chunk or after the first error. Dropping it aborts the
/// request.
#[must_use = "dropping the chunks aborts the request"]
pub struct Chunks {
    // None after the end.
    rest: Option<LocalBoxStream<'static, Result<Vec<u8>, HttpError>>>,
}

impl Stream for Chunks {
    type Item = Result<Vec<u8>, HttpError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let next = std::task::ready!(rest.poll_next_unpin(context));
        if !matches!(next, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(next)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").field("has_ended", &self.rest.is_none()).finish()
    }
}
