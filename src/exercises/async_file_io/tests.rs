//! The lesson on the virtual clock, where the files are in memory.

use super::*;
use crate::runtime::virtual_time::block_on;

fn site() -> Site {
    let file = |path: &'static str| {
        let bytes = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
        (path, Rc::from(bytes.expect("the repository has it")))
    };
    Site::at_hand(["models/mlp-64.safetensors", "data/digits.csv"].map(file))
}

fn settings(numbers: &[(&str, f64)]) -> Settings {
    let mut settings = Settings::defaults(EXERCISE.controls);
    settings.set("size", Value::Number(1.0));
    numbers.iter().for_each(|(name, value)| settings.set(name, Value::Number(*value)));
    settings
}

fn report(settings: &Settings) -> (Run, Report) {
    let run = Run::on_virtual_clock(7);
    let lesson = (EXERCISE.run)(run.clone(), Rc::new(site()), settings.clone());
    let report = block_on(&run, lesson).expect("it ends").expect("the files are good");
    (run, report)
}

#[test]
fn of_ten_files_three_of_which_are_missing_seven_come_and_three_are_named_in_order() {
    let (_, report) = report(&settings(&[("files", 7.0), ("missing", 3.0)]));
    let outcomes: Vec<_> = report.tables[0].rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == "✓ read").count(), 7);
    let missing: Vec<_> = outcomes.iter().filter(|(name, _)| name.starts_with("missing")).copied().collect();
    assert_eq!(missing.len(), 3);
    assert!(missing.iter().all(|(name, outcome)| *outcome == format!("✕ there is no file `{name}`")), "{missing:?}");
    assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
}

#[test]
fn bad_rows_are_named_by_their_lines_and_the_digits_read_as_well_as_ever() {
    let (_, report) = report(&settings(&[("rows", 360.0), ("bad-rows", 2.0)]));
    // A test beside the classifiers holds the same number.
    assert!(
        report.notes.iter().any(|note| note.contains("reads 353 of the good ones right: 98.1 %")),
        "{:?}",
        report.notes
    );
    let bad: Vec<_> = report.tables[2].rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(bad, ["line 121 has 3 values instead of 65", "line 242 has 3 values instead of 65"]);
}

#[test]
fn without_files_and_rows_it_is_over_at_once() {
    let (_, report) = report(&settings(&[("files", 0.0), ("missing", 0.0), ("rows", 0.0), ("bad-rows", 0.0)]));
    assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
    assert!(report.notes.iter().any(|note| note.contains("no good row")));
}

#[test]
fn predictions_have_the_guides_columns() {
    let samples = Samples { read: vec![(7, 7), (3, 8)], ..Samples::default() };
    assert_eq!(samples.predictions(), "sample_id,prediction,label\n0,7,7\n1,8,3\n");
}

#[test]
fn files_that_are_too_much_together_are_a_conflict_with_a_way_out() {
    let conflict = plan::conflict(&settings(&[("files", 1_000.0), ("size", 64.0)])).expect("it is too much");
    assert_eq!((conflict.control, conflict.nearest), ("size", Value::Number(50.0)));
}
