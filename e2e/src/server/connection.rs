//! One connection: reads a request, answers it, and notices if the client closes it first.

use std::future;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::files::File;
use super::{Outcome, Replacement, Shared};
use crate::host::{closed, method_and_path, read_head, status_line, status_page};

/// Serves one request, then closes.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let (mut reader, mut writer) = stream.split();
    // Browsers also open connections in advance and never use them.
    let Some(head) = read_head(&mut reader).await else { return };
    let Some((method, path)) = method_and_path(&head) else { return };
    let id = shared.log_request(method, path);
    let outcome = tokio::select! {
        biased;
        answered = answer(&mut writer, &shared, &head, method, path) => answered.unwrap_or(Outcome::ClosedByClient),
        () = closed(&mut reader) => Outcome::ClosedByClient,
    };
    shared.set_outcome(id, outcome);
}

/// Browsers request it for each document that names no icon, and would report that it is missing.
const ICON: &str = "/favicon.ico";

/// Sends the answer for the path.
async fn answer(
    writer: &mut (impl AsyncWrite + Unpin),
    shared: &Shared,
    request: &str,
    method: &str,
    path: &str,
) -> io::Result<Outcome> {
    if method != "GET" && method != "HEAD" {
        return send(writer, method, 405, &page(405)).await;
    }
    if path == ICON {
        return send(writer, method, 204, &File::plain("image/x-icon", Vec::new())).await;
    }
    let Some(relative) = shared.files.relative(path) else {
        return send(writer, method, 404, &page(404)).await;
    };
    let (status, file) =
        shared.files.read(&relative, accepts_brotli(request)).map_or_else(|| (404, page(404)), |file| (200, file));
    match shared.replacement_for(&relative) {
        None => send(writer, method, status, &file).await,
        Some(Replacement::Status(status)) => send(writer, method, status, &page(status)).await,
        Some(Replacement::Bytes { content_type, body }) => {
            send(writer, method, 200, &File::plain(content_type, body)).await
        }
        Some(Replacement::CutAfter(bytes)) => send_part(writer, &file, bytes).await,
        Some(Replacement::Late(delay)) => {
            sleep(delay).await;
            send(writer, method, status, &file).await
        }
        // The address of the folder shows the same file.
        Some(Replacement::Redirect(to)) if path.ends_with(&relative) => redirect(writer, to).await,
        Some(Replacement::Redirect(_)) => send(writer, method, status, &file).await,
        Some(Replacement::Never) => future::pending().await,
    }
}

async fn redirect(writer: &mut (impl AsyncWrite + Unpin), to: &str) -> io::Result<Outcome> {
    const STATUS: u16 = 301;
    let head = format!("{}Location: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status_line(STATUS));
    writer.write_all(head.as_bytes()).await?;
    writer.shutdown().await?;
    Ok(Outcome::Answered(STATUS))
}

async fn send(writer: &mut (impl AsyncWrite + Unpin), method: &str, status: u16, file: &File) -> io::Result<Outcome> {
    writer.write_all(head(status, file).as_bytes()).await?;
    if method != "HEAD" {
        writer.write_all(&file.body).await?;
    }
    writer.shutdown().await?;
    Ok(Outcome::Answered(status))
}

async fn send_part(writer: &mut (impl AsyncWrite + Unpin), file: &File, bytes: usize) -> io::Result<Outcome> {
    writer.write_all(head(200, file).as_bytes()).await?;
    writer.write_all(&file.body[..bytes.min(file.body.len())]).await?;
    writer.shutdown().await?;
    Ok(Outcome::CutShort)
}

/// The head of a response. The browser may cache the file but must ask again, so that a replaced file takes effect.
fn head(status: u16, file: &File) -> String {
    let encoding = if file.is_brotli { "Content-Encoding: br\r\n" } else { "" };
    format!(
        "{}Content-Type: {}\r\n{encoding}Content-Length: {}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n",
        status_line(status),
        file.content_type,
        file.body.len(),
    )
}

/// True if a request's head allows an answer that is compressed with brotli.
fn accepts_brotli(request: &str) -> bool {
    let mut headers = request.lines().filter_map(|line| line.split_once(':'));
    let accepted = headers.find(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"));
    accepted.is_some_and(|(_, encodings)| encodings.split(',').any(|encoding| encoding.trim() == "br"))
}

fn page(status: u16) -> File {
    File::plain("text/html; charset=utf-8", status_page(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_only_for_clients_that_accept_it() {
        assert!(accepts_brotli("GET / HTTP/1.1\r\nHost: h\r\naccept-encoding: gzip, deflate, br, zstd\r\n\r\n"));
        assert!(!accepts_brotli("GET /br HTTP/1.1\r\nHost: br\r\nAccept-Encoding: gzip\r\n\r\n"));
        assert!(!accepts_brotli("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
}
