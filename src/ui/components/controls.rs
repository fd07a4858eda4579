//! The controls of an exercise. At most three are always in view, the others behind "more". Input that
//! was refused stays visible, with the reason next to it.

use leptos::prelude::*;
use web_sys::Event;

use crate::exercises::controls::{Choice, Control, ControlKind, Value};
use crate::measure::units::counted;
use crate::share::permalink::MAX_SEED;
use crate::ui::form::{Form, SEED};

/// All controls of the exercise, the seed, and a button that restores the defaults.
pub(crate) fn controls(form: Form) -> AnyView {
    let is_visible = |control: &&'static Control| form.exercise.visible_controls().contains(&control.name);
    let more: Vec<&'static Control> = form.exercise.controls.iter().filter(|control| !is_visible(control)).collect();
    let offered = more.clone();
    let summary = move || {
        let offered: Vec<_> = offered.iter().filter(|control| !is_hidden(form, control)).collect();
        let is_changed = |control: &&&&Control| {
            form.settings.with(|settings| settings.get(control.name) != Some(&control.default_value()))
        };
        let changed: Vec<_> = offered.iter().filter(is_changed).map(|control| control.label).collect();
        let changed = if changed.is_empty() { String::new() } else { format!("; changed: {}", changed.join(", ")) };
        // It is behind the summary, and multiplies the times that are not.
        let scale = offered.iter().find(|control| control.name == "scale").map(|control| form.text_of(control.name));
        let scale =
            scale.filter(|scale| scale != "1").map(|scale| format!("; all times × {scale}")).unwrap_or_default();
        format!("{} more{scale}{changed}", counted(offered.len() as u64 + 1, "control", "controls"))
    };
    view! {
        {visible_controls(form)}
        {hidden_by_link(form)}
        <details class="more-controls">
            <summary>{summary}</summary>
            <div class="controls">
                {more.into_iter().map(|control| with_heading(form, control)).collect_view()}
                {seed_field(form)}
            </div>
            <button class="quiet" on:click=move |_| form.reset()>"Reset to defaults"</button>
        </details>
    }
    .into_any()
}

/// The controls that are always in view.
pub(crate) fn visible_controls(form: Form) -> AnyView {
    let names = form.exercise.visible_controls();
    let visible = form.exercise.controls.iter().filter(|control| names.contains(&control.name));
    view! { <div class="controls">{visible.map(|control| control_field(form, control)).collect_view()}</div> }
        .into_any()
}

fn control_field(form: Form, control: &'static Control) -> AnyView {
    match control.kind {
        ControlKind::Number { unit, min, max, step, .. } => number_field(form, control, unit, [min, max, step]),
        ControlKind::Count { min, max, .. } => number_field(form, control, "", [min.into(), max.into(), 1.0]),
        ControlKind::Choice { options } => choice_field(form, control, options),
        ControlKind::Switch { .. } => switch_field(form, control),
        ControlKind::Text { .. } => text_field(form, control),
        // The page of the program has an editor and a console for them.
        ControlKind::Program { .. } | ControlKind::Command => ().into_any(),
    }
}

/// A control, below the heading of its group if it is the first of one.
fn with_heading(form: Form, control: &'static Control) -> AnyView {
    let heading = (!control.heading.is_empty()).then(|| {
        view! { <h2 class="group" hidden=move || is_hidden(form, control)>{control.heading}</h2> }
    });
    view! {
        {heading}
        {control_field(form, control)}
    }
    .into_any()
}

/// A note that the link hides controls, with a button that shows them: hiding is for teaching, not for security.
fn hidden_by_link(form: Form) -> AnyView {
    let note = move || {
        let message = match form.hidden.with(Vec::len) {
            0 => return ().into_any(),
            1 => "This link hides one control.".to_owned(),
            n => format!("This link hides {n} controls."),
        };
        view! {
            <div>
                <p class="hint">{message}</p>
                <button class="quiet" on:click=move |_| form.hidden.set(Vec::new())>"Show all controls"</button>
            </div>
        }
        .into_any()
    };
    note.into_any()
}

/// A slider and a field for the same number, with its unit, minimum, maximum and step.
fn number_field(form: Form, control: &'static Control, unit: &'static str, range: [f64; 3]) -> AnyView {
    let limits = range.map(|number| Value::Number(number).to_text());
    let set = move |event: Event| form.set(control, &event_target_value(&event));
    let [min, max, step] = limits.clone();
    let content = view! {
        <span class="entry">{number_input(form, control.name, limits, set)}<span class="unit">{unit}</span></span>
        <input
            type="range"
            min=min
            max=max
            step=step
            aria-label=format!("{}, slider", control.label)
            prop:value=text_of(form, control.name)
            on:input=set
        />
        {refusal(form, control.name)}
        {help(control.name, control.help)}
    };
    field(form, control, content.into_any())
}

