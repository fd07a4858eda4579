//! The header of a safetensors file: its metadata, and where each tensor's numbers are.
//!
//! The format's own crate reads it, too, but brings a JSON library and a hash map: 22 KB of a page that may take 150.
//! Little of that is needed. A header is one JSON object; in it `__metadata__` is an object of strings, and every other
//! key names a tensor, an object of `dtype`, `shape` and `data_offsets`. In whatever order they stand, the data of the
//! tensors begin at 0, follow each other without hole or overlap, and have the size of their shape and datatype.
//!
//! What the crate accepts is accepted, but for what the test `some_is_refused_that_the_crate_accepts` lists. Memory is
//! taken in proportion to what was read, whatever sizes it declares.
//!
//! Format: <https://github.com/huggingface/safetensors#format>.

use thiserror::Error;

use self::json::{Key, Parsed, Parser, order, unexpected};

mod json;

/// How many bytes stand before the header: its length.
pub(crate) const LENGTH_BYTES: usize = size_of::<u64>();

/// What is wrong with the header of a safetensors file. Bytes are counted from the file's beginning, from 0.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HeaderError {
    /// Something else was expected, by the rules of UTF-8, of JSON or of the format.
    #[error("expected {expected} at byte {at}")]
    Unexpected {
        /// Where it was expected.
        at: usize,
        /// What the format allows there.
        expected: &'static str,
    },
    /// An object has a key twice.
    #[error("`{key}` at byte {at} is there a second time")]
    Twice {
        /// Where the key stands for the second time.
        at: usize,
        /// The key.
        key: String,
    },
    /// Data that belong to no tensor, or to several.
    #[error("the data of tensor `{tensor}` at byte {at} begin at {found}, expected {expected}")]
    WrongStart {
        /// Where the tensor's name stands.
        at: usize,
        /// The tensor's name.
        tensor: String,
        /// Where its data begin.
        found: usize,
        /// Where the data before them end.
        expected: usize,
    },
    /// A tensor has too many bytes or too few.
    #[error("the data of tensor `{tensor}` at byte {at} do not have the size of its shape")]
    WrongSize {
        /// Where the tensor's name stands.
        at: usize,
        /// The tensor's name.
        tensor: String,
    },
}

/// What the header says, checked by all rules of the format but the file's size.
pub(crate) struct Header {
    metadata: Vec<(String, String)>,
    tensors: Vec<Tensor>,
    /// Indices of `tensors`.
    by_name: Vec<usize>,
    data_len: usize,
}

/// Where a tensor is and how to read it.
pub(crate) struct Tensor {
    key: Key,
    bits: usize,
    pub(crate) datatype: String,
    pub(crate) shape: Vec<usize>,
    /// From where to where its bytes go, counted from the header's end.
    pub(crate) data_offsets: (usize, usize),
}

impl Header {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        let text =
            str::from_utf8(bytes).or_else(|error| unexpected(LENGTH_BYTES + error.valid_up_to(), "UTF-8 text"))?;
        let mut parser = Parser::new(text);
        let (mut metadata, mut tensors) = (Vec::new(), Vec::new());
        parser.object(&mut |parser, key| {
            match key.name.as_str() {
                "__metadata__" => metadata = self::metadata(parser)?,
                _ => tensors.push(tensor(parser, key)?),
            }
            Ok(())
        })?;
        parser.end()?;
        let data_len = check_offsets(&tensors)?;
        let by_name = order(tensors.len(), &|a, b| tensors[a].key.cmp(&tensors[b].key));
        Ok(Self { metadata, tensors, by_name, data_len })
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, text)| text.as_str())
    }

    pub(crate) fn tensor(&self, name: &str) -> Option<&Tensor> {
        let found = self.by_name.binary_search_by(|&index| self.tensors[index].name().cmp(name));
        found.ok().map(|position| &self.tensors[self.by_name[position]])
    }

    /// All tensors, in the order of the header.
    pub(crate) fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Where the last tensor ends.
    pub(crate) fn data_len(&self) -> usize {
        self.data_len
    }
}

impl Tensor {
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }

    /// In bytes; none if it is beyond any memory, or no whole number of bytes.
    fn size(&self) -> Option<usize> {
        let numbers = self.shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length))?;
        let bits = numbers.checked_mul(self.bits)?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}

fn metadata(parser: &mut Parser) -> Parsed<Vec<(String, String)>> {
    let mut metadata = Vec::new();
    parser.object(&mut |parser, key| {
        metadata.push((key.name.clone(), parser.string()?));
        Ok(())
    })?;
    Ok(metadata)
}

fn tensor(parser: &mut Parser, key: &Key) -> Parsed<Tensor> {
    let (mut dtype, mut shape, mut offsets) = (None, None, None);
    parser.object(&mut |parser, key| {
        match key.name.as_str() {
            "dtype" => dtype = Some(datatype(parser)?),
            "shape" => shape = Some(parser.numbers()?),
            "data_offsets" => offsets = Some(data_offsets(parser)?),
            _ => return unexpected(key.at, "only `dtype`, `shape` and `data_offsets`"),
        }
        Ok(())
    })?;
    let (Some((datatype, bits)), Some(shape), Some(data_offsets)) = (dtype, shape, offsets) else {
        return unexpected(key.at, "a tensor with `dtype`, `shape` and `data_offsets`");
    };
    Ok(Tensor { key: key.clone(), bits, datatype, shape, data_offsets })
}

/// The datatype's name, and how many bits each of its numbers has.
fn datatype(parser: &mut Parser) -> Parsed<(String, usize)> {
    let at = parser.next_at();
    let name = parser.string()?;
    match bits(&name) {
        Some(bits) => Ok((name, bits)),
        None => unexpected(at, "a datatype such as `F32`"),
    }
}

fn data_offsets(parser: &mut Parser) -> Parsed<(usize, usize)> {
    let at = parser.next_at();
    match parser.numbers()?[..] {
        [start, end] => Ok((start, end)),
        _ => unexpected(at, "two offsets"),
    }
}

/// How many bits a number of this datatype has.
fn bits(datatype: &str) -> Option<usize> {
    Some(match datatype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "I64" | "U64" | "F64" | "C64" => 64,
        _ => return None,
    })
}

/// Gives where the data end.
fn check_offsets(tensors: &[Tensor]) -> Parsed<usize> {
    let mut expected = 0;
    for index in order(tensors.len(), &|a, b| tensors[a].data_offsets.cmp(&tensors[b].data_offsets)) {
        let Tensor { key: Key { name, at }, data_offsets: (start, end), .. } = &tensors[index];
        if *start != expected {
            return Err(HeaderError::WrongStart { at: *at, tensor: name.clone(), found: *start, expected });
        }
        if tensors[index].size().and_then(|size| size.checked_add(*start)) != Some(*end) {
            return Err(HeaderError::WrongSize { at: *at, tensor: name.clone() });
        }
        expected = *end;
    }
    Ok(expected)
}

#[cfg(test)]
mod tests;
