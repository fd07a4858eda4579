//! The timeline: the parts of each comparison one below the other, with their tasks in lanes, drawn during the run.
//!
//! A canvas is behind the tracks. The tracks are elements with names and lengths, and with room for the lanes; the
//! canvas draws in this room. Wheel, drag and keys change what is in view. Below it, a sentence describes the task
//! under the cursor, or the one that is chosen with keys.

mod before;
mod layout;
mod overview;
mod pointer;
mod scrubber;
mod search;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use self::scrubber::scrubber;
use crate::exercises::compared::Compared;
use crate::figures::geometry::View;
use crate::figures::timeline;
use crate::measure::TaskId;
use crate::measure::segments::TaskHistories;
use crate::measure::track::Tracks;
use crate::ui::charts::painter::{Lanes, Painter};
use crate::ui::components::moment::sentence;
use crate::ui::components::prediction::{prediction, prediction_button, prediction_field};
use crate::ui::display::Display;
use crate::ui::display::baseline;
use crate::ui::display::before::Outlined;
use crate::ui::display::chart::Chart;
use crate::ui::display::cursor::Axis;
use crate::ui::theme::use_theme;
use before::caption_before;

const INVITATION: &str = "Hover over a task, or use the arrow keys, for details. Click a time to see who waits for what. \
     Drag with Shift to select a range.";

/// The key: the class of each sign, with its meaning.
const KEY: [(&str, &str); 10] = [
    ("running", "code runs"),
    ("waiting", "waits"),
    ("queued", "queued"),
    ("failed", "✕ failed"),
    ("timed-out", "◷ timed out"),
    ("retried", "↻ retried"),
    ("cancelled", "⊘ cancelled"),
    ("ended", "end"),
    ("ideal", "ideal"),
    ("blocked", "loop blocked"),
];

/// The timeline of a run.
pub(crate) fn timeline(display: Display) -> AnyView {
    let chart = Chart::new(display);
    chart.use_drawing();
    let tracks = move || {
        display.step.track();
        display.runs.track();
        chart.opened.track();
        chart.axis.track();
        chart.tracks()
    };
    let choice = |axis: Axis, name: &'static str| {
        let is_chosen = move || (chart.axis.get() == axis).to_string();
        view! {
            <button class="quiet" aria-pressed=is_chosen on:click=move |_| chart.show_axis(axis)>{name}</button>
        }
    };
    // The embedded form has none.
    let has_fields = !display.form.is_embedded;
    let has_run = Memo::new(move |_| display.runs.get() > 0);
    let quiet_during_replay = move || if display.cursor.is_replaying.get() { "off" } else { "polite" };
    view! {
        <figure class="timeline">
            <div class="timeline-head">
                <h2>"Timeline"</h2>
                {has_fields.then_some(move || tools(chart, has_run))}
                <div class="axes" role="group" aria-label="Time axis">
                    {choice(Axis::Aligned, "Aligned")}
                    {choice(Axis::AsItHappened, "As it happened")}
                </div>
            </div>
            {prediction(display)}
            <div
                class="chart"
                class:as-it-happened=move || chart.axis.get() == Axis::AsItHappened
                class:asks=move || display.question().is_some()
                node_ref=chart.frame
                on:click=move |event| chart.open_or_close(&event)
            >
                {prediction_field(display)}
                {canvas(chart)}
                <div class="tracks">{tracks}</div>
            </div>
            <div class="timeline-foot">
                {overview::overview(chart)}
                {has_fields.then(|| search::search(chart))}
            </div>
            <p class="chosen" aria-live=quiet_during_replay>{move || chart.words_for_chosen()}</p>
            <p class="key" aria-hidden="true">
                {KEY.map(|(class, text)| view! { <span class=class>{text}</span> }.into_any()).collect_view()}
            </p>
            <figcaption>{move || chart.caption()}</figcaption>
        </figure>
    }
    .into_any()
}

/// The tools of the timeline: before the first run predict the result, then move through the run.
fn tools(chart: Chart, has_run: Memo<bool>) -> AnyView {
    if has_run.get() { scrubber(chart) } else { prediction_button(chart.display).into_any() }
}

