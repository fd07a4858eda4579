//! A tensor in JSON: a name, a shape, a datatype, and the elements in rows.
//!
//! The protocol allows flat elements, and elements that are nested according to the shape. Both are read, and flat
//! elements are written. A [`Tensor`] is always valid: the number of elements fits its shape, and all are of its
//! datatype.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::lenient;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE", try_from = "String")]
#[allow(missing_docs, reason = "the names are the protocol's own")]
pub enum Datatype {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    Bytes,
}

impl Datatype {
    const ALL: [Self; 14] = [
        Self::Bool,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Fp16,
        Self::Bf16,
        Self::Fp32,
        Self::Fp64,
        Self::Bytes,
    ];

    /// Its name in the protocol, such as `FP32`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Fp16 => "FP16",
            Self::Bf16 => "BF16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bytes => "BYTES",
        }
    }

    /// The minimum and the maximum, if this is an integer type.
    #[must_use]
    pub fn whole_numbers(self) -> Option<(f64, f64)> {
        let signed = |bits: i32| (-(2_f64.powi(bits - 1)), 2_f64.powi(bits - 1) - 1.0);
        let unsigned = |bits: i32| (0.0, 2_f64.powi(bits) - 1.0);
        match self {
            Self::Uint8 => Some(unsigned(8)),
            Self::Uint16 => Some(unsigned(16)),
            Self::Uint32 => Some(unsigned(32)),
            Self::Uint64 => Some(unsigned(64)),
            Self::Int8 => Some(signed(8)),
            Self::Int16 => Some(signed(16)),
            Self::Int32 => Some(signed(32)),
            Self::Int64 => Some(signed(64)),
            Self::Bool | Self::Fp16 | Self::Bf16 | Self::Fp32 | Self::Fp64 | Self::Bytes => None,
        }
    }
}

impl TryFrom<String> for Datatype {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|datatype| datatype.name().eq_ignore_ascii_case(&name));
        known.ok_or_else(|| format!("unknown datatype `{name}`"))
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The elements of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// The elements of every numeric datatype. Integers beyond 2^53 are rounded, as in JavaScript.
    Numbers(Vec<f64>),
    /// The elements of [`Datatype::Bool`].
    Booleans(Vec<bool>),
    /// The elements of [`Datatype::Bytes`].
    Texts(Vec<String>),
}

impl Data {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Booleans(booleans) => booleans.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// True if there are no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named array of one datatype.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    name: String,
    shape: Vec<usize>,
    datatype: Datatype,
    data: Data,
}

/// The reason elements are not a valid tensor.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TensorError {
    /// The number of elements is greater than any memory.
    #[error("tensor `{tensor}` has shape {shape:?}, which is too large")]
    TooLarge {
        /// The tensor's name.
        tensor: String,
        /// The shape.
        shape: Vec<usize>,
    },
    /// The elements are too few or too many for the shape.
    #[error("tensor `{tensor}` has {found} elements, but its shape {shape:?} needs {expected}")]
    WrongLength {
        /// The tensor's name.
        tensor: String,
        /// The shape.
        shape: Vec<usize>,
        /// The number of elements that the shape needs.
        expected: usize,
        /// The number of elements.
        found: usize,
    },
    /// The elements are nested differently from the shape.
    #[error("tensor `{tensor}` has data nested as {found:?}, but shape {shape:?}")]
    WrongNesting {
        /// The tensor's name.
        tensor: String,
        /// The shape.
        shape: Vec<usize>,
        /// The shape of the data according to their brackets.
        found: Vec<usize>,
    },
    /// Rows of the data differ in length or depth.
    #[error("tensor `{tensor}` has rows that differ in length or depth")]
    Ragged {
        /// The tensor's name.
        tensor: String,
    },
    /// An element is not of the datatype.
    #[error("tensor `{tensor}` has an element at index {index} that is not of datatype {datatype}")]
    WrongElement {
        /// The tensor's name.
        tensor: String,
        /// The datatype.
        datatype: Datatype,
        /// The index of the element, row by row, from 0.
        index: usize,
    },
    /// An element is not a finite number. JSON has no such numbers, so servers write them in different ways.
    #[error(
        "tensor `{tensor}` has `{written}` at index {index} in place of a number: probably the model's result is not a \
         number (NaN) or is infinite"
    )]
    NotFinite {
        /// The tensor's name.
        tensor: String,
        /// The element as it is written, such as `null` or `NaN`.
        written: String,
        /// The index of the element, row by row, from 0.
        index: usize,
    },
}

