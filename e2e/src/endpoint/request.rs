//! Reading a request.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::host::{method_and_path, read_head};

/// A request that the endpoint has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// The method: usually `GET`, `POST` or `OPTIONS`.
    pub method: String,
    /// The path as it was sent, with the slash at its start, without the query.
    pub path: String,
    /// The body. Empty if there is none.
    pub body: String,
}

impl ReceivedRequest {
    /// Reads a whole request. Returns `None` if the client closes the connection first, or does not send a valid
    /// request.
    pub(super) async fn read(reader: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let head = read_head(reader).await?;
        let (method, path) = method_and_path(&head)?;
        let mut body = vec![0; content_length(&head)];
        reader.read_exact(&mut body).await.ok()?;
        let body = String::from_utf8(body).ok()?;
        Some(Self { method: method.to_owned(), path: path.to_owned(), body })
    }

    pub(super) fn is_infer(&self) -> bool {
        self.method == "POST" && self.path.ends_with("/infer")
    }
}

fn content_length(head: &str) -> usize {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, length)| length.trim().parse().ok()).unwrap_or_default()
}
