//! One connection: reads a request, answers it according to the behaviour, and notices if the client closes it first.

use std::future;
use std::io;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncWrite, BufReader};
use tokio::net::TcpStream;

use super::behaviour::{ActiveBehaviour, Answer};
use super::models::respond;
use super::request::{Kind, ReceivedRequest};
use super::response::Response;
use super::writer::ResponseWriter;
use super::{InFlight, Shared};
use crate::host::closed;

/// Serves one request, then closes.
pub(super) async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let (reader, writer) = stream.split();
    let mut reader = BufReader::new(reader);
    // Browsers also open connections in advance and never use them.
    let Some(request) = ReceivedRequest::read(&mut reader).await else { return };
    shared.add(&request);
    let active = shared.active_behaviour();
    let mut writer = ResponseWriter::new(writer, &active.settings, &shared.bytes_sent);
    // An error means that the client is gone.
    if request.method == "OPTIONS" {
        let _ = writer.preflight().await;
        return;
    }
    let mut in_flight = shared.begin();
    tokio::select! {
        biased;
        _ = answer(&mut writer, &mut in_flight, &active, &request) => {}
        () = closed(&mut reader) => {}
    }
}

/// Sends the answer, then marks the request as answered.
async fn answer(
    writer: &mut ResponseWriter<'_, impl AsyncWrite + Unpin>,
    in_flight: &mut InFlight<'_>,
    active: &ActiveBehaviour,
    request: &ReceivedRequest,
) -> io::Result<()> {
    let kind = request.kind();
    let answer = active.next_answer(kind);
    let _slot = if kind == Kind::Infer { active.work().await } else { None };
    let (status, value) = respond(request);
    match answer {
        Answer::Good => writer.send(&Response::json(status, &value)).await?,
        Answer::Text(status) => writer.send(&Response::text(*status)).await?,
        Answer::Html(status) => writer.send(&Response::html(*status)).await?,
        Answer::Redirect(url) => writer.send(&Response::redirect(url)).await?,
        Answer::Json(other) => writer.send(&Response::json(200, other)).await?,
        Answer::Changed(change) => writer.send(&Response::json(status, &changed(value, *change))).await?,
        Answer::HalfJson => writer.send(&Response::json(status, &value).cut_in_half()).await?,
        Answer::ClosedHalfway => writer.send_half(&Response::json(status, &value)).await?,
        Answer::Never => future::pending().await,
        Answer::HeadOnly => {
            writer.send_head(&Response::json(status, &value)).await?;
            future::pending().await
        }
        Answer::EndlessArray { bytes, has_content_length } => {
            writer.send_endless_array(*bytes, *has_content_length).await?
        }
        Answer::FailFirst { status, retry_after_s, .. } => {
            writer.send(&Response::failed(*status, *retry_after_s)).await?
        }
    }
    in_flight.is_answered = true;
    Ok(())
}

fn changed(mut value: Value, change: fn(&mut Value)) -> Value {
    change(&mut value);
    value
}