fn choice_field(form: Form, control: &'static Control, options: &'static [Choice]) -> AnyView {
    let offered = options.iter().map(|offer| {
        let is_chosen =
            move || form.settings.with(|settings| settings.get(control.name) == Some(&Value::Choice(offer.value)));
        view! { <option value=offer.value prop:selected=is_chosen>{offer.label}</option> }
    });
    // Programs that drive a browser send only `change` for a choice.
    let content = view! {
        <select
            id=format!("control-{}", control.name)
            aria-describedby=format!("help-{}", control.name)
            on:change=move |event| form.set(control, &event_target_value(&event))
        >
            {offered.collect_view()}
        </select>
        {help(control.name, control.help)}
    };
    field(form, control, content.into_any())
}

fn switch_field(form: Form, control: &'static Control) -> AnyView {
    let is_on = move || form.settings.with(|settings| settings.get(control.name) == Some(&Value::Switch(true)));
    let content = view! {
        <input
            id=format!("control-{}", control.name)
            type="checkbox"
            aria-describedby=format!("help-{}", control.name)
            prop:checked=is_on
            on:input=move |event| form.set_value(control, Value::Switch(event_target_checked(&event)))
        />
        {help(control.name, control.help)}
    };
    field(form, control, content.into_any())
}

fn text_field(form: Form, control: &'static Control) -> AnyView {
    let content = view! {
        <input
            id=format!("control-{}", control.name)
            type="text"
            spellcheck="false"
            autocomplete="off"
            aria-describedby=format!("help-{0} refusal-{0}", control.name)
            aria-invalid=move || form.refusal(control.name).map(|_| "true")
            prop:value=text_of(form, control.name)
            on:input=move |event| form.set(control, &event_target_value(&event))
        />
        {refusal(form, control.name)}
        {help(control.name, control.help)}
    };
    field(form, control, content.into_any())
}

/// The seed, with a button that draws a new one.
fn seed_field(form: Form) -> AnyView {
    let draw = move |_| form.set_seed(&((js_sys::Math::random() * (MAX_SEED + 1) as f64) as u64).to_string());
    let limits = ["0".to_owned(), MAX_SEED.to_string(), "1".to_owned()];
    let set = move |event: Event| form.set_seed(&event_target_value(&event));
    view! {
        <div class="control" data-control=SEED hidden=move || is_hidden_by_link(form, SEED)>
            <label for=format!("control-{SEED}")>"Seed"</label>
            <span class="entry">
                {number_input(form, SEED, limits, set)}
                <button class="quiet" title="Another seed" aria-label="Another seed" on:click=draw>"⟳"</button>
            </span>
            {refusal(form, SEED)}
            {help(SEED, "Same seed, same random values, on every machine.")}
        </div>
    }
    .into_any()
}

/// The frame of a control. It is hidden while the control has no effect.
fn field(form: Form, control: &'static Control, content: AnyView) -> AnyView {
    view! {
        <div class="control" data-control=control.name hidden=move || is_hidden(form, control)>
            <label for=format!("control-{}", control.name) title=control.help>{control.label}</label>
            {content}
        </div>
    }
    .into_any()
}

fn is_hidden(form: Form, control: &Control) -> bool {
    let is_offered = form.settings.with(|settings| (control.is_offered)(settings));
    !is_offered || is_hidden_by_link(form, control.name)
}

fn is_hidden_by_link(form: Form, name: &str) -> bool {
    form.hidden.with(|hidden| hidden.contains(&name))
}

/// A field for a number, with its description for a screen reader. Input that was refused stays in it.
fn number_input(
    form: Form,
    name: &'static str,
    [min, max, _]: [String; 3],
    set: impl Fn(Event) + 'static,
) -> impl IntoView {
    view! {
        <input
            id=format!("control-{name}")
            type="number"
            min=min
            max=max
            step="any"
            aria-describedby=format!("help-{name} refusal-{name}")
            aria-invalid=move || form.refusal(name).map(|_| "true")
            prop:value=text_of(form, name)
            on:input=set
        />
    }
}

/// The text in a field. It is written only when it changes: Leptos writes a property whenever it is computed, which
/// would overwrite what the reader is typing, such as `1.` on the way to `1.5`.
fn text_of(form: Form, name: &'static str) -> Memo<String> {
    Memo::new(move |_| form.text_of(name))
}

/// The reason why the input of a control was refused.
fn refusal(form: Form, name: &'static str) -> impl IntoView {
    let why = move || form.refusal(name).map(|refusal| format!("✕ {refusal}")).unwrap_or_default();
    view! { <p class="refusal" id=format!("refusal-{name}") aria-live="polite">{why}</p> }
}

fn help(name: &'static str, text: &'static str) -> impl IntoView {
    view! { <p class="help" id=format!("help-{name}")>{text}</p> }
}
