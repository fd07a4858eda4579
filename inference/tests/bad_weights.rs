//! Files that are not classifiers: each is refused with the cause, and nothing panics.

use std::collections::BTreeMap;

use inference::classifier::Classifier;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

const REAL: &str = "../static/models/mlp-16.safetensors";

fn real() -> Vec<u8> {
    std::fs::read(REAL).expect("the page's own weights")
}

/// A file of zeros, described by the datatype and shape of each tensor.
#[derive(Clone)]
struct File {
    metadata: Value,
    tensors: BTreeMap<&'static str, (&'static str, Vec<usize>)>,
    last_number: f32,
}

impl File {
    /// A valid perceptron with two layers.
    fn good() -> Self {
        let tensors = [
            ("layers.0.weight", ("F32", vec![3, 64])),
            ("layers.0.bias", ("F32", vec![3])),
            ("layers.1.weight", ("F32", vec![10, 3])),
            ("layers.1.bias", ("F32", vec![10])),
        ];
        Self { metadata: json!({"name": "good"}), tensors: tensors.into(), last_number: 0.0 }
    }

    fn with(mut self, tensor: &'static str, dtype: &'static str, shape: &[usize]) -> Self {
        self.tensors.insert(tensor, (dtype, shape.to_vec()));
        self
    }

    fn without(mut self, tensor: &str) -> Self {
        self.tensors.remove(tensor);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut header = json!({"__metadata__": self.metadata});
        let mut end = 0;
        for (name, (dtype, shape)) in &self.tensors {
            let width = if *dtype == "F16" { 2 } else { 4 };
            let start = end;
            end += shape.iter().product::<usize>() * width;
            header[name] = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        }
        let mut data = vec![0; end];
        if let Some(last) = data.last_chunk_mut() {
            *last = self.last_number.to_le_bytes();
        }
        with_header(&header.to_string(), &data)
    }
}

fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn error(bytes: &[u8]) -> String {
    Classifier::from_safetensors(bytes).expect_err("not a classifier").to_string()
}

/// The cause of the error for a file with this header.
fn cause(header: &str) -> String {
    let error = Classifier::from_safetensors(&with_header(header, &[0; 8])).expect_err("not a classifier");
    std::error::Error::source(&error).expect("the header is wrong").to_string()
}

fn one_tensor(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"t":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}"#)
}

#[track_caller]
fn assert_refused(file: File, expected: &str) {
    assert_eq!(error(&file.bytes()), expected);
}

#[test]
fn a_valid_file_is_accepted() {
    let classifier = Classifier::from_safetensors(&File::good().bytes()).expect("a classifier");
    assert_eq!(classifier.name(), "good");
    assert_eq!(classifier.description(), "");
    assert_eq!(classifier.layer_sizes(), [64, 3, 10]);
}

#[test]
fn bytes_of_another_format_are_named() {
    assert_eq!(error(b""), "the file is empty");
    assert_eq!(error(b"\n<!DOCTYPE html><html>"), "found a web page instead of a safetensors file");
    assert_eq!(error(b"label,p0,p1,p2"), "the file is not a safetensors file");
    assert_eq!(error(&with_header("not json", &[])), "the file is not a safetensors file");
    assert_eq!(error(&with_header("[]", &[])), "the file is not a safetensors file");
}

