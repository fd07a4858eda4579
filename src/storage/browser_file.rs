//! Files that the user chose or dropped on the page.

use futures::stream::{self, StreamExt};
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::storage::source::{PIECE_BYTES, Pieces};
use crate::storage::web::{message_of, text_of};
use crate::storage::{Source, SourceError};

impl Source {
    /// A file that the user chose or dropped on the page.
    #[must_use]
    pub fn from_file(file: File) -> Self {
        Self::new(&file.name(), file.size() as u64, move || pieces(file.clone()))
    }
}

/// Reads a piece only after the previous one has been taken, so at most one is in memory.
fn pieces(file: File) -> Pieces {
    stream::try_unfold(0, move |from| piece(file.clone(), from)).boxed_local()
}

/// The piece that begins at `from`, and the start of the next one; `None` at the end of the file.
async fn piece(file: File, from: u64) -> Result<Option<(Vec<u8>, u64)>, SourceError> {
    if from as f64 >= file.size() {
        return Ok(None);
    }
    let to = (from + PIECE_BYTES) as f64;
    let slice = file.slice_with_f64_and_f64(from as f64, to).map_err(|thrown| error_of(&thrown))?;
    let buffer = JsFuture::from(slice.array_buffer()).await.map_err(|thrown| error_of(&thrown))?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    // A file that has become shorter would never reach its expected end.
    if bytes.is_empty() {
        return Err(SourceError::Gone);
    }
    let next = from + bytes.len() as u64;
    Ok(Some((bytes, next)))
}

fn error_of(thrown: &JsValue) -> SourceError {
    match text_of(thrown, "name").as_deref() {
        Some("NotFoundError" | "NotReadableError") => SourceError::Gone,
        Some("SecurityError" | "NotAllowedError") => SourceError::NotAllowed,
        _ => SourceError::Other { why: message_of(thrown) },
    }
}
