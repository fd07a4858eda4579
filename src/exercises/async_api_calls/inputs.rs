//! Requests for any model, built from its metadata: real digits for one that takes 64 numbers, drawn data for others.

use inference::digits::{CLASSES, Digits, PIXELS};
use inference::protocol::{Data, Datatype, InferRequest, InferResponse, ModelMetadata, Tensor, TensorMetadata};

use crate::exercises::prelude::*;

use super::plan::Plan;

/// The data set.
const DIGITS: &str = "data/digits.csv";

/// No more elements may be under way at once: in all their forms, JSON among them, they take some 100 MB.
const MOST_ELEMENTS: usize = 5_000_000;

/// One request may hold so many of them, since the page makes it in one go.
const MOST_IN_A_REQUEST: usize = 1_000_000;

/// What is sent to a model.
#[derive(Debug)]
pub(super) struct Inputs {
    tensors: Vec<TensorMetadata>,
    batch_size: u32,
    /// The data set with the place of the first image, if the model takes its images.
    digits: Option<(Digits, u32)>,
}

/// Why no request can be built.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputsError {
    #[error("model `{model}` does not tell its inputs, so no request can be built")]
    NotTold { model: String },
    #[error(
        "each request would hold {} elements, and {at_once} of them are sent at once: this page sends no more than {} in a \
         request, and {} at once",
        units::count(*elements as u64),
        units::count(MOST_IN_A_REQUEST as u64),
        units::count(MOST_ELEMENTS as u64)
    )]
    TooLarge { elements: usize, at_once: u32 },
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl InputsError {
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotTold { .. } => {
                "Declare the model's inputs in its configuration: metadata are how this page knows."
            }
            Self::TooLarge { .. } | Self::Load(_) => "Choose a smaller batch size, or a lower limit.",
        }
    }
}

impl Inputs {
    /// What to send to the model of these metadata, in batches of the plan's size where it lets one choose.
    pub async fn for_model(run: &Run, site: &Site, model: &ModelMetadata, plan: &Plan) -> Result<Self, InputsError> {
        if model.inputs.is_empty() {
            return Err(InputsError::NotTold { model: model.name.clone() });
        }
        let mut inputs = Self { tensors: model.inputs.clone(), batch_size: plan.batch_size, digits: None };
        let (elements, at_once) = (inputs.elements(), plan.most_at_once());
        if elements > MOST_IN_A_REQUEST || elements.saturating_mul(at_once as usize) > MOST_ELEMENTS {
            return Err(InputsError::TooLarge { elements, at_once });
        }
        if takes_digits(&inputs.tensors) {
            let digits =
                Digits::from_csv(&site.read(DIGITS).await.map_err(LoadError::from)?).map_err(LoadError::from)?;
            let first = run.rng("first image").u32(..digits.len() as u32);
            inputs.digits = Some((digits, first));
        }
        Ok(inputs)
    }

    /// The request with this number.
    pub fn request(&self, run: &Run, n: u32, id: String) -> InferRequest {
        let mut rng = run.rng(format_args!("inputs of request {n}"));
        let inputs = self.tensors.iter().map(|tensor| self.tensor(tensor, n, &mut rng)).collect();
        InferRequest { id: Some(id), inputs, outputs: Vec::new() }
    }

    /// How many elements all tensors of a request have.
    fn elements(&self) -> usize {
        let of = |tensor| self.shape_of(tensor).iter().fold(1_usize, |product, size| product.saturating_mul(*size));
        self.tensors.iter().map(of).fold(0, usize::saturating_add)
    }

    /// How many inputs a request holds.
    pub fn rows(&self) -> u32 {
        self.tensors.first().and_then(|tensor| self.shape_of(tensor).first().copied()).unwrap_or(1) as u32
    }

    /// The digits that a response reads; none for a model that reads none.
    pub fn labels(&self, response: &InferResponse) -> Option<Vec<u8>> {
        self.digits.as_ref().and_then(|_| labels(response, self.rows() as usize))
    }

    /// The images of a request, beside what was read in them.
    pub fn read(&self, n: u32, predicted: &[u8]) -> Vec<Digit> {
        let digit = |((pixels, label), predicted): (([f32; PIXELS], u8), &u8)| Digit {
            pixels: pixels.to_vec(),
            label,
            predicted: *predicted,
        };
        self.images(n).into_iter().flatten().zip(predicted).map(digit).collect()
    }

    /// The images of a request with their labels. After the last comes the first again.
    fn images(&self, n: u32) -> Option<impl Iterator<Item = ([f32; PIXELS], u8)>> {
        let (digits, first) = self.digits.as_ref()?;
        let rows = u64::from(self.rows());
        let from = u64::from(*first) + u64::from(n) * rows;
        let places = (from..from + rows).map(|place| (place % digits.len() as u64) as usize);
        Some(places.map(|place| (digits.scaled(place), digits.label(place))))
    }

    fn tensor(&self, metadata: &TensorMetadata, n: u32, rng: &mut Rng) -> Tensor {
        let shape = self.shape_of(metadata);
        let elements = shape.iter().product();
        let data = match self.images(n) {
            Some(images) => Data::Numbers(images.flat_map(|(pixels, _)| pixels).map(f64::from).collect()),
            None => drawn(metadata.datatype, elements, rng),
        };
        Tensor::new(&metadata.name, shape, metadata.datatype, data).expect("the elements are made for the shape")
    }

    /// Where any size is allowed the first dimension is the batch, and the others are 1.
    fn shape_of(&self, metadata: &TensorMetadata) -> Vec<usize> {
        let any = |place: usize| if place == 0 { self.batch_size as usize } else { 1 };
        let size = |(place, size): (usize, &i64)| usize::try_from(*size).unwrap_or(any(place));
        metadata.shape.iter().enumerate().map(size).collect()
    }
}

