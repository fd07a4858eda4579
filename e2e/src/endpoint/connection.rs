//! One connection: read a request, answer it as the behaviour wants, and watch for a client that hangs up first.

use std::future;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncWrite, BufReader};
use tokio::net::TcpStream;

use super::behaviour::{Answer, Manner};
use super::models::respond;
use super::reply::Reply;
use super::request::ReceivedRequest;
use super::wire::Wire;
use super::{Shared, Stay};
use crate::host::closed;

/// Serves one request, then closes.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let (reader, writer) = stream.split();
    let mut reader = BufReader::new(reader);
    // Browsers also open connections in advance and never use them.
    let Some(request) = ReceivedRequest::read(&mut reader).await else { return };
    shared.note(&request);
    let manner = shared.manner();
    let mut wire = Wire::new(writer, &manner.behaviour, &shared.bytes_sent);
    // A client that leaves has nobody to be told an error.
    if request.method == "OPTIONS" {
        let _ = wire.preflight().await;
        return;
    }
    let mut stay = shared.begin();
    tokio::select! {
        biased;
        _ = answer(&mut wire, &mut stay, &manner, &request) => {}
        () = closed(&mut reader) => {}
    }
}

/// Sends what is due, and notes that it was sent.
async fn answer(
    wire: &mut Wire<'_, impl AsyncWrite + Unpin>,
    stay: &mut Stay<'_>,
    manner: &Manner,
    request: &ReceivedRequest,
) -> io::Result<()> {
    let answer = manner.next_answer(request.is_infer());
    let _slot = if request.is_infer() { manner.work().await } else { None };
    let (status, value) = respond(request);
    match answer {
        Answer::Good => wire.send(&Reply::json(status, &value)).await?,
        Answer::Text(status) => wire.send(&Reply::text(*status)).await?,
        Answer::Html(status) => wire.send(&Reply::html(*status)).await?,
        Answer::Json(other) => wire.send(&Reply::json(200, other)).await?,
        Answer::Changed(change) => wire.send(&Reply::json(status, &changed(value, *change))).await?,
        Answer::HalfJson => wire.send(&Reply::json(status, &value).cut_in_half()).await?,
        Answer::ClosedHalfway => wire.send_half(&Reply::json(status, &value)).await?,
        Answer::Never => future::pending().await,
        Answer::HeadOnly => {
            wire.send_head(&Reply::json(status, &value)).await?;
            future::pending().await
        }
        Answer::Flood { bytes, is_announced } => wire.flood(*bytes, *is_announced).await?,
        Answer::FailFirst { status, retry_after_s, .. } => wire.send(&Reply::failed(*status, *retry_after_s)).await?,
    }
    stay.is_answered = true;
    Ok(())
}

fn changed(mut value: Value, change: fn(&mut Value)) -> Value {
    change(&mut value);
    value
}
