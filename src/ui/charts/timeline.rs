//! The timeline: every task as a bar in its lane, drawn during the run.
//!
//! Wheel, drag and keys change what is in view. Below the canvas, a sentence describes the task under the cursor, or
//! the one that is chosen with keys.

use leptos::html::Canvas;
use leptos::prelude::*;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use crate::figures::{geometry::View, timeline};
use crate::measure::TaskId;
use crate::measure::segments::{TaskHistories, TaskHistory};
use crate::ui::charts::painter::{Painter, TOP, lane_height};
use crate::ui::components::tasks::tasks;
use crate::ui::display::Display;
use crate::ui::display::baseline::Baseline;
use crate::ui::display::chart::Chart;
use crate::ui::display::views::TimelineViews;
use crate::ui::theme::use_theme;

/// The distance that one press of a key moves the view, as a fraction of its width.
const KEY_STEP: f64 = 0.2;

/// The length of the axis of an empty chart.
const EMPTY_US: u64 = 1_000_000;

/// The factor by which one press of a key magnifies.
const ZOOM: f64 = 1.5;

/// The factor by which one turn of the wheel magnifies. Touchpads send many turns.
const WHEEL_ZOOM: f64 = 1.1;

/// The key: the class of each sign, with its meaning.
const KEY: [(&str, &str); 7] = [
    ("running", "code runs"),
    ("waiting", "waits"),
    ("queued", "queued"),
    ("failed", "✕ failed"),
    ("timed-out", "◷ timed out"),
    ("retried", "↻ retried"),
    ("cancelled", "⊘ cancelled"),
];

/// The timeline of a run.
pub(crate) fn timeline(display: Display) -> AnyView {
    let canvas = NodeRef::<Canvas>::new();
    let chart = Chart::new(display, canvas);
    chart.use_drawing();
    let is_open = RwSignal::new(false);
    let table = move || {
        if !is_open.get() {
            return ().into_any();
        }
        display.digest.track();
        display.runs.track();
        display.show(|views| (views.timeline.table)(display))
    };
    view! {
        <figure class="timeline">
            <h2>"Timeline"</h2>
            <p class="key" aria-hidden="true">
                {KEY.map(|(class, text)| view! { <span class=class>{text}</span> }.into_any()).collect_view()}
            </p>
            <canvas
                node_ref=canvas
                tabindex="0"
                role="img"
                aria-label="Timeline of the tasks. Up and down choose a task, left and right move, plus and minus \
                    zoom, 0 shows all."
                on:keydown=move |event| chart.handle(|code| (code.take_key)(chart, &event))
                on:wheel=move |event| chart.handle(|code| (code.take_wheel)(chart, &event))
                on:pointerdown=move |event| chart.take_press(&event)
                on:pointermove=move |event| chart.handle(|code| (code.take_move)(chart, &event))
                on:pointerleave=move |_| chart.choose(None)
            ></canvas>
            <p class="chosen" aria-live="polite">{move || chart.words_for_chosen()}</p>
            <figcaption>{move || chart.caption()}</figcaption>
            <details on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)>
                <summary>"Show as table"</summary>
                {table}
            </details>
        </figure>
    }
    .into_any()
}

/// The code that the timeline needs once there is a run to draw.
pub(crate) const CODE: TimelineViews = TimelineViews {
    draw: Chart::draw,
    take_key: Chart::take_key,
    take_wheel: Chart::take_wheel,
    take_move: Chart::take_move,
    words: Chart::words,
    caption,
    table: tasks,
};

