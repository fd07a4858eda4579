//! The controls of an exercise. Input that was refused stays visible, with the reason next to it.

use leptos::prelude::*;
use web_sys::Event;

use crate::exercises::controls::{Choice, Control, ControlKind, Value};
use crate::share::permalink::MAX_SEED;
use crate::ui::element::{ElementBuilder, button, div, h2, input, label, option, p, part, select, span};
use crate::ui::form::{Form, SEED};

/// All controls of the exercise, the seed, and a button that restores the defaults.
pub(crate) fn controls(form: Form) -> AnyView {
    let fields = form.exercise.controls.iter().flat_map(|control| {
        let field = match control.kind {
            ControlKind::Number { unit, min, max, step, .. } => number_field(form, control, unit, [min, max, step]),
            ControlKind::Count { min, max, .. } => number_field(form, control, "", [min.into(), max.into(), 1.0]),
            ControlKind::Choice { options } => choice_field(form, control, options),
            ControlKind::Switch { .. } => switch_field(form, control),
            ControlKind::Text { .. } => text_field(form, control),
        };
        [group_heading(form, control), field]
    });
    let back = button().class("quiet").on_click(move || form.reset()).text("Reset to defaults");
    div().class("controls").add_all(fields).add(seed_field(form)).add(hidden_by_link(form)).el(back).view()
}

/// A note that the link hides controls, with a button that shows them: hiding is for teaching, not for security.
fn hidden_by_link(form: Form) -> AnyView {
    part(move || {
        let message = match form.hidden.with(Vec::len) {
            0 => return ().into_any(),
            1 => "This link hides one control.".to_owned(),
            n => format!("This link hides {n} controls."),
        };
        let show = button().class("quiet").on_click(move || form.hidden.set(Vec::new())).text("Show all controls");
        div().el(p().class("hint").text(message)).el(show).view()
    })
}

/// The heading above the first control of a group.
fn group_heading(form: Form, control: &'static Control) -> AnyView {
    if control.heading.is_empty() {
        return ().into_any();
    }
    h2().class("group").attr_changing("hidden", move || hidden(form, control)).text(control.heading).view()
}

/// A slider and a field for the same number, with its unit, minimum, maximum and step.
fn number_field(form: Form, control: &'static Control, unit: &str, range: [f64; 3]) -> AnyView {
    let limits = range.map(|number| Value::Number(number).to_text());
    let set = move |event: &Event| form.set(control, &event_target_value(event));
    let [min, max, step] = limits.clone();
    let slider = input()
        .attr("type", "range")
        .attr("min", min)
        .attr("max", max)
        .attr("step", step)
        .attr("aria-label", format!("{}, slider", control.label))
        .prop("value", move || form.text_of(control.name))
        .on_input(set);
    let value = span()
        .class("entry")
        .el(number_input(form, control.name, &limits).on_input(set))
        .el(span().class("unit").text(unit));
    field(form, control)
        .el(value)
        .el(slider)
        .add(refusal(form, control.name))
        .add(help(control.name, control.help))
        .view()
}

fn choice_field(form: Form, control: &'static Control, options: &'static [Choice]) -> AnyView {
    let offered = options.iter().map(|offer| {
        let is_chosen =
            move || form.settings.with(|settings| settings.get(control.name) == Some(&Value::Choice(offer.value)));
        option().attr("value", offer.value).prop_flag("selected", is_chosen).text(offer.label).view()
    });
    let list = select()
        .attr("id", format!("control-{}", control.name))
        .attr("aria-describedby", format!("help-{}", control.name))
        .add_all(offered)
        // Programs that drive a browser send only this event for a choice.
        .on_change(move |event| form.set(control, &event_target_value(event)));
    field(form, control).el(list).add(help(control.name, control.help)).view()
}

