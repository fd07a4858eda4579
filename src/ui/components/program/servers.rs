//! The servers to which the program may send requests, as the reader decides.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::python::hosts::{self, Hosts, Origin, Simulation};

/// The servers that the program wanted to use, with buttons to allow or simulate each, and what was decided. Empty if it
/// uses no other server.
pub(super) fn servers() -> AnyView {
    let hosts = RwSignal::new(hosts::current().borrow().clone());
    hosts::set_listener(Some(Rc::new(move |now| {
        hosts.try_set(now);
    })));
    on_cleanup(|| hosts::set_listener(None));
    let refused = move || hosts.with(|hosts| hosts.refused().cloned().map(refused_item).collect_view());
    let allowed = move || hosts.with(|hosts| hosts.allowed().cloned().map(allowed_item).collect_view());
    let simulated = move || {
        let item = |(origin, simulation): (&Origin, &Simulation)| simulated_item(origin.clone(), simulation.clone());
        hosts.with(|hosts| hosts.simulated().map(item).collect_view())
    };
    view! { <ul class="hosts hint" aria-label="Servers" aria-live="polite">{refused} {allowed} {simulated}</ul> }
        .into_any()
}

fn refused_item(origin: Origin) -> AnyView {
    let text = format!("The program wanted to send requests to {origin}.");
    let allowed = origin.clone();
    let allow = move |_| {
        hosts::edit(&hosts::current(), |hosts: &mut Hosts| hosts.allow(allowed.clone()));
        press_run();
    };
    view! {
        <li>
            {text} " " <button on:click=allow>"Allow and run again"</button>
            {simulation(origin, Simulation::default())}
        </li>
    }
    .into_any()
}

fn allowed_item(origin: Origin) -> AnyView {
    let text = format!("It may send requests to {origin} until you open another program or leave the page.");
    view! { <li>{text} " " {forbid("Forbid", origin.clone())} {simulation(origin, Simulation::default())}</li> }
        .into_any()
}

fn simulated_item(origin: Origin, now: Simulation) -> AnyView {
    let text = format!("The page answers in place of {origin}.");
    view! { <li>{text} " " {forbid("Do not simulate", origin.clone())} {simulation(origin, now)}</li> }.into_any()
}

fn forbid(label: &'static str, origin: Origin) -> AnyView {
    let forbid = move |_| hosts::edit(&hosts::current(), |hosts: &mut Hosts| hosts.forbid(&origin));
    view! { <button class="quiet" on:click=forbid>{label}</button> }.into_any()
}

/// The fields for responses in place of the server's. They are closed at first.
fn simulation(origin: Origin, now: Simulation) -> AnyView {
    let shown = RwSignal::new(now);
    let number = move |label: &'static str, unit: &'static str, most: u32, get: fn(&mut Simulation) -> &mut u32| {
        let take = move |event| {
            if let Ok(value) = event_target_value(&event).parse::<u32>() {
                shown.update(|simulation| *get(simulation) = value.min(most));
            }
        };
        let value = move || shown.with(|simulation| *get(&mut simulation.clone())).to_string();
        view! {
            <label>
                {label} " "
                <input type="number" min="0" max=most.to_string() prop:value=value on:change=take />
                {unit}
            </label>
        }
    };
    let simulate = move |_| {
        hosts::edit(&hosts::current(), |hosts: &mut Hosts| hosts.simulate(origin.clone(), shown.get_untracked()));
        press_run();
    };
    view! {
        <details class="lines-field">
            <summary>"Simulate its responses"</summary>
            <p class="hint">"For a server that accepts no requests from a browser. The run is marked as simulated."</p>
            {number("Latency", " ms ", 60_000, |simulation| &mut simulation.latency_ms)}
            {number("Failures (503)", " %", 100, |simulation| &mut simulation.failures_percent)}
            <textarea
                rows="2"
                spellcheck="false"
                aria-label="Body"
                prop:value=move || shown.with(|simulation| simulation.body.clone())
                on:change=move |event| shown.update(|simulation| simulation.body = event_target_value(&event))
            ></textarea>
            <button on:click=simulate>"Simulate and run again"</button>
        </details>
    }
    .into_any()
}

/// Presses the page's button, which is disabled while a program runs.
fn press_run() {
    let button = document().query_selector(".run-bar .run").ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}
