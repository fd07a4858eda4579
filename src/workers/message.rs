//! Messages between the page and its workers: each is one buffer, which changes hands instead of being copied.

use js_sys::{Array, Uint8Array};
use postcard::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// A value on its way, to be sent with the buffer that is handed over.
pub(super) struct Message {
    pub bytes: Uint8Array,
    pub buffers: Array,
}

/// A value as a message.
pub(super) fn encode(value: &impl Serialize) -> Result<Message, Error> {
    let bytes = Uint8Array::from(postcard::to_allocvec(value)?.as_slice());
    let buffers = Array::of1(&bytes.buffer());
    Ok(Message { bytes, buffers })
}

/// The value of a message.
pub(super) fn decode<T: DeserializeOwned>(message: JsValue) -> Result<T, Error> {
    postcard::from_bytes(&message.unchecked_into::<Uint8Array>().to_vec())
}
