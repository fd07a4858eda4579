//! [`Compared`]: the parts of a run side by side, with their ideals, in numbers and in words.

use std::borrow::Cow;

use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Comparison, Exercise};
use crate::measure::heartbeat::BLOCKED_US;
use crate::measure::spans::{Spans, speed_up};
use crate::measure::units::span;
use crate::measure::{Outcome, Record};

/// A record with the spans that were read from it.
pub type Parts<'a> = (&'a Record, &'a Spans);

/// A comparison of parts of a run, which may still be running.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The title.
    pub title: Cow<'static, str>,
    /// A hint for the reader; may be empty.
    pub about: Cow<'static, str>,
    /// True if the last bar is expected to be faster than the first.
    pub is_race: bool,
    /// The bars; the first is the baseline.
    pub bars: Vec<ComparedBar>,
}

/// A bar of a comparison: one root task.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedBar {
    /// The name of its root task.
    pub task: Cow<'static, str>,
    /// Its label.
    pub label: Cow<'static, str>,
    /// The time since it began, until now or until its end, in microseconds; `None` before it begins.
    pub so_far_us: Option<u64>,
    /// The outcome, once it has ended.
    pub outcome: Option<Outcome>,
    /// The duration in microseconds, once it has succeeded.
    pub measured_us: Option<u64>,
    /// The duration in microseconds if only its requested waits take time.
    pub ideal_us: Option<u64>,
    /// The longest lag of the event loop during it, in microseconds.
    pub lag_us: Option<u64>,
}

impl Compared {
    /// The comparisons of an exercise with these settings. If the exercise defines none, the root tasks of the run are
    /// compared. The run may still be in progress. `ideal` is the same experiment on the virtual clock.
    #[must_use]
    pub fn all(
        exercise: &Exercise,
        settings: &Settings,
        run: Option<Parts>,
        now_us: u64,
        ideal: Option<Parts>,
    ) -> Vec<Self> {
        if exercise.comparisons.is_empty() {
            return Self::from_root_tasks(run, now_us, ideal).into_iter().collect();
        }
        let compare = |comparison: &Comparison| {
            let bars = comparison.bars.iter().filter(|bar| (bar.is_active)(settings));
            let bars = bars.map(|bar| ComparedBar::new(bar.task.into(), bar.label.into(), run, now_us, ideal));
            let Comparison { title, about, is_race, .. } = *comparison;
            Self { title: title.into(), about: about.into(), is_race, bars: bars.collect() }
        };
        exercise.comparisons.iter().map(compare).filter(|compared| !compared.bars.is_empty()).collect()
    }

    /// The comparison of all root tasks of a run, in the order in which they started. The labels are the names of the
    /// tasks. If several tasks have the same name, only the first is included. `None` before the first root task.
    #[must_use]
    pub fn from_root_tasks(run: Option<Parts>, now_us: u64, ideal: Option<Parts>) -> Option<Self> {
        let (record, _) = run?;
        let mut names: Vec<&str> = Vec::new();
        for task in record.tasks().iter().filter(|task| task.parent.is_none()) {
            if !names.contains(&task.name.kind()) {
                names.push(task.name.kind());
            }
        }
        let name = |name: &str| Cow::Owned(name.to_owned());
        let bars = names.iter().map(|it| ComparedBar::new(name(it), name(it), run, now_us, ideal));
        let bars: Vec<_> = bars.collect();
        // Of more than two, such as several threads, nobody knows which ones are meant to be compared.
        let is_race = bars.len() <= 2;
        (!bars.is_empty()).then(|| Self { title: "Tasks of this run".into(), about: "".into(), is_race, bars })
    }

    /// The duration that the full width of the bars represents, in microseconds.
    #[must_use]
    pub fn scale_us(&self) -> u64 {
        let lengths = self.bars.iter().flat_map(|bar| [bar.so_far_us, bar.ideal_us]);
        lengths.flatten().max().unwrap_or(0).max(1)
    }

    /// The speed of the last bar, relative to that of the baseline; `None` if this is not a race or has not finished.
    #[must_use]
    pub fn speed_up(&self) -> Option<f64> {
        if !self.is_race || self.bars.len() < 2 {
            return None;
        }
        speed_up(self.bars.first()?.measured_us?, self.bars.last()?.measured_us?)
    }

