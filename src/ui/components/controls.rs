//! The controls of an exercise. What was typed and refused stays visible, with the reason beside it.

use leptos::prelude::*;
use web_sys::Event;

use crate::exercises::controls::{Choice, Control, Kind, Value};
use crate::share::permalink::MAX_SEED;
use crate::ui::lab::{Lab, SEED};
use crate::ui::lean::{El, button, div, h2, input, label, option, p, part, select, span};

/// All controls of the exercise, the seed and the way back to the defaults.
pub(crate) fn controls(lab: Lab) -> AnyView {
    let fields = lab.exercise.controls.iter().flat_map(|control| {
        let field = match control.kind {
            Kind::Number { unit, min, max, step, .. } => number_field(lab, control, unit, [min, max, step]),
            Kind::Count { min, max, .. } => number_field(lab, control, "", [min.into(), max.into(), 1.0]),
            Kind::Choice { options } => choice_field(lab, control, options),
            Kind::Switch { .. } => switch_field(lab, control),
            Kind::Text { .. } => text_field(lab, control),
        };
        [group_heading(lab, control), field]
    });
    let back = button().class("quiet").on_click(move || lab.reset()).text("Back to the defaults");
    div().class("controls").add_all(fields).add(seed_field(lab)).add(hidden_by_link(lab)).el(back).view()
}

/// That the link hides controls, with a way to see them: hiding is for teaching, and keeps nobody from anything.
fn hidden_by_link(lab: Lab) -> AnyView {
    part(move || {
        let told = match lab.hidden.with(Vec::len) {
            0 => return ().into_any(),
            1 => "This link hides a control.".to_owned(),
            n => format!("This link hides {n} controls."),
        };
        let show = button().class("quiet").on_click(move || lab.hidden.set(Vec::new())).text("Show all controls");
        div().el(p().class("hint").text(told)).el(show).view()
    })
}

/// What stands above the first control of a group.
fn group_heading(lab: Lab, control: &'static Control) -> AnyView {
    if control.heading.is_empty() {
        return ().into_any();
    }
    h2().class("group").attr_changing("hidden", move || hidden(lab, control)).text(control.heading).view()
}

/// A slider and a field for the same number, with its unit and its least value, greatest value and step.
fn number_field(lab: Lab, control: &'static Control, unit: &str, range: [f64; 3]) -> AnyView {
    let limits = range.map(|number| Value::Number(number).to_text());
    let set = move |event: &Event| lab.set(control, &event_target_value(event));
    let [min, max, step] = limits.clone();
    let slider = input()
        .attr("type", "range")
        .attr("min", min)
        .attr("max", max)
        .attr("step", step)
        .attr("aria-label", format!("{}, slider", control.label))
        .prop("value", move || lab.text_of(control.name))
        .on_input(set);
    let value = span()
        .class("value")
        .el(number_input(lab, control.name, &limits).on_input(set))
        .el(span().class("unit").text(unit));
    field(lab, control)
        .el(value)
        .el(slider)
        .add(refusal(lab, control.name))
        .add(help(control.name, control.help))
        .view()
}

fn choice_field(lab: Lab, control: &'static Control, options: &'static [Choice]) -> AnyView {
    let offered = options.iter().map(|offer| {
        let is_chosen =
            move || lab.settings.with(|settings| settings.get(control.name) == Some(&Value::Choice(offer.value)));
        option().attr("value", offer.value).prop_flag("selected", is_chosen).text(offer.label).view()
    });
    let list = select()
        .attr("id", format!("control-{}", control.name))
        .attr("aria-describedby", format!("help-{}", control.name))
        .add_all(offered)
        // Programs that drive a browser tell of a choice by this event only.
        .on_change(move |event| lab.set(control, &event_target_value(event)));
    field(lab, control).el(list).add(help(control.name, control.help)).view()
}

