//! Sending an answer, with the headers that the behaviour adds to all answers.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::behaviour::{Behaviour, Cors};
use super::response::Response;
use crate::host::status_line;

/// The part of a flood that is given to the system at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// The answer to a preflight. A browser may not cache it, because behaviours change.
const ALLOWED: &str = "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n\
    Access-Control-Allow-Headers: content-type\r\nAccess-Control-Max-Age: 0\r\n";

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

    /// Answers a preflight, by which a browser asks what the page may do.
    pub async fn preflight(&mut self) -> io::Result<()> {
        match self.behaviour.cors {
            Cors::Open => self.head(204, ALLOWED).await?,
            Cors::NoPreflight | Cors::Closed => self.head(405, "Content-Length: 0\r\n").await?,
        }
        self.writer.shutdown().await
    }

    pub async fn send(&mut self, reply: &Response) -> io::Result<()> {
        self.send_head(reply).await?;
        self.body(&reply.body).await?;
        self.writer.shutdown().await
    }

    /// Sends the length of the whole body, but closes the connection after half of it.
    pub async fn send_half(&mut self, reply: &Response) -> io::Result<()> {
        self.send_head(reply).await?;
        self.body(&reply.body[..reply.body.len() / 2]).await?;
        self.writer.shutdown().await
    }

    pub async fn send_head(&mut self, reply: &Response) -> io::Result<()> {
        self.head(reply.status, &reply.headers()).await
    }

    /// Sends an array of zeros that is cut off after a number of bytes.
    pub async fn flood(&mut self, bytes: u64, is_announced: bool) -> io::Result<()> {
        let length = if is_announced { format!("Content-Length: {bytes}\r\n") } else { String::new() };
        self.head(200, &format!("Content-Type: application/json\r\n{length}")).await?;
        let (start, zeros) = (b"[0".to_vec(), b",0".repeat(CHUNK_BYTES / 2));
        let mut left = bytes;
        let mut next = &start;
        while left > 0 {
            let part = usize::try_from(left).map_or(next.len(), |left| left.min(next.len()));
            self.body(&next[..part]).await?;
            left -= part as u64;
            next = &zeros;
        }
        self.writer.shutdown().await
    }

    async fn head(&mut self, status: u16, headers: &str) -> io::Result<()> {
        let origin = if self.behaviour.cors == Cors::Closed { "" } else { "Access-Control-Allow-Origin: *\r\n" };
        let exposed =
            if self.behaviour.exposes_retry_after { "Access-Control-Expose-Headers: retry-after\r\n" } else { "" };
        let head = format!(
            "{}{headers}{origin}{exposed}Cache-Control: no-store\r\nConnection: close\r\n\r\n",
            status_line(status),
        );
        self.writer.write_all(head.as_bytes()).await
    }

    async fn body(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.bytes_sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