fn canvas(chart: Chart) -> impl IntoView {
    view! {
        <canvas
            node_ref=chart.canvas
            tabindex="0"
            role="img"
            aria-label=move || chart.label()
            on:keydown=move |event| chart.take_key(&event)
            on:wheel=move |event| chart.take_wheel(&event)
            on:pointerdown=move |event| chart.take_press(&event)
            on:pointermove=move |event| chart.take_move(&event)
            on:pointerup=move |_| chart.take_release()
            on:pointercancel=move |_| chart.press.set(None)
            on:pointerleave=move |_| chart.leave()
        ></canvas>
    }
}

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
            self.display.track_outlined();
            self.view.track();
            self.first_row.track();
            self.layout.track();
            self.display.chosen.track();
            self.display.pointed_line.track();
            self.display.cursor.pinned_us.track();
            self.display.cursor.hovered_us.track();
            self.display.cursor.selection.track();
            self.press.track();
            self.display.baseline.track();
            self.display.wanted.track();
            theme.track();
            resized.track();
            if let Some(canvas) = self.canvas.get() {
                self.draw(&canvas);
            }
        });
    }

    /// The name of the canvas.
    fn label(self) -> String {
        let what = if self.display.is_forecast() { "Forecast" } else { "Timeline" };
        format!(
            "{what} of the tasks. Up and down choose a task, left and right move, plus and minus zoom, 0 shows all."
        )
    }

    fn words_for_chosen(self) -> String {
        self.display.digest.track();
        match self.display.chosen.get() {
            Some(task) => self.words(task).unwrap_or_default(),
            None if self.display.cursor.at_us().is_some() => sentence(self.display),
            None => INVITATION.to_owned(),
        }
    }

    fn caption(self) -> String {
        self.display.digest.track();
        self.display.runs.track();
        self.display.track_outlined();
        let expected = "Tasks are drawn here while they run.";
        caption(self.display).unwrap_or_else(|| expected.to_owned())
    }

    fn draw(self, canvas: &HtmlCanvasElement) {
        self.catch_up();
        if let Some(task) = self.display.wanted.update_untracked(Option::take) {
            self.go_to(task, canvas);
        }
        let Some(painter) = Painter::new(canvas, self.visible()) else { return };
        if self.display.with_record(|_| ()).is_none() {
            return self.draw_before(painter);
        }
        painter.axis();
        let now_us = self.display.now_us();
        self.histories.with_value(|histories| {
            self.draw_parts_to_come(&painter, histories);
            let lanes = self.lanes(histories);
            painter.grid(&lanes);
            read_tracks(self.drawn, histories, &lanes);
            self.display.with_record(|record| {
                self.drawn.with_value(|tracks| painter.tasks(record, histories, tracks, now_us, &lanes));
                for lanes in &lanes {
                    let end = lanes.root.map(|root| (root, histories.task(root).end));
                    if let Some((_, Some((end_us, _)))) = end {
                        painter.end(lanes, end_us - lanes.origin_us);
                    }
                    if end.is_some() {
                        let end_us = end.and_then(|(_, end)| end).map_or(now_us, |(end_us, _)| end_us);
                        painter.blocked_strip(record.beats(), lanes, end_us);
                    }
                }
                if self.axis.get_untracked() == Axis::AsItHappened {
                    painter.event_loop(record.beats());
                }
            });
            self.marks(&painter, histories, &lanes);
            self.explored(&painter, &lanes);
            if let Some(opened) = self.opened_lanes(histories) {
                painter.scroll_thumb(&opened, self.opened_rows());
            }
            painter.frames_around(histories, self.display.chosen.get_untracked().as_slice(), now_us, &lanes);
            if let Some(line) = self.display.pointed_line.get_untracked() {
                self.display.with_line_waits(|_, waits| {
                    painter.frames_around(histories, waits.tasks_on(line), now_us, &lanes);
                });
            }
        });
    }

    /// Draws the selected range, and the cursor.
    fn explored(self, painter: &Painter, lanes: &[Lanes]) {
        let cursor = self.display.cursor;
        if let Some(at_us) = cursor.pinned_us.get_untracked() {
            painter.cover_after(at_us as f64, lanes);
        }
        let press = self.press.get_untracked().filter(|press| press.selects);
        let dragged = press.map(|press| (press.root, self.range_of(&press)));
        let selected = cursor.selection.with_untracked(|it| it.as_ref().map(|it| it.root_and_range()));
        if let Some((root, range)) = dragged.or(selected) {
            let is_in = |lanes: &&Lanes| lanes.root == root || lanes.root.is_none();
            lanes.iter().filter(is_in).for_each(|lanes| painter.range(lanes, range));
        }
        for at_us in [cursor.hovered_us, cursor.pinned_us].iter().filter_map(|at_us| at_us.get_untracked()) {
            painter.cursor(at_us as f64, lanes);
        }
    }

    /// Draws ideals and the baseline.
    fn marks(self, painter: &Painter, histories: &TaskHistories, lanes: &[Lanes]) {
        let baseline = untrack(|| self.display.shown_baseline());
        if self.axis.get_untracked() == Axis::AsItHappened {
            if let Some((at_us, word)) = baseline.as_ref().and_then(end_of_baseline) {
                painter.end_of_another(at_us, word);
            }
            return;
        }
        let compared = untrack(|| self.display.compared());
        let said_us = self.display.said_us.get_untracked();
        let asked = said_us.and_then(|us| Some((untrack(|| self.display.question_of_settings())?.part, us)));
        for bar in compared.iter().flat_map(|compared| &compared.bars) {
            let Some(part) = histories.part_named(&bar.task) else { continue };
            let root = histories.parts()[part].root;
            for lanes in lanes.iter().filter(|lanes| lanes.root == Some(root)) {
                if let Some(us) = bar.ideal_us {
                    painter.ideal(lanes, us);
                }
                if let Some(us) = baseline.as_ref().and_then(|it| it.measured.median(&bar.task)) {
                    painter.end_in_another(lanes, us as u64);
                }
                if let Some((_, us)) = asked.filter(|(part, _)| *part == bar.task) {
                    painter.answer_in(lanes, us);
                }
            }
        }
    }

    /// Reads what is new in the record. For another run or forecast, starts again.
    fn catch_up(self) {
        let outlined = untrack(|| self.display.outlined());
        let number = outlined.as_ref().map_or(0, Outlined::number);
        let source = (self.display.runs.get_untracked(), number);
        if self.source.get_value() != source {
            self.source.set_value(source);
            self.histories.set_value(outlined.as_ref().map(Outlined::histories).unwrap_or_default());
            self.drawn.set_value(Tracks::default());
            self.drawn_forecast.set_value(Tracks::default());
            self.view.set(None);
            self.first_row.set(0.0);
        }
        if outlined.is_none() {
            self.display.with_record(|record| self.histories.update_value(|histories| histories.read(record)));
        }
    }

    /// Everything: with the axis of the run its whole time, otherwise the longest part. Ideals, the baseline and the
    /// reader's answer are on the same axis.
    fn whole(self) -> View {
        if let Some(question) = untrack(|| self.display.open_question()) {
            return View::whole(question.axis_us);
        }
        let baseline = untrack(|| self.display.shown_baseline());
        if self.axis.get_untracked() == Axis::AsItHappened {
            let baseline_us = baseline.as_ref().and_then(end_of_baseline).map_or(0, |(at_us, _)| at_us);
            return View::whole(self.end_us().max(baseline_us));
        }
        let compared = untrack(|| self.display.compared());
        let longest = compared.iter().map(Compared::scale_us).max().unwrap_or(0);
        let bars = compared.iter().flat_map(|compared| &compared.bars);
        let median = |task: &str| baseline.as_ref()?.measured.median(task);
        let of_baseline = bars.filter_map(|bar| median(&bar.task)).fold(0.0, f64::max);
        let said_us = self.display.said_us.get_untracked().unwrap_or(0);
        View::whole(longest.max(of_baseline as u64).max(said_us))
    }

    /// The end of what is drawn, so far.
    fn end_us(self) -> u64 {
        untrack(|| self.display.outlined()).map_or_else(|| self.display.now_us(), |outlined| outlined.record().end_us())
    }

    fn visible(self) -> View {
        self.view.get_untracked().unwrap_or_else(|| self.whole())
    }

    fn show(self, view: View) {
        let whole = self.whole();
        let view = view.within(whole);
        self.view.set((view != whole).then_some(view));
    }

    /// The pointer has left. A task that was chosen with keys stays chosen.
    fn leave(self) {
        if self.is_hovered.get_value() {
            self.choose(None);
        }
        self.display.cursor.hovered_us.set(None);
    }

    fn choose(self, task: Option<TaskId>) {
        self.is_hovered.set_value(false);
        if self.display.chosen.get_untracked() != task {
            self.display.chosen.set(task);
        }
    }

    fn words(self, task: TaskId) -> Option<String> {
        let now_us = self.display.now_us();
        let history = self.histories.with_value(|histories| *histories.task(task));
        let words = self.display.with_record(|record| timeline::words(record, task, &history, now_us));
        words.or_else(|| self.words_before(task))
    }
}

/// Reads what is new in the histories, for what is drawn of them.
fn read_tracks(drawn: StoredValue<Tracks, LocalStorage>, histories: &TaskHistories, lanes: &[Lanes]) {
    drawn.update_value(|tracks| {
        lanes.iter().for_each(|lanes| tracks.read(histories, lanes.root, lanes.is_folded()));
    });
}

/// The end of the baseline run, and the word for that run.
fn end_of_baseline(baseline: &baseline::Baseline) -> Option<(u64, &'static str)> {
    Some((baseline.measured.median("wall")? as u64, baseline.word))
}

fn caption(display: Display) -> Option<String> {
    let measured = display.measured().unwrap_or_default();
    display.with_record(|record| timeline::caption(record, &measured)).or_else(|| caption_before(display))
}