    /// The result in words, once there is one.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        if !self.is_race || self.bars.len() < 2 {
            return self.lengths_sentence();
        }
        let (first, last) = (self.bars.first()?, self.bars.last()?);
        let Some((first_us, last_us)) = first.measured_us.zip(last.measured_us) else {
            // If one of them did not succeed, the parts are reported one by one.
            return self.lengths_sentence();
        };
        let baseline = first.label_in_sentence();
        let how = ratio_in_words(self.speed_up(), &baseline);
        let ideal = last.ideal_us.map(|us| format!("; ideal: {}", span(us))).unwrap_or_default();
        let sentence = format!("{} took {}, {how} ({}){ideal}.", last.label, span(last_us), span(first_us));
        Some(self.with_lag(sentence))
    }

    /// The forecast in words: the ideals of the parts. `None` if none is known.
    #[must_use]
    pub fn forecast(&self) -> Option<String> {
        if self.is_race
            && let [first, .., last] = &*self.bars
            && let Some((first_us, last_us)) = first.ideal_us.zip(last.ideal_us)
        {
            let how = ratio_in_words(speed_up(first_us, last_us), &first.label_in_sentence());
            return Some(format!("Forecast: {} takes {}, {how} ({}).", last.label, span(last_us), span(first_us)));
        }
        Some(format!("Forecast: {}.", self.ideals()?))
    }

    /// The ideals of the parts in words, without a full stop.
    fn ideals(&self) -> Option<String> {
        let ideal = |bar: &ComparedBar| Some(format!("{} {}", bar.label_in_sentence(), span(bar.ideal_us?)));
        let ideals: Vec<_> = self.bars.iter().filter_map(ideal).collect();
        (!ideals.is_empty()).then(|| ideals.join(", "))
    }

    /// A few words about the event loop during a bar, if it was blocked during any of the bars: then this is what
    /// differs, however long they took.
    #[must_use]
    pub fn lag_in_words(&self, bar: &ComparedBar) -> Option<String> {
        let is_any_blocked = self.bars.iter().any(ComparedBar::is_blocked);
        let lag = bar.lag_us.filter(|_| is_any_blocked).map(span)?;
        Some(if bar.is_blocked() { format!("loop blocked {lag}") } else { format!("loop lag {lag}") })
    }

    /// The duration of each part, once all have ended.
    fn lengths_sentence(&self) -> Option<String> {
        let all_ended = self.bars.iter().all(|bar| bar.outcome.is_some());
        let length = |bar: &ComparedBar| match (bar.measured_us, bar.outcome) {
            (Some(us), _) => format!("{} took {}", bar.label, span(us)),
            (None, outcome) => format!("{} {}", bar.label, outcome.map_or("is running", Outcome::name)),
        };
        let lengths: Vec<_> = self.bars.iter().map(length).collect();
        all_ended.then(|| self.with_lag(format!("{}.", lengths.join(", "))))
    }

    fn with_lag(&self, sentence: String) -> String {
        match self.lag_sentence() {
            Some(lag) => format!("{sentence} {lag}"),
            None => sentence,
        }
    }

    /// A sentence about the longest block of the event loop, if it was blocked during one of the bars.
    fn lag_sentence(&self) -> Option<String> {
        let worst = self.bars.iter().max_by_key(|bar| bar.lag_us)?;
        let worst_us = worst.lag_us.filter(|_| worst.is_blocked())?;
        let others = self.bars.iter().filter(|bar| bar.task != worst.task);
        let best = others.min_by_key(|bar| bar.lag_us)?;
        Some(format!(
            "During {}, the event loop was blocked for up to {}; during {}, its longest lag was {}.",
            worst.label_in_sentence(),
            span(worst_us),
            best.label_in_sentence(),
            span(best.lag_us?),
        ))
    }
}

impl ComparedBar {
    /// True if the event loop was blocked during it.
    fn is_blocked(&self) -> bool {
        self.lag_us.is_some_and(|lag_us| lag_us > BLOCKED_US)
    }

    fn new(
        task: Cow<'static, str>,
        label: Cow<'static, str>,
        run: Option<Parts>,
        now_us: u64,
        ideal: Option<Parts>,
    ) -> Self {
        let found = run.and_then(|(record, spans)| Some((record, spans.named(record, &task)?)));
        Self {
            so_far_us: found.map(|(_, it)| it.length_so_far_us(now_us)),
            outcome: found.and_then(|(_, it)| it.end).map(|(_, outcome)| outcome),
            measured_us: found.and_then(|(_, it)| it.length_us()),
            ideal_us: ideal.and_then(|(ideal, spans)| spans.named(ideal, &task)?.length_us()),
            lag_us: found.and_then(|(record, it)| it.longest_lag_us(record)),
            task,
            label,
        }
    }