impl Tensor {
    /// Creates a tensor. Numbers of [`Datatype::Fp32`] are rounded to single precision.
    ///
    /// # Errors
    ///
    /// If the elements do not fit the shape or the datatype.
    pub fn new(
        name: impl Into<String>,
        shape: Vec<usize>,
        datatype: Datatype,
        data: Data,
    ) -> Result<Self, TensorError> {
        let tensor = Self { name: name.into(), shape, datatype, data };
        tensor.check_length()?;
        match tensor.first_wrong_element() {
            Some(index) => Err(TensorError::WrongElement { tensor: tensor.name, datatype, index }),
            None => Ok(tensor.rounded()),
        }
    }

    /// Rounds FP32 numbers, so that they are the same after being written with few digits and read again.
    fn rounded(mut self) -> Self {
        if let (Data::Numbers(numbers), Datatype::Fp32) = (&mut self.data, self.datatype) {
            for number in numbers {
                *number = f64::from(*number as f32);
            }
        }
        self
    }

    /// A tensor of [`Datatype::Fp32`] with rows of `columns` numbers: its shape is `[numbers / columns, columns]`.
    ///
    /// # Errors
    ///
    /// If the last row is incomplete, or a number is not finite.
    pub fn rows_of_f32(name: impl Into<String>, columns: usize, numbers: &[f32]) -> Result<Self, TensorError> {
        let shape = vec![numbers.len() / columns.max(1), columns];
        Self::new(name, shape, Datatype::Fp32, Data::Numbers(numbers.iter().copied().map(f64::from).collect()))
    }

    /// The tensor's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of each dimension; a scalar has none.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The type of the elements.
    #[must_use]
    pub fn datatype(&self) -> Datatype {
        self.datatype
    }

    /// The elements, row by row.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The elements if they are numbers, row by row.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f64]> {
        match &self.data {
            Data::Numbers(numbers) => Some(numbers),
            Data::Booleans(_) | Data::Texts(_) => None,
        }
    }

    fn check_length(&self) -> Result<(), TensorError> {
        let (tensor, shape) = (self.name.clone(), self.shape.clone());
        match shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)) {
            None => Err(TensorError::TooLarge { tensor, shape }),
            Some(expected) if expected != self.data.len() => {
                Err(TensorError::WrongLength { tensor, shape, expected, found: self.data.len() })
            }
            Some(_) => Ok(()),
        }
    }

    fn first_wrong_element(&self) -> Option<usize> {
        match (&self.data, self.datatype) {
            (Data::Booleans(_), Datatype::Bool) | (Data::Texts(_), Datatype::Bytes) => None,
            (Data::Numbers(numbers), datatype) if !matches!(datatype, Datatype::Bool | Datatype::Bytes) => {
                numbers.iter().position(|number| !is_of(datatype, *number))
            }
            // An empty tensor has no wrong element.
            (data, _) => (!data.is_empty()).then_some(0),
        }
    }
}

fn is_of(datatype: Datatype, number: f64) -> bool {
    match datatype.whole_numbers() {
        Some((min, max)) => number.fract() == 0.0 && (min..=max).contains(&number),
        // JSON has only finite numbers.
        None if datatype == Datatype::Fp32 => (number as f32).is_finite(),
        None => number.is_finite(),
    }
}

