//! Requests for any model. They are built from its metadata, with real digits if its input has 64 numbers and random data
//! otherwise, or from inputs that the reader has entered.

use inference::digits::{CLASSES, Digits, PIXELS};
use inference::protocol::{
    Data, Datatype, DeclaredDatatype, InferRequest, InferResponse, ModelMetadata, Tensor, TensorMetadata,
};

use crate::exercises::prelude::*;

use super::entered::{self, EnteredError};
use super::plan::Plan;

/// The path of the data set.
const DIGITS: &str = "data/digits.csv";

/// The maximum number of elements in flight. With all their copies, such as JSON, they take about 100 MB.
const MAX_ELEMENTS_IN_FLIGHT: usize = 5_000_000;

/// The maximum number of elements in a request. Building a request blocks the page, so it must not be larger.
const MAX_ELEMENTS: usize = 1_000_000;

/// One of the tensors that a model takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub name: String,
    pub datatype: Datatype,
    /// The size of each dimension, or -1 if any size is allowed.
    pub shape: Vec<i64>,
    /// The data of every request. None for random data.
    pub data: Option<Tensor>,
}

impl Input {
    fn of_model(model: &ModelMetadata, input: &TensorMetadata) -> Result<Self, InputsError> {
        match &input.datatype {
            DeclaredDatatype::Known(datatype) => {
                Ok(Self { name: input.name.clone(), datatype: *datatype, shape: input.shape.clone(), data: None })
            }
            DeclaredDatatype::Other(datatype) => Err(InputsError::UnknownDatatype {
                model: model.name.clone(),
                input: input.name.clone(),
                datatype: datatype.clone(),
            }),
        }
    }
}

/// The inputs for a model.
#[derive(Debug)]
pub(super) struct Inputs {
    tensors: Vec<Input>,
    batch_size: u32,
    /// The data set and the index of the first image to be sent, if the model classifies digits.
    digits: Option<(Digits, u32)>,
}

/// The reason why requests cannot be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputsError {
    #[error("model `{model}` does not declare its inputs, so no request can be built")]
    NotDeclared { model: String },
    #[error(
        "model `{model}` declares its input `{input}` {}",
        if datatype.is_empty() { "without a datatype".to_owned() } else {
            format!("with the datatype `{datatype}`, which the protocol does not have")
        }
    )]
    UnknownDatatype { model: String, input: String, datatype: String },
    #[error(
        "each request would contain {} elements, and {in_flight} requests can be in flight; the limits are {} \
        elements per request and {} elements in flight",
        units::count(*elements as u64),
        units::count(MAX_ELEMENTS as u64),
        units::count(MAX_ELEMENTS_IN_FLIGHT as u64)
    )]
    TooLarge { elements: usize, in_flight: u32 },
    #[error(transparent)]
    Entered(#[from] EnteredError),
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl InputsError {
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotDeclared { .. } => {
                "Enter the model's inputs under “Inputs”, or declare them in the model's configuration."
            }
            Self::UnknownDatatype { .. } => {
                "Enter the model's inputs under “Inputs”, or use a datatype of the Open Inference Protocol in the model's \
                 configuration, such as `FP32` or `BYTES`."
            }
            Self::Entered(_) => {
                "Write them as in a request, for example `[{\"name\": \"x\", \"datatype\": \"FP32\", \"shape\": [1, 4], \
                 \"data\": \"random\"}]`."
            }
            Self::TooLarge { .. } => "Choose a smaller batch size or a lower limit.",
            Self::Load(error) => error.advice(),
        }
    }
}

impl Inputs {
    /// The inputs that the reader has entered; `None` if there are none.
    pub fn entered(plan: &Plan) -> Result<Option<Self>, InputsError> {
        if plan.entered_inputs.is_empty() {
            return Ok(None);
        }
        Self::of_size(entered::parse(&plan.entered_inputs)?, plan).map(Some)
    }