impl Chart {
    /// Draws again when something that the picture depends on changes.
    fn use_drawing(self) {
        let theme = use_theme();
        let resized = RwSignal::new(());
        // The event is enough: `use_window_size` of `leptos-use` also reads the size.
        let listener = window_event_listener(leptos::ev::resize, move |_| resized.set(()));
        // The system's scheme may change while the page is open. `use_media_query` of `leptos-use` would add 3.4 KB.
        let scheme = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        let redraw = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || resized.set(()));
        if let Some(scheme) = &scheme {
            use wasm_bindgen::JsCast;
            scheme.set_onchange(Some(redraw.as_ref().unchecked_ref()));
        }
        let held = StoredValue::new_local(Some((scheme, redraw)));
        on_cleanup(move || {
            listener.remove();
            if let Some((Some(scheme), _redraw)) = held.try_update_value(Option::take).flatten() {
                scheme.set_onchange(None);
            }
        });
        Effect::new(move || {
            self.display.frame.track();
            self.display.runs.track();
            self.view.track();
            self.display.chosen.track();
            self.display.baseline.track();
            self.display.wanted.track();
            theme.track();
            resized.track();
            if let Some(canvas) = self.canvas.get() {
                match self.display.views() {
                    Some(views) => (views.timeline.draw)(self, &canvas),
                    None => Painter::new(&canvas, View::whole(EMPTY_US, 0)).iter().for_each(Painter::axis),
                }
            }
        });
    }

    /// The code for a run, once there is one.
    fn code(self) -> Option<TimelineViews> {
        self.display.views().map(|views| views.timeline)
    }

    /// Passes on an event. An empty chart ignores events.
    fn handle(self, event: impl FnOnce(TimelineViews)) {
        if let Some(code) = self.code() {
            event(code);
        }
    }

    fn words_for_chosen(self) -> String {
        self.display.digest.track();
        let invitation = "Hover over a task, or use the arrow keys, for details.";
        match self.display.chosen.get() {
            None => invitation.to_owned(),
            Some(task) => self.code().and_then(|code| (code.words)(self, task)).unwrap_or_default(),
        }
    }

    fn caption(self) -> String {
        self.display.digest.track();
        self.display.runs.track();
        let expected = "Tasks are drawn here while they run, below the heartbeat of the event loop.";
        self.code().and_then(|code| (code.caption)(self.display)).unwrap_or_else(|| expected.to_owned())
    }

    fn draw(self, canvas: &HtmlCanvasElement) {
        self.catch_up();
        if let Some(task) = self.display.wanted.update_untracked(Option::take) {
            self.go_to(task, canvas);
        }
        let Some(painter) = Painter::new(canvas, self.visible()) else { return };
        painter.axis();
        let now_us = self.display.now_us();
        let chosen = self.display.chosen.get_untracked();
        self.display.with_record(|record| {
            painter.event_loop(record.beats());
            self.histories.with_value(|histories| painter.tasks(record, histories, now_us, chosen));
        });
        if let Some((at_us, word)) = self.baseline_end() {
            painter.end_of_another(at_us, word);
        }
    }

    /// When the baseline run ended, and the word for that run.
    fn baseline_end(self) -> Option<(u64, &'static str)> {
        let end = |baseline: &Baseline| Some((baseline.measured.median("wall")? as u64, baseline.word));
        self.display.baseline.with_untracked(|baseline| baseline.as_ref().and_then(end))
    }

    /// Reads what is new in the record. For another run, starts again.
    fn catch_up(self) {
        let run = self.display.runs.get_untracked();
        if self.run.get_value() != run {
            self.run.set_value(run);
            self.histories.set_value(TaskHistories::default());
            self.view.set(None);
        }
        self.display.with_record(|record| self.histories.update_value(|histories| histories.read(record)));
    }

    fn whole(self) -> View {
        // The baseline run is on the same axis.
        let baseline_us = self.baseline_end().map_or(0, |(at_us, _)| at_us);
        View::whole(self.display.now_us().max(baseline_us), self.histories.with_value(TaskHistories::lanes))
    }

    fn visible(self) -> View {
        self.view.get_untracked().unwrap_or_else(|| self.whole())
    }

    fn show(self, view: View) {
        let whole = self.whole();
        let view = view.within(whole);
        self.view.set((view != whole).then_some(view));
    }

    /// Zooms in on a task until its name can be read, and chooses it.
    fn go_to(self, task: TaskId, canvas: &HtmlCanvasElement) {
        let now_us = self.display.now_us();
        let around = self.histories.with_value(|histories| {
            let history = histories.task(task);
            View::around(history.spawned_us, history.duration_us(now_us), history.lane)
        });
        self.show(around);
        self.choose(Some(task));
        // If this fails, the arrow keys do not continue from here.
        let _ = canvas.focus();
    }

    fn choose(self, task: Option<TaskId>) {
        if self.display.chosen.get_untracked() != task {
            self.display.chosen.set(task);
        }
    }

    fn take_key(self, event: &KeyboardEvent) {
        let view = self.visible();
        match event.key().as_str() {
            "ArrowLeft" => self.show(view.moved(-KEY_STEP, 0.0)),
            "ArrowRight" => self.show(view.moved(KEY_STEP, 0.0)),
            "ArrowUp" => self.choose_next(-1),
            "ArrowDown" => self.choose_next(1),
            "+" | "=" => self.show(view.zoomed(ZOOM, 0.5)),
            "-" => self.show(view.zoomed(1.0 / ZOOM, 0.5)),
            "0" => self.view.set(None),
            "Escape" => self.choose(None),
            _ => return,
        }
        event.prevent_default();
    }

    fn choose_next(self, step: isize) {
        let tasks = self.histories.with_value(TaskHistories::len);
        if tasks == 0 {
            return;
        }
        let next = match self.display.chosen.get_untracked() {
            Some(task) => task.index().saturating_add_signed(step).min(tasks - 1),
            None => 0,
        };
        self.choose(Some(TaskId::at(next)));
    }

    /// As on maps, the wheel magnifies with Ctrl. With Shift it moves sideways, and alone it scrolls the page.
    fn take_wheel(self, event: &WheelEvent) {
        let Some((canvas, x, _)) = self.place_of(event) else { return };
        let width = f64::from(canvas.client_width());
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let factor = if event.delta_y() < 0.0 { WHEEL_ZOOM } else { 1.0 / WHEEL_ZOOM };
            self.show(self.visible().zoomed(factor, x / width));
        } else if event.shift_key() || event.delta_x() != 0.0 {
            event.prevent_default();
            let delta = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
            self.show(self.visible().moved(delta / width, 0.0));
        }
    }

    fn take_press(self, event: &PointerEvent) {
        if let Some(canvas) = self.canvas.get_untracked() {
            // If this fails, a drag ends at the edge of the canvas.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
    }

    fn take_move(self, event: &PointerEvent) {
        let Some((canvas, x, y)) = self.place_of(event) else { return };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let view = self.visible();
        if event.buttons() & 1 == 1 {
            let down = f64::from(event.movement_y()) / (height - TOP);
            self.show(view.moved(-f64::from(event.movement_x()) / width, -down));
            return;
        }
        let lane = view.from_lane + (y - TOP) / lane_height(view, height);
        let at_us = view.at_us(x, width);
        // The last task that fits was drawn on top.
        let found = self.histories.with_value(|histories| {
            let is_under = |history: &TaskHistory| {
                lane >= 0.0
                    && history.lane == lane as u32
                    && history.spawned_us as f64 <= at_us
                    && history.end.is_none_or(|(end_us, _)| at_us <= end_us as f64)
            };
            histories.iter().filter(|(_, history)| is_under(history)).map(|(task, _)| task).last()
        });
        self.choose(found);
    }

    fn place_of(self, event: &web_sys::MouseEvent) -> Option<(HtmlCanvasElement, f64, f64)> {
        let canvas = self.canvas.get_untracked()?;
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        Some((canvas, x, y))
    }

    fn words(self, task: TaskId) -> Option<String> {
        let now_us = self.display.now_us();
        let history = self.histories.with_value(|histories| *histories.task(task));
        self.display.with_record(|record| timeline::words(record, task, &history, now_us))
    }
}

fn caption(display: Display) -> Option<String> {
    let measured = display.measured().unwrap_or_default();
    display.with_record(|record| timeline::caption(record, &measured))
}
