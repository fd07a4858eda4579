//! The strip below the timeline: its handle shows which part of the time is in view, and can be dragged. The arrow keys
//! of the timeline do the same.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::ui::display::chart::Chart;

/// The strip. While everything is in view, it is empty.
pub(super) fn overview(chart: Chart) -> impl IntoView {
    let edges = Memo::new(move |_| {
        chart.display.step.track();
        chart.axis.track();
        chart.view.get().map(|view| view.edges_within(chart.whole()))
    });
    let percent = |share: f64| format!("{:.3}%", share * 100.0);
    let left = move || percent(edges.get().map_or(0.0, |[from, _]| from));
    let right = move || percent(1.0 - edges.get().map_or(1.0, |[_, to]| to));
    view! {
        <div
            class="overview"
            aria-hidden="true"
            class:zoomed=move || edges.get().is_some()
            on:pointerdown=move |event| chart.take_overview(&event)
            on:pointermove=move |event| chart.take_overview(&event)
        >
            <div class="in-view" style:left=left style:right=right></div>
        </div>
    }
}

impl Chart {
    /// A press outside the handle moves the handle there, and a drag moves it.
    fn take_overview(self, event: &PointerEvent) {
        let strip = event.current_target().and_then(|target| target.dyn_into::<Element>().ok());
        let (Some(view), Some(strip)) = (self.view.get_untracked(), strip) else { return };
        let whole = self.whole();
        let place = strip.get_bounding_client_rect();
        let at = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
        let [from, to] = view.edges_within(whole);
        if event.type_() == "pointerdown" {
            // If this fails, a drag ends at the edge of the strip.
            let _ = strip.set_pointer_capture(event.pointer_id());
            if !(from..=to).contains(&at) {
                self.show(view.moved((at - (from + to) / 2.0) / (to - from)));
            }
        } else if event.buttons() & 1 == 1 {
            let by = f64::from(event.movement_x()) / place.width().max(1.0);
            self.show(view.moved(by / (to - from)));
        }
    }
}
