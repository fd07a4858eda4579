//! The question of an exercise before its first run, and the reader's answer next to the measurement. Run works without
//! an answer.

use leptos::prelude::*;
use web_sys::Event;

use crate::exercises::question::answer_in_words;
use crate::measure::units::span;
use crate::ui::display::Display;

/// The field in which the reader answers: the axis of the timeline.
const FIELD: &str = "prediction";

/// The button that switches the question on and off, before the first run.
pub(crate) fn prediction_button(display: Display) -> AnyView {
    let is_offered = move || display.runs.get() == 0 && display.question_of_settings().is_some();
    let toggle = move |_| display.show_question(!display.form.predicts.get_untracked());
    let button = move || {
        is_offered().then(|| {
            let is_on = move || display.form.predicts.get().to_string();
            view! { <button class="quiet" aria-pressed=is_on on:click=toggle>"Predict first"</button> }
        })
    };
    button.into_any()
}

/// The question, with the reader's answer and, when the part has ended, the measurement.
pub(crate) fn prediction(display: Display) -> AnyView {
    let words = move || {
        display.digest.track();
        words(display)
    };
    let text = Memo::new(move |_| display.question().map(|question| question.text));
    let question = move || {
        let text = text.get()?;
        Some(view! {
            <p class="question">
                <label for=FIELD>{text}</label>
                <span class="answer" aria-live="polite">{words}</span>
            </p>
        })
    };
    question.into_any()
}

fn words(display: Display) -> String {
    let said = display.said_us.get().map(|us| format!("Your prediction: {}.", span(us)));
    if display.open_question().is_some() {
        let hint = "Place the mark on the axis, or press Run without an answer.";
        return said.unwrap_or_else(|| hint.to_owned());
    }
    answer(display).or(said).unwrap_or_default()
}

/// The axis as a slider, while the question is shown.
pub(crate) fn prediction_field(display: Display) -> AnyView {
    let axis = Memo::new(move |_| display.open_question().map(|question| (question.axis_us, question.step_us)));
    let set = move |event: Event| {
        // A slider has a number.
        if let Ok(us) = event_target_value(&event).parse() {
            display.said_us.set(Some(us));
        }
    };
    let field = move || {
        let (axis_us, step_us) = axis.get()?;
        let value = move || display.said_us.get().unwrap_or(0).to_string();
        let text = move || display.said_us.get().map_or_else(|| "no answer yet".to_owned(), span);
        Some(view! {
            <input
                id=FIELD
                class="on-axis"
                type="range"
                min="0"
                max=axis_us.to_string()
                step=step_us.to_string()
                aria-valuetext=text
                prop:value=value
                on:input=set
            />
        })
    };
    field.into_any()
}

/// The answer next to the measurement, once the part has ended.
fn answer(display: Display) -> Option<String> {
    let said_us = display.said_us.get()?;
    let part = display.question_of_settings()?.part;
    let compared = display.compared();
    let bar = compared.iter().flat_map(|compared| &compared.bars).find(|bar| bar.task == part)?;
    bar.outcome?;
    Some(answer_in_words(said_us, bar.measured_us))
}