/// A tensor in the form in which it is sent.
#[derive(Serialize, Deserialize)]
struct WireTensor<D> {
    name: String,
    #[serde(deserialize_with = "lenient::shape")]
    shape: Vec<usize>,
    datatype: Datatype,
    data: D,
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = Elements { data: &self.data, datatype: self.datatype };
        WireTensor { name: self.name.clone(), shape: self.shape.clone(), datatype: self.datatype, data }
            .serialize(serializer)
    }
}

struct Elements<'a> {
    data: &'a Data,
    datatype: Datatype,
}

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let numbers = match self.data {
            Data::Numbers(numbers) => numbers,
            Data::Booleans(booleans) => return booleans.serialize(serializer),
            Data::Texts(texts) => return texts.serialize(serializer),
        };
        let mut elements = serializer.serialize_seq(Some(numbers.len()))?;
        for &number in numbers {
            match self.datatype {
                // Some servers do not accept `1.0` as an integer.
                Datatype::Uint64 => elements.serialize_element(&(number as u64))?,
                datatype if datatype.whole_numbers().is_some() => elements.serialize_element(&(number as i64))?,
                // As f32, it is written as the shortest text that is read as the same number.
                Datatype::Fp32 => elements.serialize_element(&(number as f32))?,
                _ => elements.serialize_element(&number)?,
            }
        }
        elements.end()
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WireTensor { name, shape, datatype, data } = WireTensor::<Nested>::deserialize(deserializer)?;
        check_nesting(&name, &shape, &data).map_err(D::Error::custom)?;
        let elements = match datatype {
            Datatype::Bool => all(&data.elements, Element::boolean).map(Data::Booleans),
            Datatype::Bytes => all(&data.elements, Element::text).map(Data::Texts),
            _ => all(&data.elements, Element::number).map(Data::Numbers),
        };
        let elements = elements.map_err(|index| {
            let tensor = name.clone();
            D::Error::custom(match data.elements[index].not_finite() {
                Some(written) if !matches!(datatype, Datatype::Bool | Datatype::Bytes) => {
                    TensorError::NotFinite { tensor, written, index }
                }
                _ => TensorError::WrongElement { tensor, datatype, index },
            })
        })?;
        Self::new(name, shape, datatype, elements).map_err(D::Error::custom)
    }
}

fn check_nesting(name: &str, shape: &[usize], data: &Nested) -> Result<(), TensorError> {
    let tensor = name.to_owned();
    match &data.shape {
        None => Err(TensorError::Ragged { tensor }),
        // Empty rows hide the dimensions in them.
        Some(found) if found.len() > 1 && found != shape && !(data.elements.is_empty() && shape.contains(&0)) => {
            Err(TensorError::WrongNesting { tensor, shape: shape.to_owned(), found: found.clone() })
        }
        Some(_) => Ok(()),
    }
}

/// All elements as one type, or the index of the first element of another type.
fn all<T>(elements: &[Element], as_type: impl Fn(&Element) -> Option<T>) -> Result<Vec<T>, usize> {
    elements.iter().enumerate().map(|(index, element)| as_type(element).ok_or(index)).collect()
}

/// An element before its type is checked.
enum Element {
    Number(f64),
    Boolean(bool),
    Text(String),
    Null,
}

impl Element {
    /// Some servers write a number as text.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// How it is written, if it may stand for a number that is not finite.
    fn not_finite(&self) -> Option<String> {
        match self {
            Self::Null => Some("null".to_owned()),
            Self::Text(text) => {
                let is_number = text.trim().parse::<f64>().is_ok();
                is_number.then(|| text.clone())
            }
            _ => None,
        }
    }

    /// Some servers write a boolean as a number.
    fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            Self::Number(number) if *number == 0.0 || *number == 1.0 => Some(*number == 1.0),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }
}

/// Elements in brackets of any depth.
struct Nested {
    /// The shape according to the brackets. `None` if the rows differ.
    shape: Option<Vec<usize>>,
    elements: Vec<Element>,
}