fn switch_field(lab: Lab, control: &'static Control) -> AnyView {
    let is_on = move || lab.settings.with(|settings| settings.get(control.name) == Some(&Value::Switch(true)));
    let switch = input()
        .attr("id", format!("control-{}", control.name))
        .attr("type", "checkbox")
        .attr("aria-describedby", format!("help-{}", control.name))
        .prop_flag("checked", is_on)
        .on_input(move |event| lab.set_value(control, Value::Switch(event_target_checked(event))));
    field(lab, control).el(switch).add(help(control.name, control.help)).view()
}

fn text_field(lab: Lab, control: &'static Control) -> AnyView {
    let line = input()
        .attr("id", format!("control-{}", control.name))
        .attr("type", "text")
        .attr("spellcheck", "false")
        .attr("autocomplete", "off")
        .attr("aria-describedby", format!("help-{0} refusal-{0}", control.name))
        .attr_changing("aria-invalid", move || lab.refusal(control.name).map(|_| "true".to_owned()))
        .prop("value", move || lab.text_of(control.name))
        .on_input(move |event| lab.set(control, &event_target_value(event)));
    field(lab, control).el(line).add(refusal(lab, control.name)).add(help(control.name, control.help)).view()
}

/// The seed, with a button that draws another.
fn seed_field(lab: Lab) -> AnyView {
    let draw = move || lab.set_seed(&((js_sys::Math::random() * (MAX_SEED + 1) as f64) as u64).to_string());
    let limits = ["0".to_owned(), MAX_SEED.to_string(), "1".to_owned()];
    let another = button()
        .class("quiet")
        .attr("title", "Another seed")
        .attr("aria-label", "Another seed")
        .on_click(draw)
        .text("⟳");
    let field_of_seed =
        number_input(lab, SEED, &limits).on_input(move |event| lab.set_seed(&event_target_value(event)));
    frame(SEED, "Seed")
        .attr_changing("hidden", move || hidden_by_name(lab, SEED))
        .el(span().class("value").el(field_of_seed).el(another))
        .add(refusal(lab, SEED))
        .add(help(SEED, "The same seed draws the same, on every machine."))
        .view()
}

/// The frame of a control, which is hidden while the control means nothing.
fn field(lab: Lab, control: &'static Control) -> El {
    frame(control.name, control.label).attr_changing("hidden", move || hidden(lab, control))
}

fn hidden(lab: Lab, control: &Control) -> Option<String> {
    let is_offered = lab.settings.with(|settings| (control.is_offered)(settings));
    if is_offered { hidden_by_name(lab, control.name) } else { Some(String::new()) }
}

fn hidden_by_name(lab: Lab, name: &str) -> Option<String> {
    lab.hidden.with(|hidden| hidden.contains(&name)).then(String::new)
}

fn frame(name: &str, title: &str) -> El {
    let title = label().attr("for", format!("control-{name}")).text(title);
    div().class("control").attr("data-control", name).el(title)
}

/// A field for a number, with what it says to a screen reader. What was refused stays in it.
fn number_input(lab: Lab, name: &'static str, [min, max, _]: &[String; 3]) -> El {
    input()
        .attr("id", format!("control-{name}"))
        .attr("type", "number")
        .attr("min", min.clone())
        .attr("max", max.clone())
        .attr("step", "any")
        .attr("aria-describedby", format!("help-{name} refusal-{name}"))
        .attr_changing("aria-invalid", move || lab.refusal(name).map(|_| "true".to_owned()))
        .prop("value", move || lab.text_of(name))
}

/// Why a control did not take what was typed.
fn refusal(lab: Lab, name: &'static str) -> AnyView {
    let why = move || lab.refusal(name).map(|refusal| format!("✕ {refusal}")).unwrap_or_default();
    p().class("refusal").attr("id", format!("refusal-{name}")).attr("aria-live", "polite").text_changing(why).view()
}

fn help(name: &str, text: &str) -> AnyView {
    p().class("help").attr("id", format!("help-{name}")).text(text).view()
}
