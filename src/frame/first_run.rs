//! The run of the first page: the same three steps in sequence and concurrently, next to their code in Python. Before
//! it has run, its ideal is shown as a forecast, in the HTML and in the app.

use crate::exercises::catalogue::EXERCISES;
use crate::exercises::controls::Value;
use crate::exercises::experiment::Experiment;
use crate::figures::node::Node;
use crate::figures::race::{Forecast, RaceTrack, race, symbol_name};
use crate::share::permalink::Setup;

/// A part of the run with the default settings. A test computes these values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedPart {
    /// The name of its task, and of its function in Python.
    pub task: &'static str,
    /// The number of its lanes. No setting makes it larger.
    pub rows: u32,
    /// Its ideal in microseconds.
    pub ideal_us: u64,
}

/// The parts.
pub const PARTS: [ExpectedPart; 2] = [
    ExpectedPart { task: "sequential_execution", rows: 1, ideal_us: 900_000 },
    ExpectedPart { task: "concurrent_execution", rows: 2, ideal_us: 700_000 },
];

/// The caption before the run.
pub const FORECAST: &str = "Forecast: the times if only the waits took time.";

/// The caption during the run.
pub const RUNNING: &str = "Running: the forecast is filled in as it happens.";

/// The sentence about the code, before the link to the exercise.
pub const IN_PYTHON: &str = "The program in Python. Here it runs in Rust.";

/// The link to the exercise.
pub const MORE: &str = "See both";

/// The setup: the first exercise without its second half, so it takes less than two seconds.
#[must_use]
pub fn setup() -> Setup {
    let mut setup = Setup::new(EXERCISES[0]);
    setup.settings.set("blocking", Value::Switch(false));
    setup
}

/// The program with its settings.
#[must_use]
pub fn experiment() -> Experiment {
    let Setup { exercise, settings, seed, .. } = setup();
    Experiment::new(exercise, settings, seed)
}

/// The forecast of this run.
#[must_use]
pub fn forecast() -> Option<Node> {
    let mut compared = experiment().compared(None, 0, None).into_iter().next()?;
    for (bar, part) in compared.bars.iter_mut().zip(PARTS) {
        bar.ideal_us = Some(part.ideal_us);
    }
    let track = |part: ExpectedPart| RaceTrack { rows: part.rows, forecast: part.picture(), lanes: None };
    Some(race(&compared, &PARTS.map(track), compared.scale_us(), FORECAST))
}

impl ExpectedPart {
    /// Its expected lanes, as a picture of the site.
    #[must_use]
    pub fn picture(self) -> Forecast<'static> {
        let length_us = PARTS.iter().map(|part| part.ideal_us).max().unwrap_or(0);
        Forecast::Picture { name: symbol_name(self.task), length_us }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::exercises::site::Site;
    use crate::figures::lanes::PartLanes;
    use crate::measure::segments::TaskHistories;

    #[test]
    fn the_forecast_is_the_ideal() {
        let file = |path| {
            let bytes = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
            (path, Rc::from(bytes.expect("the repository has it")))
        };
        let site = Site::in_memory(["models/logistic-regression.safetensors", "data/digits.csv"].map(file));
        let record = experiment().ideal(&site).expect("it runs");
        let histories = TaskHistories::from_record(&record);
        let computed = PARTS.map(|part| {
            let lanes = PartLanes::of_part(&record, &histories, part.task, record.end_us()).expect("it has run");
            ExpectedPart { rows: lanes.rows, ideal_us: lanes.length_us, ..part }
        });
        assert_eq!(computed, PARTS);
    }

    #[test]
    fn its_parts_are_functions_in_python_and_bars_of_its_first_comparison() {
        let python = std::fs::read_to_string(format!("{}/{}", env!("CARGO_MANIFEST_DIR"), setup().exercise.python()));
        let python = python.expect("the repository has it");
        let compared = experiment().compared(None, 0, None);
        for (part, bar) in PARTS.iter().zip(&compared[0].bars) {
            assert!(python.contains(&format!("async def {}(", part.task)));
            assert_eq!(bar.task, part.task);
        }
    }
}