fn switch_field(form: Form, control: &'static Control) -> AnyView {
    let is_on = move || form.settings.with(|settings| settings.get(control.name) == Some(&Value::Switch(true)));
    let switch = input()
        .attr("id", format!("control-{}", control.name))
        .attr("type", "checkbox")
        .attr("aria-describedby", format!("help-{}", control.name))
        .prop_flag("checked", is_on)
        .on_input(move |event| form.set_value(control, Value::Switch(event_target_checked(event))));
    field(form, control).el(switch).add(help(control.name, control.help)).view()
}

fn text_field(form: Form, control: &'static Control) -> AnyView {
    let line = input()
        .attr("id", format!("control-{}", control.name))
        .attr("type", "text")
        .attr("spellcheck", "false")
        .attr("autocomplete", "off")
        .attr("aria-describedby", format!("help-{0} refusal-{0}", control.name))
        .attr_changing("aria-invalid", move || form.refusal(control.name).map(|_| "true".to_owned()))
        .prop("value", move || form.text_of(control.name))
        .on_input(move |event| form.set(control, &event_target_value(event)));
    field(form, control).el(line).add(refusal(form, control.name)).add(help(control.name, control.help)).view()
}

/// The seed, with a button that draws a new one.
fn seed_field(form: Form) -> AnyView {
    let draw = move || form.set_seed(&((js_sys::Math::random() * (MAX_SEED + 1) as f64) as u64).to_string());
    let limits = ["0".to_owned(), MAX_SEED.to_string(), "1".to_owned()];
    let another = button()
        .class("quiet")
        .attr("title", "Another seed")
        .attr("aria-label", "Another seed")
        .on_click(draw)
        .text("⟳");
    let field_of_seed =
        number_input(form, SEED, &limits).on_input(move |event| form.set_seed(&event_target_value(event)));
    frame(SEED, "Seed")
        .attr_changing("hidden", move || hidden_by_name(form, SEED))
        .el(span().class("entry").el(field_of_seed).el(another))
        .add(refusal(form, SEED))
        .add(help(SEED, "Same seed, same random values, on every machine."))
        .view()
}

/// The frame of a control. It is hidden while the control has no effect.
fn field(form: Form, control: &'static Control) -> ElementBuilder {
    frame(control.name, control.label).attr_changing("hidden", move || hidden(form, control))
}

fn hidden(form: Form, control: &Control) -> Option<String> {
    let is_offered = form.settings.with(|settings| (control.is_offered)(settings));
    if is_offered { hidden_by_name(form, control.name) } else { Some(String::new()) }
}

fn hidden_by_name(form: Form, name: &str) -> Option<String> {
    form.hidden.with(|hidden| hidden.contains(&name)).then(String::new)
}

fn frame(name: &str, title: &str) -> ElementBuilder {
    let title = label().attr("for", format!("control-{name}")).text(title);
    div().class("control").attr("data-control", name).el(title)
}

/// A field for a number, with its description for a screen reader. Input that was refused stays in it.
fn number_input(form: Form, name: &'static str, [min, max, _]: &[String; 3]) -> ElementBuilder {
    input()
        .attr("id", format!("control-{name}"))
        .attr("type", "number")
        .attr("min", min.clone())
        .attr("max", max.clone())
        .attr("step", "any")
        .attr("aria-describedby", format!("help-{name} refusal-{name}"))
        .attr_changing("aria-invalid", move || form.refusal(name).map(|_| "true".to_owned()))
        .prop("value", move || form.text_of(name))
}

/// The reason why the input of a control was refused.
fn refusal(form: Form, name: &'static str) -> AnyView {
    let why = move || form.refusal(name).map(|refusal| format!("✕ {refusal}")).unwrap_or_default();
    p().class("refusal").attr("id", format!("refusal-{name}")).attr("aria-live", "polite").text_changing(why).view()
}

fn help(name: &str, text: &str) -> AnyView {
    p().class("help").attr("id", format!("help-{name}")).text(text).view()
}
