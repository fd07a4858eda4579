//! [`Question`]: what an exercise asks before its first run, so that the reader predicts the result.

use std::time::Duration;

use crate::measure::histogram::round_step;
use crate::measure::units::span;

/// A question whose answer is the length of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question, with the settings that it depends on.
    pub text: String,
    /// The name of the root task whose length is asked.
    pub part: &'static str,
    /// The length of the axis on which the reader answers, in microseconds. It says nothing about the answer, which is
    /// usually on the axis.
    pub axis_us: u64,
    /// The distance between two possible answers, in microseconds.
    pub step_us: u64,
}

/// The most steps between the ends of the axis.
const MOST_STEPS: u64 = 100;

impl Question {
    /// A question about the length of a part. The reader answers in round steps on an axis of about this length, at
    /// least 10 ms.
    #[must_use]
    pub fn new(text: String, part: &'static str, axis_us: u64) -> Self {
        let axis_us = axis_us.max(10_000);
        let step_us = round_step(axis_us.div_ceil(MOST_STEPS));
        Self { text, part, step_us, axis_us: axis_us.next_multiple_of(step_us) }
    }
}

/// A range of durations in words; one duration if both are equal.
pub(super) fn from_to(shortest: Duration, longest: Duration) -> String {
    let [shortest, longest] = [shortest, longest].map(|it| span(it.as_micros() as u64));
    if shortest == longest { shortest } else { format!("{shortest} to {longest}") }
}

/// The reader's answer next to the measurement, in a sentence.
#[must_use]
pub fn answer_in_words(said_us: u64, measured_us: Option<u64>) -> String {
    let said = span(said_us);
    match measured_us {
        Some(us) => format!("You predicted {said}; it took {}.", span(us)),
        None => format!("You predicted {said}; it did not succeed."),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exercises::catalogue;
    use crate::exercises::compared::ComparedBar;
    use crate::exercises::controls::{ControlKind, Settings, Value};
    use crate::exercises::exercise::Exercise;
    use crate::exercises::test_support::set_texts;

    fn ask(slug: &str, texts: &[(&str, &str)]) -> Option<Question> {
        let exercise = catalogue::find(slug).expect("there is such an exercise");
        let mut settings = Settings::defaults(exercise.controls);
        set_texts(&mut settings, exercise, texts);
        exercise.question.and_then(|question| question(&settings))
    }

    fn text(slug: &str, texts: &[(&str, &str)]) -> String {
        ask(slug, texts).expect("it asks").text
    }

    #[test]
    fn the_questions_are_made_from_the_settings() {
        let basics = "Download and data set are loaded concurrently (400 ms and 200 ms), then preprocessing takes \
                      300 ms. How long does it take?";
        assert_eq!(text("async-basics", &[]), basics);
        let many = "10 samples take 50 ms to 250 ms each, and at most 3 run at once. How long does the batch take?";
        assert_eq!(text("async-multiple", &[]), many);
        let unlimited = "1 sample takes 1.00 s, and nothing limits how many run at once. How long does the batch take?";
        let one = [("samples", "1"), ("min", "2000"), ("max", "2000"), ("limit", "0")];
        assert_eq!(text("async-multiple", &one), unlimited);
        let calls = "24 requests need 60 ms to 100 ms each, and at most 8 are sent at once. The server handles at most \
                     4 at once. How long does it take?";
        let values = [("requests", "24"), ("limit", "8"), ("capacity", "4"), ("failure-rate", "0")];
        assert_eq!(text("async-api-calls", &values), calls);
        let errors = "20 tasks need 50 ms to 150 ms for an attempt. 30 % of the attempts fail, and a task has at \
                      most 2 retries. How long does it take until all have ended?";
        assert_eq!(text("async-error-handling", &[]), errors);
    }

    #[test]
    fn a_question_is_about_the_part_that_runs() {
        let part = |slug, texts: &[(&str, &str)]| ask(slug, texts).map(|question| question.part);
        assert_eq!(part("async-multiple", &[("limit", "0")]), Some("process_batch_async"));
        assert_eq!(part("async-api-calls", &[("arrivals", "rate")]), Some("inference_at_a_rate"));
        assert_eq!(part("async-error-handling", &[("on-error", "fail-fast")]), Some("fail_fast"));
        // Nobody can know how fast the reader's own endpoint is, and nothing happens without tasks.
        assert_eq!(part("async-api-calls", &[("endpoint", "own"), ("url", "http://localhost:8000")]), None);
        assert_eq!(part("async-multiple", &[("samples", "0")]), None);
    }

    #[test]
    fn an_answer_is_next_to_the_measurement() {
        assert_eq!(answer_in_words(1_200_000, Some(1_340_000)), "You predicted 1.20 s; it took 1.34 s.");
        assert_eq!(answer_in_words(90_000, None), "You predicted 90 ms; it did not succeed.");
    }

    #[test]
    fn answers_are_round() {
        for (us, axis_us, step_us) in
            [(0, 10_000, 100), (10_001, 10_200, 200), (900_000, 900_000, 10_000), (1_234_567, 1_240_000, 20_000)]
        {
            let question = Question::new(String::new(), "part", us);
            assert_eq!((question.axis_us, question.step_us), (axis_us, step_us));
        }
    }

    /// Settings of an exercise, with each number somewhere in its range.
    fn settings_of(exercise: &'static Exercise, shares: &[f64]) -> Settings {
        let mut settings = Settings::defaults(exercise.controls);
        for (control, share) in exercise.controls.iter().zip(shares) {
            let value = match control.kind {
                ControlKind::Number { min, max, .. } => Value::Number(min + (max - min) * share),
                ControlKind::Count { min, max, .. } => {
                    Value::Number((f64::from(min) + f64::from(max - min) * share).round())
                }
                ControlKind::Choice { options } => {
                    Value::Choice(options[(options.len() as f64 * share * 0.999) as usize].value)
                }
                ControlKind::Switch { .. } => Value::Switch(*share < 0.5),
                ControlKind::Text { .. } | ControlKind::Program { .. } | ControlKind::Command => continue,
            };
            settings.set(control.name, value);
        }
        settings
    }

    proptest! {
        #[test]
        fn any_settings_have_a_question_about_a_part_that_is_drawn(shares in prop::collection::vec(0.0..=1.0_f64, 24)) {
            for exercise in catalogue::all().filter(|exercise| exercise.question.is_some()) {
                let settings = settings_of(exercise, &shares);
                let Some(question) = exercise.question.and_then(|question| question(&settings)) else { continue };
                let compared = crate::exercises::compared::Compared::all(exercise, &settings, None, 0, None);
                let mut bars = compared.iter().flat_map(|compared| &compared.bars);
                prop_assert!(bars.any(|bar: &ComparedBar| bar.task == question.part), "{question:?}");
                prop_assert!(question.axis_us >= 10_000 && question.axis_us.is_multiple_of(question.step_us), "{question:?}");
            }
        }
    }
}
