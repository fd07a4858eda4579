//! The browser's own promises.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/benchmark/promises.js")]
extern "C" {
    /// `n` timeouts of `ms` milliseconds at once.
    pub(super) async fn sleeps(n: u32, ms: u32);

    /// `n` async functions that return at once.
    pub(super) async fn ready(n: u32);
}