/// One input of images with 64 pixels, in numbers from 0 to 1.
fn takes_digits(inputs: &[TensorMetadata]) -> bool {
    let is_fraction = |datatype| matches!(datatype, Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64);
    matches!(inputs, [input] if is_fraction(input.datatype) && matches!(*input.shape, [rows, 64] if rows != 0))
}

/// Numbers from 0 to 1, whole ones up to 100, and short texts: what any model can take.
fn drawn(datatype: Datatype, elements: usize, rng: &mut Rng) -> Data {
    match (datatype, datatype.whole_numbers()) {
        (Datatype::Bool, _) => Data::Booleans((0..elements).map(|_| rng.bool()).collect()),
        (Datatype::Bytes, _) => Data::Texts((0..elements).map(|n| format!("text {n}")).collect()),
        (_, Some(_)) => Data::Numbers((0..elements).map(|_| f64::from(rng.u32(0..=100))).collect()),
        // Few digits, so that a request is no longer than it must be.
        (_, None) => Data::Numbers((0..elements).map(|_| f64::from(rng.u32(0..=1_000)) / 1e3).collect()),
    }
}

/// The digit that is read in each row: given as such, or as the greatest of ten scores. None if no output says.
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
    Some(as_scores.numbers()?.chunks_exact(CLASSES).map(greatest).collect())
}

fn count(tensor: &Tensor) -> usize {
    tensor.data().len()
}

/// The place of the greatest score, the first of equals.
fn greatest(scores: &[f64]) -> u8 {
    let later_if_greater = |best: usize, place: usize| if scores[place] > scores[best] { place } else { best };
    (0..scores.len()).reduce(later_if_greater).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use inference::protocol::{decode, encode};

    use super::*;

    fn model(inputs: &[(&str, Datatype, &[i64])]) -> ModelMetadata {
        let tensor = |(name, datatype, shape): &(&str, Datatype, &[i64])| TensorMetadata {
            name: (*name).to_owned(),
            datatype: *datatype,
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
        Inputs::for_model(&run, &site, model, &plan).now_or_never().expect("the file is at hand")
    }

    #[test]
    fn a_model_of_64_numbers_gets_real_digits_row_by_row() {
        let inputs = inputs(&model(&[("images", Datatype::Fp32, &[-1, 64])]), 3).expect("it can be built");
        let run = Run::on_virtual_clock(7);
        let request = inputs.request(&run, 2, "2/1".to_owned());
        assert_eq!(request.inputs[0].shape(), [3, 64]);
        let pixels = request.inputs[0].numbers().expect("they are numbers");
        let images: Vec<_> = inputs.images(2).expect("they are digits").flat_map(|(pixels, _)| pixels).collect();
        assert!(pixels.iter().zip(images).all(|(sent, meant)| *sent == f64::from(meant)));
    }

    #[test]
    fn after_the_last_image_comes_the_first() {
        let inputs = inputs(&model(&[("images", Datatype::Fp64, &[-1, 64])]), 100).expect("it can be built");
        let labels = |n| inputs.images(n).expect("they are digits").map(|(_, label)| label).collect::<Vec<_>>();
        // The data set has 360 images: 18 requests of 100 go round it five times.
        assert_eq!(labels(0), labels(18));
        assert_ne!(labels(0), labels(1));
    }

    #[test]
    fn any_other_model_gets_data_of_its_shapes_and_datatypes() {
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
        assert_eq!(decode::<InferRequest>(&encode(&request)).expect("it is the protocol"), request);
        assert_eq!(inputs.request(&run, 0, "0/1".to_owned()), request, "the seed draws the same again");
        assert_eq!(inputs.rows(), 4);
    }

    #[test]
    fn what_cannot_be_built_says_why() {
        let error = inputs(&model(&[]), 1).expect_err("nothing is told");
        assert_eq!(error.to_string(), "model `m` does not tell its inputs, so no request can be built");
        let error = inputs(&model(&[("x", Datatype::Fp32, &[-1, 3, 1024, 1024])]), 10).expect_err("it is much");
        assert!(error.to_string().contains("each request would hold 31,457,280 elements"), "{error}");
        let error =
            inputs(&model(&[("x", Datatype::Fp32, &[-1, 100_000][..]); 9]), 1).expect_err("8 at once are too much");
        assert!(error.to_string().contains("900,000 elements, and 8 of them are sent at once"), "{error}");
        assert!(inputs(&model(&[("x", Datatype::Fp32, &[i64::MAX, i64::MAX])]), 1).is_err());
    }

    #[test]
    fn a_digit_is_read_from_a_label_or_from_scores() {
        let inputs = inputs(&model(&[("images", Datatype::Fp32, &[-1, 64])]), 2).expect("it can be built");
        let response =
            |output| InferResponse { model_name: "m".into(), model_version: None, id: None, outputs: vec![output] };
        let label = Tensor::new("label", vec![2], Datatype::Int64, Data::Numbers(vec![3.0, 8.0])).expect("it is sound");
        let mut scores = vec![0.0; 20];
        (scores[3], scores[18]) = (1.0, 1.0);
        let scores = Tensor::rows_of_f32("scores", 10, &scores).expect("it is sound");
        for output in [label, scores] {
            assert_eq!(inputs.labels(&response(output)), Some(vec![3, 8]));
        }
        let other = Tensor::rows_of_f32("embedding", 5, &[0.0; 10]).expect("it is sound");
        assert_eq!(inputs.labels(&response(other)), None);
        let read = inputs.read(0, &[3, 8]);
        assert_eq!(read.iter().map(|digit| digit.predicted).collect::<Vec<_>>(), [3, 8]);
    }
}
