//! The four classifiers of the page, compared with scikit-learn on the same images.
//!
//! `tools/train_digits.py` writes `expected.json` and the files in `static/` together.

use std::collections::BTreeMap;

use inference::classifier::Classifier;
use inference::digits::{CLASSES, Digits, PIXELS};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Expected {
    correct: usize,
    logits: Vec<[f64; CLASSES]>,
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

fn digits() -> Digits {
    Digits::from_csv(&read("../static/data/digits.csv")).expect("the page's own images")
}

fn classifier(name: &str) -> Classifier {
    Classifier::from_safetensors(&read(&format!("../static/models/{name}.safetensors")))
        .expect("the page's own weights")
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_slice(&read("tests/expected.json")).expect("a file of the training script")
}

#[test]
fn there_are_360_images_and_about_as_many_of_each_digit() {
    let digits = digits();
    assert_eq!(digits.len(), 360);
    for digit in 0..=9 {
        let count = digits.labels().iter().filter(|&&label| label == digit).count();
        assert!((34..=38).contains(&count), "there are {count} images of {digit}");
    }
}

#[test]
fn logits_are_the_same_as_with_scikit_learn() {
    let images = digits().scale();
    for (name, expected) in expected() {
        let images = &images[..expected.logits.len() * PIXELS];
        let logits = classifier(&name).logits(images).expect("whole images");
        let expected = expected.logits.concat();
        assert_eq!(logits.len(), expected.len());
        for (index, (logit, expected)) in logits.iter().zip(expected).enumerate() {
            let difference = (f64::from(*logit) - expected).abs();
            assert!(difference < TOLERANCE, "{name}: {logit} at {index}, expected {expected}");
        }
    }
}

#[test]
fn as_many_predictions_are_correct_as_with_scikit_learn() {
    let expected = expected();
    assert_eq!(expected.len(), 4);
    for (name, Expected { correct, .. }) in expected {
        assert_eq!(classifier(&name).correct(&digits()), correct, "{name}");
    }
}

#[test]
fn every_classifier_reads_the_first_image_as_a_four() {
    for name in expected().into_keys() {
        assert_eq!(classifier(&name).predict(&digits().scaled(0)), Ok(vec![4]), "{name}");
    }
}

#[test]
fn classifiers_have_a_name_a_description_and_sizes() {
    #[track_caller]
    fn assert_is(name: &str, sizes: &[usize], parameters: usize) {
        let classifier = classifier(name);
        assert_eq!(classifier.name(), name);
        assert!(!classifier.description().is_empty());
        assert_eq!(classifier.layer_sizes(), sizes);
        assert_eq!(classifier.parameters(), parameters);
    }
    assert_is("logistic-regression", &[64, 10], 650);
    assert_is("mlp-16", &[64, 16, 10], 1_210);
    assert_is("mlp-64", &[64, 64, 10], 4_810);
    assert_is("mlp-64-32", &[64, 64, 32, 10], 6_570);
}

#[test]
fn an_image_has_the_same_logits_in_any_batch() {
    let digits = digits();
    let classifier = classifier("mlp-64-32");
    let together = classifier.logits(&digits.scale()).expect("whole images");
    for (index, expected) in together.chunks(CLASSES).enumerate() {
        let alone = classifier.logits(&digits.scaled(index)).expect("one image");
        assert_eq!(alone, expected, "image {index}");
    }
}

#[test]
fn no_images_give_no_predictions() {
    let classifier = classifier("mlp-16");
    assert_eq!(classifier.logits(&[]), Ok(vec![]));
    assert_eq!(classifier.predict(&[]), Ok(vec![]));
}
