//! Messages between the page and its workers: JavaScript values whose buffers are transferred instead of copied.

use js_sys::{Array, Object, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Error;
use wasm_bindgen::{JsCast, JsValue};

/// A value to be sent, and the buffers that are transferred with it.
pub(super) struct Message {
    pub value: JsValue,
    pub buffers: Array,
}

/// Encodes a value as a message.
pub(super) fn encode(value: &impl Serialize) -> Result<Message, Error> {
    let (value, buffers) = (serde_wasm_bindgen::to_value(value)?, Array::new());
    collect_buffers(&value, &buffers);
    Ok(Message { value, buffers })
}

/// Decodes the value of a message.
pub(super) fn decode<T: DeserializeOwned>(message: JsValue) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(message)
}

/// Adds the buffers of all byte arrays in a value.
fn collect_buffers(value: &JsValue, buffers: &Array) {
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        buffers.push(&bytes.buffer());
    } else if let Some(object) = value.dyn_ref::<Object>() {
        Object::values(object).iter().for_each(|value| collect_buffers(&value, buffers));
    }
}
