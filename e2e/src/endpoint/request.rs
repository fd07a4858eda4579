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
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The body. Empty if there is none.
    pub body: String,
}

/// The kinds of requests that a behaviour tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Metadata,
    Index,
    Infer,
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
        let authorization = header(&head, "authorization").map(str::to_owned);
        Some(Self { method: method.to_owned(), path: path.to_owned(), authorization, body })
    }

    pub(super) fn kind(&self) -> Kind {
        match (&*self.method, &*self.path) {
            ("POST", "/v2/repository/index") => Kind::Index,
            ("POST", path) if path.ends_with("/infer") => Kind::Infer,
            _ => Kind::Metadata,
        }
    }
}

fn content_length(head: &str) -> usize {
    header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or_default()
}

/// The value of the first header with this name.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
