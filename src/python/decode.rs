//! Decodes the messages of the sandbox. Sizes are checked before anything is copied.

use js_sys::{Array, ArrayBuffer, Float64Array, JsString, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use super::message::{
    Ended, InspectedWheel, LONGEST_LOOK, LONGEST_WHEEL, MOST_BODY_BYTES, MOST_BYTES, MissingImport, NetworkMessage,
    Piece, ProgramRequest, RefusedPackage, SeenTask, seen_tasks,
};

/// The maximum length of a text, in UTF-16 units.
const LONGEST_TEXT: u32 = 1 << 20;

/// The maximum number of pieces in a message.
const MOST_PIECES: u32 = 10_000;

/// The maximum number of missing imports.
const MOST_IMPORTS: u32 = 1_000;

/// The maximum length of the JSON of a piece, in UTF-16 units.
const LONGEST_JSON: u32 = 16 << 20;

/// The maximum lengths of the parts of a request, in UTF-16 units.
const LONGEST_HOST: u32 = 300;
const LONGEST_URL: u32 = 64 << 10;

/// The maximum number of headers of a request, and the maximum lengths of their names and values.
const MOST_HEADERS: u32 = 200;
const LONGEST_HEADER_NAME: u32 = 300;
const LONGEST_HEADER_VALUE: u32 = 16 << 10;

/// The maximum number of packages that are refused at once, and the maximum length of the reason.
const MOST_PACKAGES: u32 = 100;
const LONGEST_REASON: u32 = 1_000;

/// A message of the worker.
pub(super) enum Message {
    Ready {
        python: String,
    },
    /// The pieces recorded since the last message, in order.
    Pieces(Vec<Piece>),
    Ended(Ended),
    /// The answer to "look".
    Seen(Vec<SeenTask>),
    /// The answer to "imports".
    Imports(Vec<MissingImport>),
    /// The answer to "packages".
    Packages(Vec<RefusedPackage>),
    /// The answer to "inspect".
    Wheel(InspectedWheel),
    /// The program uses the network.
    Network(NetworkMessage),
    /// A line that was not printed by Python's `print`.
    Output {
        text: String,
    },
    Failed {
        place: String,
        why: String,
    },
}

/// Decodes a message. `None` if it is malformed or too large.
pub(super) fn message(value: &JsValue) -> Option<Message> {
    Some(match &*text(value, "type")? {
        "ready" => Message::Ready { python: text(value, "python")? },
        "pieces" => Message::Pieces(pieces(&field(value, "pieces"))?),
        "ended" => {
            // Texts that are too long would be copied before they could be refused.
            ["error", "message"].into_iter().map(|name| text(value, name)).collect::<Option<Vec<_>>>()?;
            Message::Ended(serde_wasm_bindgen::from_value(value.clone()).ok()?)
        }
        "seen" => Message::Seen(seen_tasks(&text_up_to(value, "entries", LONGEST_LOOK)?)?),
        "imports" => {
            let missing: Array = field(value, "missing").dyn_into().ok()?;
            let missing = (missing.length() <= MOST_IMPORTS).then_some(missing)?;
            Message::Imports(missing.iter().map(missing_import).collect::<Option<_>>()?)
        }
        "packages" => {
            let refused: Array = field(value, "refused").dyn_into().ok()?;
            let refused = (refused.length() <= MOST_PACKAGES).then_some(refused)?;
            Message::Packages(refused.iter().map(refused_package).collect::<Option<_>>()?)
        }
        "wheel" => {
            let wheel: InspectedWheel = serde_json::from_str(&text_up_to(value, "described", LONGEST_WHEEL)?).ok()?;
            Message::Wheel(wheel.is_plausible().then_some(wheel)?)
        }
        "connect" => Message::Network(NetworkMessage::Connect {
            number: whole(value, "number")?,
            host: text_up_to(value, "host", LONGEST_HOST)?,
            port: whole(value, "port")?.try_into().ok()?,
        }),
        "request" => Message::Network(NetworkMessage::Request(request(value)?)),
        "abort" => Message::Network(NetworkMessage::Abort { number: whole(value, "number")? }),
        "output" => Message::Output { text: text(value, "text")? },
        "failed" => Message::Failed { place: text(value, "where")?, why: text(value, "why")? },
        _ => return None,
    })
}

fn refused_package(value: JsValue) -> Option<RefusedPackage> {
    Some(RefusedPackage {
        name: text_up_to(&value, "name", LONGEST_HOST)?,
        why: text_up_to(&value, "why", LONGEST_REASON)?,
    })
}

fn request(value: &JsValue) -> Option<ProgramRequest> {
    let body: ArrayBuffer = field(value, "body").dyn_into().ok()?;
    let headers: Array = field(value, "headers").dyn_into().ok()?;
    if body.byte_length() as usize > MOST_BODY_BYTES || headers.length() > MOST_HEADERS {
        return None;
    }
    Some(ProgramRequest {
        number: whole(value, "number")?,
        method: text_up_to(value, "method", LONGEST_HOST)?,
        url: text_up_to(value, "url", LONGEST_URL)?,
        headers: headers.iter().map(|pair| header(&pair)).collect::<Option<_>>()?,
        body: Uint8Array::new(&body).to_vec(),
    })
}

fn header(pair: &JsValue) -> Option<(String, String)> {
    Some((text_up_to(pair, "0", LONGEST_HEADER_NAME)?, text_up_to(pair, "1", LONGEST_HEADER_VALUE)?))
}

fn missing_import(value: JsValue) -> Option<MissingImport> {
    // As above.
    ["module", "path", "instead"].into_iter().map(|name| text(&value, name)).collect::<Option<Vec<_>>>()?;
    serde_wasm_bindgen::from_value(value).ok()
}

fn pieces(value: &JsValue) -> Option<Vec<Piece>> {
    let list: &Array = value.dyn_ref()?;
    let mut left = MOST_BYTES;
    if list.length() > MOST_PIECES {
        return None;
    }
    list.iter().map(|value| piece(&value, &mut left)).collect()
}

fn piece(value: &JsValue, left: &mut usize) -> Option<Piece> {
    let mut column = |name, item_bytes: usize| column(value, name, item_bytes, left);
    Some(Piece {
        start_s: field(value, "start").as_f64()?,
        event_at_s: floats(&column("event_at_s", 8)?),
        event_task: Uint32Array::new(&column("event_task", 4)?).to_vec(),
        event_kind: Uint8Array::new(&column("event_kind", 1)?).to_vec(),
        event_wait: Uint32Array::new(&column("event_wait", 4)?).to_vec(),
        task_name: Uint32Array::new(&column("task_name", 4)?).to_vec(),
        task_number: Uint32Array::new(&column("task_number", 4)?).to_vec(),
        task_parent: Uint32Array::new(&column("task_parent", 4)?).to_vec(),
        beat_due_us: floats(&column("beat_due_us", 8)?),
        beat_late_us: floats(&column("beat_late_us", 8)?),
        more: text_up_to(value, "more", LONGEST_JSON)?,
    })
}

fn floats(buffer: &JsValue) -> Vec<f64> {
    Float64Array::new(buffer).to_vec()
}

/// A column that consists of whole items, and takes no more than what is left of the message's size.
fn column(value: &JsValue, name: &str, item_bytes: usize, left: &mut usize) -> Option<JsValue> {
    let buffer: ArrayBuffer = field(value, name).dyn_into().ok()?;
    let bytes = buffer.byte_length() as usize;
    *left = left.checked_sub(bytes)?;
    bytes.is_multiple_of(item_bytes).then(|| buffer.into())
}

/// A field of a message; undefined if it has none.
pub(super) fn field(value: &JsValue, name: &str) -> JsValue {
    // It fails for a value without fields, such as null.
    Reflect::get(value, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A whole number of at most 32 bits.
fn whole(value: &JsValue, name: &str) -> Option<u32> {
    let number = field(value, name).as_f64()?;
    let whole = number as u32;
    (f64::from(whole) == number).then_some(whole)
}

/// A text that is not too long.
pub(super) fn text(value: &JsValue, name: &str) -> Option<String> {
    text_up_to(value, name, LONGEST_TEXT)
}

fn text_up_to(value: &JsValue, name: &str, longest: u32) -> Option<String> {
    let text: JsString = field(value, name).dyn_into().ok()?;
    (text.length() <= longest).then(|| text.into())
}
