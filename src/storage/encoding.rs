//! The encoding of a file, and its conversion to UTF-8 piece by piece.
//!
//! `encoding_rs` knows forty encodings, with tables for all of them. These three are a few lines each, so it was not used; how
//! much it would add to the page has not been measured. The browser's `TextDecoder` is not there in the tests on the host.

use std::borrow::Cow;
use std::fmt;

/// The number of bytes in which the zeros of UTF-16 are counted.
const LOOKED_AT_BYTES: usize = 1_000;

/// The encoding of a text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first, as Windows writes it.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
    /// Windows-1252, which contains Latin-1.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "Windows-1252",
        })
    }
}

impl Encoding {
    /// The encoding whose byte order mark a file begins with.
    #[must_use]
    pub fn from_mark(head: &[u8]) -> Option<Self> {
        [Self::Utf8, Self::Utf16Le, Self::Utf16Be].into_iter().find(|encoding| head.starts_with(encoding.mark()))
    }

    /// The encoding that the first bytes of a file show by a byte order mark, or by the zeros of UTF-16: in most texts, half
    /// of its bytes are zero. `None` if they show nothing.
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        if let Some(marked) = Self::from_mark(head) {
            return Some(marked);
        }
        let head = &head[..head.len().min(LOOKED_AT_BYTES)];
        let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        match () {
            () if odd * 4 > head.len() && even * 10 < odd => Some(Self::Utf16Le),
            () if even * 4 > head.len() && odd * 10 < even => Some(Self::Utf16Be),
            () => None,
        }
    }

    /// The byte order mark of this encoding.
    #[must_use]
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xEF\xBB\xBF",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
            Self::Windows1252 => b"",
        }
    }
}

/// The text of a whole file as UTF-8, without a byte order mark.
#[must_use]
pub fn to_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = Encoding::detect(bytes).unwrap_or(Encoding::Utf8);
    let rest = bytes.strip_prefix(encoding.mark()).unwrap_or(bytes);
    if encoding == Encoding::Utf8 {
        return rest.into();
    }
    let mut decoder = Decoder::new(encoding);
    let mut text = decoder.decode(rest);
    text.extend(decoder.finish());
    text.into()
}

/// The characters of Windows-1252 from 0x80 to 0x9F (<https://encoding.spec.whatwg.org/index-windows-1252.txt>). The other
/// bytes are characters of the same number.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Converts the pieces of a file to UTF-8. What UTF-16 cannot mean becomes U+FFFD. UTF-8 is passed on as it is.
#[derive(Debug)]
pub struct Decoder {
    encoding: Encoding,
    /// The first byte of a unit whose second byte is in the next piece.
    half: Option<u8>,
    /// The first unit of a pair whose second unit is in the next piece.
    high: Option<u16>,
}

impl Decoder {
    /// A converter at the beginning of a file, after its byte order mark.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, half: None, high: None }
    }

    /// The text of the next piece.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => bytes.to_vec(),
            Encoding::Windows1252 => bytes.iter().map(|byte| character(*byte)).collect::<String>().into_bytes(),
            Encoding::Utf16Le | Encoding::Utf16Be => self.decode_utf16(bytes),
        }
    }

    /// The text of what is left at the end of the file.
    pub fn finish(&mut self) -> Vec<u8> {
        let is_cut_off = self.half.take().is_some() | self.high.take().is_some();
        if is_cut_off { "\u{fffd}".into() } else { Vec::new() }
    }

    fn decode_utf16(&mut self, bytes: &[u8]) -> Vec<u8> {
        let all: Vec<u8> = self.half.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, half) = all.as_chunks::<2>();
        self.half = half.first().copied();
        let is_low_first = self.encoding == Encoding::Utf16Le;
        let unit = |pair: &[u8; 2]| if is_low_first { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) };
        let mut units: Vec<u16> = self.high.take().into_iter().chain(pairs.iter().map(unit)).collect();
        self.high = units.pop_if(|last| matches!(*last, 0xD800..0xDC00));
        String::from_utf16_lossy(&units).into_bytes()
    }
}

fn character(byte: u8) -> char {
    match byte {
        0x80..0xA0 => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: &[u8], piece: usize) -> String {
        let mut decoder = Decoder::new(encoding);
        let mut text: Vec<u8> = bytes.chunks(piece).flat_map(|piece| decoder.decode(piece)).collect();
        text.extend(decoder.finish());
        String::from_utf8(text).expect("it is UTF-8")
    }

    #[test]
    fn utf_16_is_decoded_in_pieces_of_any_size() {
        let text = "Zürich,🦀\n";
        let low_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let high_first: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for piece in 1..=low_first.len() {
            assert_eq!(decoded(Encoding::Utf16Le, &low_first, piece), text);
            assert_eq!(decoded(Encoding::Utf16Be, &high_first, piece), text);
        }
        assert_eq!(decoded(Encoding::Utf16Le, &low_first[..low_first.len() - 5], 3), "Zürich,\u{fffd}");
    }

    #[test]
    fn windows_1252_is_decoded() {
        assert_eq!(decoded(Encoding::Windows1252, b"Z\xFCrich \x80 \x93x\x94", 2), "Zürich € “x”");
    }

    #[test]
    fn a_whole_file_is_converted() {
        let utf16: Vec<u8> = "{\"a\": \"ü\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [utf16.clone(), [b"\xFF\xFE", utf16.as_slice()].concat(), "\u{feff}{\"a\": \"ü\"}".into()] {
            assert_eq!(*to_utf8(&bytes), *"{\"a\": \"ü\"}".as_bytes());
        }
        assert!(matches!(to_utf8(b"plain"), Cow::Borrowed(b"plain")));
    }

    #[test]
    fn the_encoding_is_detected() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for (head, expected) in [
            (b"\xEF\xBB\xBFa".to_vec(), Some(Encoding::Utf8)),
            (b"\xFF\xFEa\0".to_vec(), Some(Encoding::Utf16Le)),
            (b"\xFE\xFF\0a".to_vec(), Some(Encoding::Utf16Be)),
            (utf16("name,score\nAda,3\n"), Some(Encoding::Utf16Le)),
            (b"\0a\0,\0b\0\n".to_vec(), Some(Encoding::Utf16Be)),
            (b"name,score\n".to_vec(), None),
            (b"a\0".to_vec(), Some(Encoding::Utf16Le)),
            (vec![0; 100], None),
            (Vec::new(), None),
        ] {
            assert_eq!(Encoding::detect(&head), expected, "{}", head.escape_ascii());
        }
    }
}