    /// The inputs for the model with this metadata. The batch size is the plan's, unless the model has a fixed one.
    pub async fn for_model(run: &Run, site: &Site, model: &ModelMetadata, plan: &Plan) -> Result<Self, InputsError> {
        if model.inputs.is_empty() {
            return Err(InputsError::NotDeclared { model: model.name.clone() });
        }
        let tensors = model.inputs.iter().map(|input| Input::of_model(model, input)).collect::<Result<_, _>>()?;
        let mut inputs = Self::of_size(tensors, plan)?;
        if takes_digits(&inputs.tensors) {
            let digits =
                Digits::from_csv(&site.read(DIGITS).await.map_err(LoadError::from)?).map_err(LoadError::from)?;
            let first = run.rng("first image").u32(..digits.len() as u32);
            inputs.digits = Some((digits, first));
        }
        Ok(inputs)
    }

    /// The inputs for these tensors, unless they are too large.
    fn of_size(tensors: Vec<Input>, plan: &Plan) -> Result<Self, InputsError> {
        let inputs = Self { tensors, batch_size: plan.batch_size, digits: None };
        let (elements, in_flight) = (inputs.elements(), plan.max_in_flight());
        if elements > MAX_ELEMENTS || elements.saturating_mul(in_flight as usize) > MAX_ELEMENTS_IN_FLIGHT {
            return Err(InputsError::TooLarge { elements, in_flight });
        }
        Ok(inputs)
    }

    /// The names, types and shapes of the tensors, such as `images FP32 [-1, 64]`.
    pub fn in_words(&self) -> String {
        let in_words = |input: &Input| format!("{} {} {:?}", input.name, input.datatype, input.shape);
        self.tensors.iter().map(in_words).collect::<Vec<_>>().join(", ")
    }

    /// The request with this number.
    pub fn request(&self, run: &Run, n: u32, id: String) -> InferRequest {
        let mut rng = run.rng(format_args!("inputs of request {n}"));
        let inputs = self.tensors.iter().map(|tensor| self.tensor(tensor, n, &mut rng)).collect();
        InferRequest { id: Some(id), inputs, outputs: Vec::new() }
    }

    /// The number of elements in all tensors of a request.
    fn elements(&self) -> usize {
        let size = |tensor| {
            let product = self.shape_of(tensor).iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
            product.unwrap_or(usize::MAX)
        };
        self.tensors.iter().map(size).fold(0, usize::saturating_add)
    }

    /// The number of inputs in a request.
    pub fn rows(&self) -> u32 {
        self.tensors.first().and_then(|tensor| self.shape_of(tensor).first().copied()).unwrap_or(1) as u32
    }

    /// The predicted digits in a response; `None` if the model does not classify digits.
    pub fn labels(&self, response: &InferResponse) -> Option<Vec<u8>> {
        self.digits.as_ref().and_then(|_| labels(response, self.rows() as usize))
    }

    /// The images of a request, with their labels and the predicted digits.
    pub fn predicted(&self, n: u32, predicted: &[u8]) -> Vec<Digit> {
        let digit = |((pixels, label), predicted): (([f32; PIXELS], u8), &u8)| Digit {
            pixels: pixels.to_vec(),
            label,
            predicted: *predicted,
        };
        self.images(n).into_iter().flatten().zip(predicted).map(digit).collect()
    }

    /// The images of a request with their labels. After the last image of the data set, the first one follows.
    fn images(&self, n: u32) -> Option<impl Iterator<Item = ([f32; PIXELS], u8)>> {
        let (digits, first) = self.digits.as_ref()?;
        let rows = u64::from(self.rows());
        let from = u64::from(*first) + u64::from(n) * rows;
        let indices = (from..from + rows).map(|index| (index % digits.len() as u64) as usize);
        Some(indices.map(|index| (digits.scaled(index), digits.label(index))))
    }

    fn tensor(&self, input: &Input, n: u32, rng: &mut Rng) -> Tensor {
        if let Some(data) = &input.data {
            return data.clone();
        }
        let shape = self.shape_of(input);
        let elements = shape.iter().product();
        let data = match self.images(n) {
            Some(images) => Data::Numbers(images.flat_map(|(pixels, _)| pixels).map(f64::from).collect()),
            None => random_data(input.datatype, elements, rng),
        };
        Tensor::new(&input.name, shape, input.datatype, data).expect("the number of elements fits the shape")
    }