/// A value in `data`: an element or a row of values.
enum Value {
    Element(Element),
    Row(Nested),
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Row(row) => Ok(row),
            Value::Element(_) => Err(D::Error::custom("`data` must be an array")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, a boolean, a text, or an array of them")
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Element(Element::Boolean(boolean)))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Element(Element::Number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Element(Element::Text(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Element(Element::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut rows = Rows::default();
        while let Some(value) = sequence.next_element()? {
            rows.push(value);
        }
        Ok(Value::Row(rows.into_nested()))
    }
}

/// The content of one pair of brackets, while it is read.
#[derive(Default)]
struct Rows {
    elements: Vec<Element>,
    count: usize,
    /// The shape of the last row. `None` if the rows in it differ.
    shape: Option<Vec<usize>>,
    is_ragged: bool,
}

impl Rows {
    fn push(&mut self, value: Value) {
        let shape = match value {
            Value::Element(element) => {
                self.elements.push(element);
                Some(Vec::new())
            }
            Value::Row(mut row) => {
                self.elements.append(&mut row.elements);
                row.shape
            }
        };
        self.is_ragged |= shape.is_none() || self.count > 0 && shape != self.shape;
        self.shape = shape;
        self.count += 1;
    }

    fn into_nested(self) -> Nested {
        let inner = self.shape.unwrap_or_default();
        let shape = (!self.is_ragged).then(|| [self.count].into_iter().chain(inner).collect());
        Nested { shape, elements: self.elements }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shape: &str, datatype: &str, data: &str) -> Result<Tensor, String> {
        let json = format!(r#"{{"name":"x","shape":{shape},"datatype":"{datatype}","data":{data}}}"#);
        serde_json::from_str(&json).map_err(|error| error.to_string())
    }

    #[test]
    fn flat_and_nested_data_are_the_same_tensor() {
        let flat = read("[2, 3]", "FP32", "[1, 2, 3, 4, 5, 6.5]").unwrap();
        assert_eq!(read("[2, 3]", "FP32", "[[1, 2, 3], [4, 5, 6.5]]").unwrap(), flat);
        assert_eq!(read("[1, 2, 3]", "FP32", "[[[1, 2, 3], [4, 5, 6.5]]]").unwrap().data(), flat.data());
        assert_eq!(flat.numbers(), Some(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.5][..]));
    }

    #[test]
    fn every_datatype_is_written_as_it_was_read() {
        for (datatype, data) in [
            ("BOOL", "[true,false]"),
            ("UINT8", "[0,255]"),
            ("UINT64", "[0,9007199254740991]"),
            ("INT64", "[-1,1]"),
            ("INT8", "[-128,127]"),
            ("FP16", "[0.5,1.0]"),
            ("BF16", "[0.5,1.0]"),
            ("FP32", "[0.1,2.717312]"),
            ("FP64", "[0.1,1e300]"),
            ("BYTES", "[\"a\",\"ü\"]"),
        ] {
            let tensor = read("[2]", datatype, data).unwrap();
            assert_eq!(tensor.datatype().name(), datatype);
            let expected = format!(r#"{{"name":"x","shape":[2],"datatype":"{datatype}","data":{data}}}"#);
            assert_eq!(serde_json::to_string(&tensor).unwrap().replace("e+", "e"), expected);
        }
    }

    #[test]
    fn single_precision_is_preserved() {
        let numbers = [0.1_f32, 2.717_312_3, f32::MIN_POSITIVE, -f32::MAX];
        let sent = Tensor::rows_of_f32("x", 4, &numbers).unwrap();
        let json = serde_json::to_string(&sent).unwrap();
        assert!(json.contains("[0.1,2.7173123,"), "{json}");
        assert_eq!(serde_json::from_str::<Tensor>(&json).unwrap(), sent);
    }

    #[test]
    fn tensors_without_elements_are_valid() {
        for (shape, data) in [("[0]", "[]"), ("[0, 64]", "[]"), ("[2, 0]", "[[], []]"), ("[0, 0]", "[]")] {
            assert!(read(shape, "FP32", data).unwrap().data().is_empty(), "{shape}");
        }
        assert_eq!(read("[]", "FP32", "[1]").unwrap().shape(), [0; 0]);
    }

    #[track_caller]
    fn assert_refused(shape: &str, datatype: &str, data: &str, expected: &str) {
        let error = read(shape, datatype, data).expect_err(data);
        assert!(error.contains(expected), "{shape} {datatype} {data}: {error}");
    }

    #[test]
    fn wrong_shapes_are_refused() {
        assert_refused("[2, 2]", "FP32", "[1, 2, 3]", "tensor `x` has 3 elements, but its shape [2, 2] needs 4");
        assert_refused("[2, 2]", "FP32", "[]", "0 elements");
        assert_refused("[4]", "FP32", "[[1, 2], [3, 4]]", "tensor `x` has data nested as [2, 2], but shape [4]");
        assert_refused("[2, 2]", "FP32", "[[1, 2, 3, 4]]", "nested as [1, 4]");
        assert_refused("[2, 2]", "FP32", "[[1, 2, 3], [4]]", "rows that differ");
        assert_refused("[2, 2]", "FP32", "[[1, 2], 3]", "rows that differ");
        assert_refused("[1]", "FP32", "[[[1], [2, 3]], [[4, 5]]]", "rows that differ");
        assert_refused("[4294967296, 4294967296, 4294967296]", "FP32", "[1]", "too large");
        assert_refused("[-1, 64]", "FP32", "[1]", "a shape contains -1");
        assert_refused("64", "FP32", "[1]", "expected a sequence");
        assert_refused("[1]", "FP32", "1", "`data` must be an array");
        assert_refused("[1]", "FP32", "{}", "expected a number");
    }

    #[test]
    fn elements_of_another_datatype_are_refused() {
        for (datatype, data) in [
            ("FP32", "[0, \"one\"]"),
            ("FP32", "[0, true]"),
            ("FP32", "[0, 1e39]"),
            ("INT32", "[0, 0.5]"),
            ("INT8", "[0, 128]"),
            ("UINT8", "[0, -1]"),
            ("BOOL", "[false, 2]"),
            ("BYTES", "[\"a\", 1]"),
        ] {
            let expected = format!("tensor `x` has an element at index 1 that is not of datatype {datatype}");
            assert_refused("[2]", datatype, data, &expected);
        }
        assert_refused("[1]", "FLOAT", "[1]", "unknown datatype `FLOAT`");
    }

    #[test]
    fn numbers_may_be_texts_and_datatypes_in_small_letters() {
        let expected = read("[2]", "INT64", "[1, -2]").unwrap();
        assert_eq!(read(r#"["2"]"#, "int64", r#"["1", "-2"]"#).unwrap(), expected);
        assert_eq!(read("[2.0]", "Int64", "[1.0, -2.0]").unwrap(), expected);
    }

    #[test]
    fn numbers_that_are_not_finite_are_named() {
        for (data, written) in [("null", "null"), (r#""NaN""#, "NaN"), (r#""-Infinity""#, "-Infinity")] {
            let expected = format!("tensor `x` has `{written}` at index 1 in place of a number");
            assert_refused("[2]", "FP32", &format!("[0, {data}]"), &expected);
        }
        assert_refused("[1]", "BYTES", "[null]", "not of datatype BYTES");
    }

    #[test]
    fn numbers_that_json_cannot_represent_are_refused() {
        for number in [f64::NAN, f64::INFINITY] {
            let error = Tensor::new("x", vec![1], Datatype::Fp64, Data::Numbers(vec![number])).unwrap_err();
            assert!(matches!(error, TensorError::WrongElement { index: 0, .. }));
        }
        assert!(Tensor::rows_of_f32("x", 2, &[1.0, 2.0, 3.0]).is_err());
        assert_eq!(Tensor::rows_of_f32("x", 2, &[1.0; 4]).unwrap().shape(), [2, 2]);
    }
}
