//! [`Source`]: a file that is read piece by piece and never as a whole, such as a file of the user's own.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use futures::stream::{self, LocalBoxStream, StreamExt};

use crate::runtime::TaskError;

/// The maximum size of a piece in bytes.
pub const PIECE_BYTES: u64 = 1_000_000;

/// A file that is read piece by piece. Clones are handles to the same one, with the same progress.
///
/// ```
/// use futures::FutureExt;
/// use futures::stream::StreamExt;
/// use interleave::storage::Source;
///
/// let source = Source::from_bytes("notes.txt", b"one, two".to_vec());
/// let first = source.pieces().next().now_or_never();
/// assert_eq!(first, Some(Some(Ok(b"one, two".to_vec()))));
/// assert_eq!(source.bytes_read(), source.size_bytes());
/// ```
#[derive(Clone)]
pub struct Source {
    name: Rc<str>,
    size_bytes: u64,
    open: Rc<dyn Fn() -> Pieces>,
    bytes_read: Rc<Cell<u64>>,
}

/// The content of a file in pieces of at most [`PIECE_BYTES`], none of them empty. The stream ends after an error.
/// Dropping it stops reading.
pub type Pieces = LocalBoxStream<'static, Result<Vec<u8>, SourceError>>;

/// The reason why a file could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file has changed since it was chosen, or it is a folder.
    #[error("it cannot be read: it was changed, moved or deleted since it was chosen, or is a folder")]
    Gone,
    /// The system does not allow the browser to read the file.
    #[error("the browser is not allowed to read it")]
    NotAllowed,
    /// Any other error of the browser.
    #[error("the browser cannot read it: {why}")]
    Other {
        /// The browser's message.
        why: String,
    },
}

impl TaskError for SourceError {}

impl Source {
    /// A file of `size_bytes`. `open` is called each time it is read.
    pub fn new(name: &str, size_bytes: u64, open: impl Fn() -> Pieces + 'static) -> Self {
        Self { name: name.into(), size_bytes, open: Rc::new(open), bytes_read: Rc::default() }
    }

    /// A file whose content is already in memory.
    #[must_use]
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Self {
        let (size_bytes, bytes) = (bytes.len() as u64, Rc::<[u8]>::from(bytes));
        Self::new(name, size_bytes, move || {
            let bytes = Rc::clone(&bytes);
            let starts = (0..bytes.len()).step_by(PIECE_BYTES as usize);
            let piece = move |start| Ok(bytes[start..bytes.len().min(start + PIECE_BYTES as usize)].to_vec());
            stream::iter(starts.map(piece)).boxed_local()
        })
    }

    /// The file's name. It may be any text, so it must be shown as text only, never as HTML.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of the file in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The number of bytes that were read since the file was last opened.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }

    /// Resets the progress to zero.
    pub fn rewind(&self) {
        self.bytes_read.set(0);
    }

    /// Opens the file again, from its beginning.
    #[must_use]
    pub fn pieces(&self) -> Pieces {
        self.rewind();
        let bytes_read = Rc::clone(&self.bytes_read);
        let count = move |piece: &Result<Vec<u8>, SourceError>| {
            let bytes = piece.as_ref().map_or(0, Vec::len) as u64;
            bytes_read.set(bytes_read.get() + bytes);
        };
        (self.open)().inspect(count).boxed_local()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn next(pieces: &mut Pieces) -> Option<Vec<u8>> {
        pieces.next().now_or_never().expect("they are in memory").map(|piece| piece.expect("nothing fails"))
    }

    #[test]
    fn pieces_are_small_and_make_up_the_whole() {
        let bytes: Vec<u8> = (0..2_500_000u32).map(|n| n as u8).collect();
        let mut pieces = Source::from_bytes("large.bin", bytes.clone()).pieces();
        let pieces: Vec<_> = std::iter::from_fn(|| next(&mut pieces)).collect();
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1_000_000, 1_000_000, 500_000]);
        assert_eq!(pieces.concat(), bytes);
    }

    #[test]
    fn an_empty_file_has_no_pieces() {
        assert_eq!(next(&mut Source::from_bytes("empty.csv", Vec::new()).pieces()), None);
    }

    #[test]
    fn progress_begins_again_whenever_a_file_is_opened() {
        let source = Source::from_bytes("large.bin", vec![0; 1_500_000]);
        let mut pieces = source.pieces();
        assert_eq!(source.bytes_read(), 0);
        next(&mut pieces);
        assert_eq!(source.bytes_read(), PIECE_BYTES);
        next(&mut pieces);
        assert_eq!(source.bytes_read(), source.size_bytes());
        drop(source.pieces());
        assert_eq!(source.bytes_read(), 0);
    }
}