    /// The shape of a tensor. If any size is allowed, the first dimension is the batch size, and the others are 1.
    fn shape_of(&self, input: &Input) -> Vec<usize> {
        let default = |index: usize| if index == 0 { self.batch_size as usize } else { 1 };
        let size = |(index, size): (usize, &i64)| match u64::try_from(*size) {
            Ok(size) => usize::try_from(size).unwrap_or(usize::MAX),
            Err(_) => default(index),
        };
        input.shape.iter().enumerate().map(size).collect()
    }
}

/// True if there is one input: images of 64 pixels, with fractions from 0 to 1.
fn takes_digits(inputs: &[Input]) -> bool {
    let is_fraction = |datatype| matches!(datatype, Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64);
    matches!(inputs, [input] if is_fraction(input.datatype) && matches!(*input.shape, [rows, 64] if rows != 0))
}

/// Random data that any model accepts: fractions from 0 to 1, whole numbers up to 100, and short texts.
fn random_data(datatype: Datatype, elements: usize, rng: &mut Rng) -> Data {
    match (datatype, datatype.whole_numbers()) {
        (Datatype::Bool, _) => Data::Booleans((0..elements).map(|_| rng.bool()).collect()),
        (Datatype::Bytes, _) => Data::Texts((0..elements).map(|n| format!("text {n}")).collect()),
        (_, Some(_)) => Data::Numbers((0..elements).map(|_| f64::from(rng.u32(0..=100))).collect()),
        // Three decimals keep requests short.
        (_, None) => Data::Numbers((0..elements).map(|_| f64::from(rng.u32(0..=1_000)) / 1e3).collect()),
    }
}

/// The predicted digit for each row: a label, or the index of the highest of ten scores. `None` without such an output.
fn labels(response: &InferResponse, rows: usize) -> Option<Vec<u8>> {
    let are_digits = |tensor: &Tensor| {
        let is_digit = |number: &f64| (0.0..CLASSES as f64).contains(number);
        count(tensor) == rows && tensor.numbers().is_some_and(|numbers| numbers.iter().all(is_digit))
    };
    let as_digits = response.outputs.iter().find(|it| it.datatype().whole_numbers().is_some() && are_digits(it));
    if let Some(numbers) = as_digits.and_then(Tensor::numbers) {
        return Some(numbers.iter().map(|number| *number as u8).collect());
    }
    let as_scores = response.outputs.iter().find(|it| it.shape() == [rows, CLASSES])?;
    Some(as_scores.numbers()?.chunks_exact(CLASSES).map(index_of_highest).collect())
}

fn count(tensor: &Tensor) -> usize {
    tensor.data().len()
}

