//! Sends responses, with the headers that the behaviour adds to all of them.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use super::behaviour::{Behaviour, Cors};
use super::response::Response;
use crate::host::status_line;

/// Bytes per write.
const CHUNK_BYTES: usize = 16 * 1024;

/// The headers of the response to a CORS preflight, besides the time for which it may be cached.
const PREFLIGHT_HEADERS: &str =
    "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\nAccess-Control-Allow-Headers: content-type, authorization\r\n";

/// The client's end of a connection.
pub(super) struct ResponseWriter<'a, W> {
    writer: W,
    behaviour: &'a Behaviour,
    bytes_sent: &'a AtomicU64,
}

impl<'a, W: AsyncWrite + Unpin> ResponseWriter<'a, W> {
    pub fn new(writer: W, behaviour: &'a Behaviour, bytes_sent: &'a AtomicU64) -> Self {
        Self { writer, behaviour, bytes_sent }
    }

    /// Answers a CORS preflight request.
    pub async fn preflight(&mut self) -> io::Result<()> {
        sleep(self.behaviour.preflight_latency).await;
        match self.behaviour.cors {
            Cors::Open => {
                let max_age_s = self.behaviour.preflight_max_age_s;
                let headers = format!("{PREFLIGHT_HEADERS}Access-Control-Max-Age: {max_age_s}\r\n");
                self.write_head(204, &headers).await?;
            }
            Cors::NoPreflight | Cors::Closed => self.write_head(405, "Content-Length: 0\r\n").await?,
        }
        self.writer.shutdown().await
    }

    pub async fn send(&mut self, response: &Response) -> io::Result<()> {
        self.send_head(response).await?;
        self.write_body(&response.body).await?;
        self.writer.shutdown().await
    }

    /// Sends the length of the whole body, but closes the connection after half of it.
    pub async fn send_half(&mut self, response: &Response) -> io::Result<()> {
        self.send_head(response).await?;
        self.write_body(&response.body[..response.body.len() / 2]).await?;
        self.writer.shutdown().await
    }

    pub async fn send_head(&mut self, response: &Response) -> io::Result<()> {
        self.write_head(response.status, &response.headers()).await
    }

    /// Sends the beginning of a JSON array of zeros, `bytes` long, with or without `Content-Length`.
    pub async fn send_endless_array(&mut self, bytes: u64, has_content_length: bool) -> io::Result<()> {
        let length = if has_content_length { format!("Content-Length: {bytes}\r\n") } else { String::new() };
        self.write_head(200, &format!("Content-Type: application/json\r\n{length}")).await?;
        let (start, zeros) = (b"[0".to_vec(), b",0".repeat(CHUNK_BYTES / 2));
        let mut left = bytes;
        let mut next = &start;
        // Each iteration writes at most `CHUNK_BYTES`.
        while left > 0 {
            let part = usize::try_from(left).map_or(next.len(), |left| left.min(next.len()));
            self.write_body(&next[..part]).await?;
            left -= part as u64;
            next = &zeros;
        }
        self.writer.shutdown().await
    }

    async fn write_head(&mut self, status: u16, headers: &str) -> io::Result<()> {
        let origin = if self.behaviour.cors == Cors::Closed { "" } else { "Access-Control-Allow-Origin: *\r\n" };
        let exposed =
            if self.behaviour.exposes_retry_after { "Access-Control-Expose-Headers: retry-after\r\n" } else { "" };
        let head = format!(
            "{}{headers}{origin}{exposed}Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            status_line(status),
        );
        self.writer.write_all(head.as_bytes()).await
    }

    async fn write_body(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.bytes_sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