#[test]
fn the_cause_of_a_bad_header_is_named() {
    for (header, expected) in [
        ("not json", "expected ident at line 1 column 2"),
        ("{\"a", "EOF while parsing a string at line 1 column 3"),
        ("{} x", "trailing characters at line 1 column 4"),
        (&one_tensor("\"F31\"", "[2]", "[0,8]"), "unknown variant `F31`"),
        (&one_tensor("\"F32\"", "[-2]", "[0,8]"), "expected usize"),
        (&one_tensor("\"F32\"", "[2.0]", "[0,8]"), "expected usize"),
        (&one_tensor("\"F32\"", "[2]", "[0]"), "invalid length 1"),
        (&one_tensor("\"F32\"", "[2]", "[4,12]"), "invalid offset for tensor `t`"),
        (&one_tensor("\"F32\"", "[2]", "[0,7]"), "invalid shape, data type, or offset for tensor"),
        (&one_tensor("\"F32\"", "[18446744073709551616]", "[0,0]"), "expected usize"),
        (&one_tensor("\"F32\"", "[4611686018427387904]", "[0,0]"), "overflow"),
        (r#"{"t":{"dtype":"U8"}}"#, "missing field"),
    ] {
        let cause = cause(header);
        assert!(cause.contains(expected), "{header}: {cause}");
    }
}

#[test]
fn a_header_of_any_depth_or_length_is_refused_or_read_without_a_panic() {
    for deep in ["[", "{\"a\":", "{\"a\":{\"shape\":["] {
        assert_eq!(error(&with_header(&deep.repeat(1_000_000), &[])), "the file is not a safetensors file");
    }
    let tensors: Vec<_> = (0..100_000)
        .map(|index| format!(r#""{index}":{{"dtype":"U8","shape":[],"data_offsets":[{index},{}]}}"#, index + 1))
        .collect();
    let header = format!(r#"{{"__metadata__":{{"name":"many"}},{}}}"#, tensors.join(","));
    assert_eq!(error(&with_header(&header, &[0; 100_000])), "tensor `layers.0.weight` is missing");
}

#[test]
fn the_error_for_an_incomplete_file_gives_both_sizes() {
    let real = real();
    let end = real.len();
    assert_eq!(error(&real[..5]), "the file is cut off: it has 5 bytes and needs at least 8");
    assert_eq!(
        error(&real[..end - 1]),
        format!("the file is cut off: it has {} bytes and needs at least {end}", end - 1)
    );
    let longer = [&real[..], b"tail"].concat();
    assert_eq!(error(&longer), format!("the file has {} bytes, but its tensors end at {end}", end + 4));
}

#[test]
fn a_classifier_without_a_name_is_refused() {
    let unnamed = File { metadata: json!({"dataset": "digits"}), ..File::good() };
    assert_refused(unnamed, "the metadata have no `name`");
}

#[test]
fn tensors_must_be_those_of_the_layers() {
    let good = File::good;
    assert_refused(good().without("layers.1.bias"), "tensor `layers.1.bias` is missing");
    assert_refused(good().without("layers.1.weight"), "tensor `layers.1.weight` is missing");
    assert_refused(File { tensors: BTreeMap::new(), ..good() }, "tensor `layers.0.weight` is missing");
    assert_refused(good().with("extra", "F32", &[1]), "tensor `extra` belongs to no layer");
    assert_refused(good().with("layers.3.bias", "F32", &[1]), "tensor `layers.3.bias` belongs to no layer");
    assert_refused(good().with("layers.01.bias", "F32", &[1]), "tensor `layers.01.bias` belongs to no layer");
    assert_refused(good().with("layers.1.biases", "F32", &[1]), "tensor `layers.1.biases` belongs to no layer");
}

#[test]
fn shapes_must_chain_from_64_pixels_to_10_digits() {
    let good = File::good;
    assert_refused(
        good().with("layers.0.weight", "F32", &[3, 63]),
        "tensor `layers.0.weight` has shape [3, 63], expected [n, 64]",
    );
    assert_refused(
        good().with("layers.0.weight", "F32", &[0, 64]),
        "tensor `layers.0.weight` has shape [0, 64], expected [n, 64]",
    );
    assert_refused(
        good().with("layers.0.weight", "F32", &[192]),
        "tensor `layers.0.weight` has shape [192], expected [n, 64]",
    );
    assert_refused(good().with("layers.0.bias", "F32", &[4]), "tensor `layers.0.bias` has shape [4], expected [3]");
    assert_refused(
        good().with("layers.1.weight", "F32", &[10, 4]),
        "tensor `layers.1.weight` has shape [10, 4], expected [n, 3]",
    );
    assert_refused(
        good().with("layers.1.weight", "F32", &[9, 3]).with("layers.1.bias", "F32", &[9]),
        "tensor `layers.1.weight` has shape [9, 3], expected [10, 3]",
    );
}

#[test]
fn numbers_must_be_finite_float32() {
    assert_refused(
        File::good().with("layers.0.bias", "F16", &[3]),
        "tensor `layers.0.bias` has datatype F16, expected F32",
    );
    for (last_number, found) in [
        (f32::NAN, "a value that is not a number"),
        (f32::INFINITY, "an infinite number"),
        (f32::NEG_INFINITY, "an infinite number"),
    ] {
        assert_refused(
            File { last_number, ..File::good() },
            &format!("tensor `layers.1.weight` has {found} at index 29, expected finite numbers"),
        );
    }
}

#[test]
fn huge_sizes_are_refused_without_using_memory() {
    let huge = usize::MAX / 8;
    let tensors: Vec<_> = (0..8)
        .map(|index| {
            let (start, end) = (index * huge, (index + 1) * huge);
            format!(r#""t{index}":{{"dtype":"U8","shape":[{huge}],"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    let message = error(&with_header(&format!("{{{}}}", tensors.join(",")), &[]));
    assert!(message.starts_with("the file is cut off"), "{message}");

    let overflow = r#"{"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#;
    assert_eq!(error(&with_header(overflow, &[0; 4])), "the file is not a safetensors file");
    assert_eq!(error(&[0xff; 64]), "the file is not a safetensors file");
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(6),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_incomplete_file_is_refused(length in 0..5_000usize) {
        prop_assert!(Classifier::from_safetensors(&real()[..length]).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_or_still_answers(
        damages in prop::collection::vec((0..5_000usize, any::<u8>()), 1..8),
    ) {
        assert_answers_or_refuses(&damages);
    }

    #[test]
    fn a_damaged_header_is_refused_or_still_answers(
        damages in prop::collection::vec((0..900usize, any::<u8>()), 1..4),
    ) {
        assert_answers_or_refuses(&damages);
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Classifier::from_safetensors(&bytes).is_err());
        let as_header = [&(bytes.len() as u64).to_le_bytes()[..], &bytes].concat();
        prop_assert!(Classifier::from_safetensors(&as_header).is_err());
    }
}

fn assert_answers_or_refuses(damages: &[(usize, u8)]) {
    let mut bytes = real();
    for (index, byte) in damages {
        bytes[*index] = *byte;
    }
    if let Ok(classifier) = Classifier::from_safetensors(&bytes) {
        assert_eq!(classifier.predict(&[1.0; 128]).map(|digits| digits.len()), Ok(2));
    }
}
