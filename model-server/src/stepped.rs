//! The model server for Python programs on a virtual clock: every method returns what happens, as a list.

use inference::server::{Request, Step, SteppedServer};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

/// A server that has just started. `static/python/interleave/virtual_server.py` uses it.
///
/// Each method returns a list of `["response", number, status, [[name, value]]]`, `["works", number, seconds]` and
/// `["body", number, Uint8Array]`.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct VirtualServer(SteppedServer);

#[wasm_bindgen]
impl VirtualServer {
    /// A server without requests.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a request. `path` is relative to the server's root, with the query.
    pub fn begin(&mut self, number: u32, method: &str, path: &str, body: &[u8]) -> Array {
        list(self.0.begin(number, Request { method, path, body }))
    }

    /// The time that the server works on a request is over.
    pub fn wake(&mut self, number: u32) -> Array {
        list(self.0.wake(number))
    }

    /// The client has left.
    pub fn abort(&mut self, number: u32) -> Array {
        list(self.0.abort(number))
    }
}

fn list(steps: Vec<Step>) -> Array {
    steps.into_iter().map(entry).collect()
}

fn entry(step: Step) -> Array {
    match step {
        Step::Response { number, reply } => {
            let header = |(name, value): &(&str, String)| Array::of2(&(*name).into(), &value.into());
            let headers: Array = reply.headers.iter().map(header).collect();
            Array::of4(&"response".into(), &number.into(), &reply.status.into(), &headers)
        }
        Step::Works { number, takes } => Array::of3(&"works".into(), &number.into(), &takes.as_secs_f64().into()),
        Step::Body { number, body } => Array::of3(&"body".into(), &number.into(), &Uint8Array::from(&*body)),
    }
}