    /// The label as it appears inside a sentence: in lower case, unless it is the name of a task.
    #[must_use]
    pub fn label_in_sentence(&self) -> Cow<'_, str> {
        if self.label == self.task { self.label.as_ref().into() } else { self.label.to_ascii_lowercase().into() }
    }
}

/// The speed-up in words, such as "2.5 times as fast as sequential".
fn ratio_in_words(speed_up: Option<f64>, baseline: &str) -> String {
    match speed_up {
        Some(ratio) if ratio >= 1.05 => format!("{ratio:.1} times as fast as {baseline}"),
        Some(ratio) if ratio <= 0.95 => format!("{:.1} times as long as {baseline}", 1.0 / ratio),
        _ => format!("about as fast as {baseline}"),
    }
}

/// The ideals of the first comparison that has any, in words without a full stop.
#[must_use]
pub fn ideals_in_words(compared: &[Compared]) -> Option<String> {
    compared.iter().find_map(Compared::ideals)
}

/// The number of parts that have ended, and the number of all parts.
#[must_use]
pub fn progress(compared: &[Compared]) -> (usize, usize) {
    let bars = || compared.iter().flat_map(|compared| &compared.bars);
    (bars().filter(|bar| bar.outcome.is_some()).count(), bars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::EventKind;

    fn bar(label: &'static str, measured_us: u64, ideal_us: u64, lag_us: u64) -> ComparedBar {
        ComparedBar {
            task: format!("task of {label}").into(),
            label: label.into(),
            so_far_us: Some(measured_us),
            outcome: Some(Outcome::Succeeded),
            measured_us: Some(measured_us),
            ideal_us: Some(ideal_us),
            lag_us: Some(lag_us),
        }
    }

    fn compared(bars: Vec<ComparedBar>) -> Compared {
        Compared { title: "".into(), about: "".into(), is_race: true, bars }
    }

    #[test]
    fn the_sentence_has_units_a_ratio_and_the_ideal() {
        let bars = vec![bar("Sequential", 909_000, 900_000, 900), bar("Concurrent", 706_000, 700_000, 800)];
        let compared = compared(bars);
        let sentence = "Concurrent took 706 ms, 1.3 times as fast as sequential (909 ms); ideal: 700 ms.";
        assert_eq!(compared.sentence().as_deref(), Some(sentence));
    }

    #[test]
    fn the_sentence_compares_a_blocked_loop_with_a_free_one() {
        let bars = vec![bar("Blocking", 300_000, 300_000, 290_000), bar("Sleeping", 101_000, 100_000, 1_200)];
        let sentence = compared(bars).sentence().expect("both have ended");
        assert!(sentence.ends_with(
            " During blocking, the event loop was blocked for up to 290 ms; during sleeping, its longest lag was 1.2 ms."
        ));
    }

    #[test]
    fn the_lag_of_each_bar_is_named_if_the_loop_was_blocked_during_one() {
        let lags = |bars| {
            let compared = compared(bars);
            compared.bars.iter().map(|bar| compared.lag_in_words(bar)).collect::<Vec<_>>()
        };
        let (broken, fixed) = (bar("Broken", 1_800_000, 1_800_000, 500_000), bar("Fixed", 1_810_000, 1_800_000, 1_200));
        let differ = [Some("loop blocked 500 ms".to_owned()), Some("loop lag 1.2 ms".to_owned())];
        assert_eq!(lags(vec![broken, fixed.clone()]), differ);
        assert_eq!(lags(vec![fixed.clone(), fixed]), [None, None]);
    }

    #[test]
    fn no_gain_is_reported_as_no_gain() {
        let sentence = |first, last| {
            let bars = vec![bar("A", first, first, 0), bar("B", last, last, 0)];
            compared(bars).sentence().expect("both have ended")
        };
        assert!(sentence(500_000, 500_000).contains("about as fast as a (500 ms)"));
        assert!(sentence(500_000, 1_000_000).contains("2.0 times as long as a (500 ms)"));
    }

    #[test]
    fn parts_that_do_not_compete_are_reported_one_by_one() {
        let mut failed = bar("Broken", 300, 0, 0);
        (failed.measured_us, failed.outcome) = (None, Some(Outcome::Failed));
        let compared = Compared { is_race: false, ..compared(vec![failed, bar("Fixed", 101_000, 100_000, 0)]) };
        assert_eq!(compared.sentence().as_deref(), Some("Broken failed, Fixed took 101 ms."));
        assert_eq!(compared.speed_up(), None);
        assert_eq!(
            Compared { is_race: true, ..compared.clone() }.sentence(),
            compared.sentence(),
            "one of them failed"
        );
    }

    /// A bar of which only the ideal is known.
    fn expected(label: &'static str, ideal_us: Option<u64>) -> ComparedBar {
        ComparedBar { so_far_us: None, outcome: None, measured_us: None, ideal_us, lag_us: None, ..bar(label, 0, 0, 0) }
    }

    #[test]
    fn before_the_run_a_race_has_a_forecast_and_no_result() {
        let race = compared(vec![expected("Sequential", Some(900_000)), expected("Concurrent", Some(700_000))]);
        let forecast = "Forecast: Concurrent takes 700 ms, 1.3 times as fast as sequential (900 ms).";
        assert_eq!((race.forecast().as_deref(), race.sentence()), (Some(forecast), None));
        assert_eq!(ideals_in_words(&[race]).as_deref(), Some("sequential 900 ms, concurrent 700 ms"));
    }

    #[test]
    fn parts_without_an_ideal_are_left_out_of_the_forecast() {
        let compared = compared(vec![expected("Broken", None), expected("Fixed", Some(100_000))]);
        assert_eq!(compared.forecast().as_deref(), Some("Forecast: fixed 100 ms."));
        let none = Compared { bars: vec![expected("Broken", None)], ..compared.clone() };
        assert_eq!(none.forecast(), None);
        assert_eq!(ideals_in_words(&[none, compared]).as_deref(), Some("fixed 100 ms"));
    }

    #[test]
    fn before_the_run_there_is_no_sentence() {
        let exercise = &crate::exercises::async_basics::EXERCISE;
        let compared = Compared::all(exercise, &Settings::defaults(exercise.controls), None, 0, None);
        assert_eq!(progress(&compared), (0, 4));
        assert!(compared.iter().all(|it| it.sentence().is_none() && it.scale_us() == 1));
    }

    #[test]
    fn root_tasks_are_compared_with_the_first_by_their_names() {
        let mut record = Record::default();
        for (name, from_us, to_us) in [("One by one", 0, 900), ("Together", 900, 1_200), ("Together", 1_200, 9_000)] {
            let root = record.spawn(from_us, name.to_string().into(), None);
            let child = record.spawn(from_us, "child".into(), Some(root));
            record.push(to_us, child, EventKind::Ended(Outcome::Succeeded));
            record.push(to_us, root, EventKind::Ended(Outcome::Succeeded));
        }
        let spans = Spans::from_record(&record);
        let compared = Compared::from_root_tasks(Some((&record, &spans)), 9_000, None).expect("there are root tasks");
        let bars: Vec<_> = compared.bars.iter().map(|bar| (&*bar.task, &*bar.label, bar.measured_us)).collect();
        assert_eq!(bars, [("One by one", "One by one", Some(900)), ("Together", "Together", Some(300))]);
        assert_eq!(compared.speed_up(), Some(3.0));
        assert!(compared.sentence().expect("both have ended").contains("3.0 times as fast as One by one ("));
    }

    #[test]
    fn an_exercise_without_comparisons_compares_its_root_tasks() {
        static BARE: Exercise = Exercise::new("bare", 0, "Bare");
        let settings = Settings::defaults(BARE.controls);
        assert_eq!(Compared::all(&BARE, &settings, None, 0, None), []);
        let mut record = Record::default();
        record.spawn(0, "main".into(), None);
        let spans = Spans::from_record(&record);
        let compared = Compared::all(&BARE, &settings, Some((&record, &spans)), 7, None);
        assert_eq!((compared.len(), &*compared[0].bars[0].label, compared[0].bars[0].so_far_us), (1, "main", Some(7)));
        assert_eq!(compared[0].sentence(), None, "it has not ended");
    }
}