/// The index of the highest score; of equal ones, the first.
fn index_of_highest(scores: &[f64]) -> u8 {
    let later_if_higher = |best: usize, index: usize| if scores[index] > scores[best] { index } else { best };
    (0..scores.len()).reduce(later_if_higher).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use inference::protocol::{decode, encode};
    use proptest::{prop_assert, prop_assert_eq, proptest};
    use serde_json::json;

    use super::*;
    use crate::endpoint::mutations::{mutated, mutations};

    fn model(inputs: &[(&str, Datatype, &[i64])]) -> ModelMetadata {
        let tensor = |(name, datatype, shape): &(&str, Datatype, &[i64])| TensorMetadata {
            name: (*name).to_owned(),
            datatype: (*datatype).into(),
            shape: shape.to_vec(),
        };
        ModelMetadata {
            name: "m".to_owned(),
            versions: Vec::new(),
            platform: String::new(),
            inputs: inputs.iter().map(tensor).collect(),
            outputs: Vec::new(),
        }
    }

    fn inputs(model: &ModelMetadata, batch_size: u32) -> Result<Inputs, InputsError> {
        let digits = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/static/data/digits.csv"));
        let site = Site::in_memory([(DIGITS, digits.expect("the repository has it").into())]);
        let run = Run::on_virtual_clock(7);
        let mut settings = Settings::defaults(super::super::plan::CONTROLS);
        settings.set("batch-size", Value::Number(batch_size.into()));
        let plan = Plan::new(&settings, &run);
        Inputs::for_model(&run, &site, model, &plan).now_or_never().expect("the file is in memory")
    }

    #[test]
    fn a_model_with_64_input_numbers_gets_real_digits() {
        let inputs = inputs(&model(&[("images", Datatype::Fp32, &[-1, 64])]), 3).expect("it can be built");
        let run = Run::on_virtual_clock(7);
        let request = inputs.request(&run, 2, "2/1".to_owned());
        assert_eq!(request.inputs[0].shape(), [3, 64]);
        let pixels = request.inputs[0].numbers().expect("they are numbers");
        let images: Vec<_> = inputs.images(2).expect("they are digits").flat_map(|(pixels, _)| pixels).collect();
        assert!(pixels.iter().zip(images).all(|(sent, expected)| *sent == f64::from(expected)));
    }

    #[test]
    fn after_the_last_image_the_first_one_follows() {
        let inputs = inputs(&model(&[("images", Datatype::Fp64, &[-1, 64])]), 100).expect("it can be built");
        let labels = |n| inputs.images(n).expect("they are digits").map(|(_, label)| label).collect::<Vec<_>>();
        // The data set has 360 images: 18 requests of 100 images use all of them five times.
        assert_eq!(labels(0), labels(18));
        assert_ne!(labels(0), labels(1));
    }

    #[test]
    fn any_other_model_gets_random_data_of_its_shapes_and_datatypes() {
        let model = model(&[
            ("image", Datatype::Uint8, &[-1, 3, -1, 2]),
            ("flags", Datatype::Bool, &[2]),
            ("texts", Datatype::Bytes, &[-1]),
            ("scalar", Datatype::Fp16, &[]),
        ]);
        let inputs = inputs(&model, 4).expect("it can be built");
        let run = Run::on_virtual_clock(7);
        let request = inputs.request(&run, 0, "0/1".to_owned());
        let shapes: Vec<_> = request.inputs.iter().map(|tensor| tensor.shape().to_vec()).collect();
        assert_eq!(shapes, [vec![4, 3, 1, 2], vec![2], vec![4], vec![]]);
        assert_eq!(decode::<InferRequest>(&encode(&request)).expect("it follows the protocol"), request);
        assert_eq!(inputs.request(&run, 0, "0/1".to_owned()), request, "the same seed gives the same request");
        assert_eq!(inputs.rows(), 4);
    }

    #[test]
    fn entered_inputs_are_sent_as_they_are_and_random_ones_have_the_batch_size() {
        let text = r#"[{"name": "ids", "datatype": "INT64", "shape": [1, 2], "data": [7, 8]},
                       {"name": "images", "datatype": "FP32", "shape": [-1, 64]}]"#;
        let mut settings = Settings::defaults(super::super::plan::CONTROLS);
        settings.set("endpoint", Value::Choice("own"));
        settings.set("inputs", Value::Text(text.to_owned()));
        settings.set("batch-size", Value::Number(3.0));
        let run = Run::on_virtual_clock(7);
        let inputs = Inputs::entered(&Plan::new(&settings, &run)).expect("they can be built").expect("there are some");
        let request = inputs.request(&run, 4, "4/1".to_owned());
        assert_eq!(request.inputs[0].numbers(), Some(&[7.0, 8.0][..]));
        assert_eq!(request.inputs[1].shape(), [3, 64]);
        assert_eq!((inputs.rows(), inputs.predicted(4, &[1]).len()), (1, 0));
        assert_eq!(inputs.in_words(), "ids INT64 [1, 2], images FP32 [-1, 64]");
        settings.set("endpoint", Value::Choice("embedded"));
        assert!(Inputs::entered(&Plan::new(&settings, &run)).expect("nothing is wrong").is_none());
    }

    #[test]
    fn a_request_that_cannot_be_built_is_an_error_with_the_reason() {
        let error = inputs(&model(&[]), 1).expect_err("no inputs are declared");
        assert_eq!(error.to_string(), "model `m` does not declare its inputs, so no request can be built");
        let error = inputs(&model(&[("x", Datatype::Fp32, &[-1, 3, 1024, 1024])]), 10).expect_err("it is too large");
        assert!(error.to_string().contains("each request would contain 31,457,280 elements"), "{error}");
        let error =
            inputs(&model(&[("x", Datatype::Fp32, &[-1, 100_000][..]); 9]), 1).expect_err("8 of them are too much");
        assert!(error.to_string().contains("900,000 elements, and 8 requests can be in flight"), "{error}");
        for shape in [[i64::MAX, i64::MAX, 1], [i64::MAX, i64::MAX, 0]] {
            let error = inputs(&model(&[("x", Datatype::Fp32, &shape)]), 1).expect_err("no memory is large enough");
            assert!(matches!(error, InputsError::TooLarge { .. }), "{error}");
        }
        let mut other = model(&[("x", Datatype::Fp32, &[-1])]);
        other.inputs[0].datatype = DeclaredDatatype::Other("TYPE_STRING".to_owned());
        let error = inputs(&other, 1).expect_err("the protocol has no such type");
        assert!(error.to_string().contains("with the datatype `TYPE_STRING`"), "{error}");
    }

    proptest! {
        #[test]
        fn any_metadata_gives_requests_or_a_reason_and_any_response_is_read(
            mutations_of_model in mutations(), mutations_of_response in mutations(), batch_size in 1..50_u32,
        ) {
            let tensor = json!({ "name": "x", "datatype": "FP32", "shape": [-1, 64] });
            let model = json!({ "name": "m", "inputs": [tensor, tensor], "outputs": [tensor] });
            let model = serde_json::from_value::<ModelMetadata>(mutated(model, &mutations_of_model));
            let output = json!({ "name": "y", "datatype": "INT64", "shape": [2], "data": [3, 4] });
            let response = mutated(json!({ "model_name": "m", "outputs": [output] }), &mutations_of_response);
            let response = serde_json::from_value::<InferResponse>(response);
            if let Ok(model) = model {
                match inputs(&model, batch_size) {
                    Err(error) => prop_assert!(!error.to_string().is_empty() && !error.advice().is_empty()),
                    Ok(inputs) => {
                        let request = inputs.request(&Run::on_virtual_clock(7), 0, "0/1".to_owned());
                        prop_assert_eq!(decode::<InferRequest>(&encode(&request)).expect("it follows the protocol"), request);
                        let labels = response.ok().and_then(|response| inputs.labels(&response)).unwrap_or_default();
                        prop_assert!(inputs.predicted(0, &labels).len() <= labels.len());
                    }
                }
            }
        }
    }

    #[test]
    fn predicted_digits_come_from_labels_or_from_scores() {
        let inputs = inputs(&model(&[("images", Datatype::Fp32, &[-1, 64])]), 2).expect("it can be built");
        let response =
            |output| InferResponse { model_name: "m".into(), model_version: None, id: None, outputs: vec![output] };
        let label = Tensor::new("label", vec![2], Datatype::Int64, Data::Numbers(vec![3.0, 8.0])).expect("it is valid");
        let mut scores = vec![0.0; 20];
        (scores[3], scores[18]) = (1.0, 1.0);
        let scores = Tensor::rows_of_f32("scores", 10, &scores).expect("it is valid");
        for output in [label, scores] {
            assert_eq!(inputs.labels(&response(output)), Some(vec![3, 8]));
        }
        let other = Tensor::rows_of_f32("embedding", 5, &[0.0; 10]).expect("it is valid");
        assert_eq!(inputs.labels(&response(other)), None);
        let predicted = inputs.predicted(0, &[3, 8]);
        assert_eq!(predicted.iter().map(|digit| digit.predicted).collect::<Vec<_>>(), [3, 8]);
    }
}
