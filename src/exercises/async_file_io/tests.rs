//! The exercise on the virtual clock, where the files are in memory.

use futures::stream::StreamExt;

use super::*;
use crate::exercises::test_support::settings_with;
use crate::measure::EventKind;
use crate::runtime::virtual_time::block_on;
use crate::storage::SourceError;

fn site() -> Site {
    let file = |path: &'static str| {
        let bytes = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
        (path, Rc::from(bytes.expect("the repository has it")))
    };
    Site::in_memory(["models/mlp-64.safetensors", "data/digits.csv"].map(file))
}

fn settings(numbers: &[(&str, f64)]) -> Settings {
    settings_with(&EXERCISE, &[&[("size", 1.0)], numbers].concat())
}

fn report(settings: &Settings) -> (Run, Report) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings.clone());
    let report = block_on(&run, future).expect("it ends").expect("the files are good");
    (run, report)
}

#[test]
fn of_ten_files_seven_are_read_and_the_three_missing_ones_are_reported() {
    let (_, report) = report(&settings(&[("files", 7.0), ("missing", 3.0)]));
    let outcomes: Vec<_> = report.tables()[0].rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == "✓ read").count(), 7);
    let missing: Vec<_> = outcomes.iter().filter(|(name, _)| name.starts_with("missing")).copied().collect();
    assert_eq!(missing.len(), 3);
    assert!(missing.iter().all(|(name, outcome)| *outcome == format!("✕ there is no file `{name}`")), "{missing:?}");
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
}

#[test]
fn bad_rows_are_reported_with_their_lines_and_do_not_affect_the_predictions() {
    let (_, report) = report(&settings(&[("rows", 360.0), ("bad-rows", 2.0)]));
    // A test of the classifiers has the same number.
    assert!(
        report.notes.iter().any(|note| note.contains("353 of 360 digits were classified correctly: 98.1 %")),
        "{:?}",
        report.notes
    );
    let bad: Vec<_> = report.tables()[3].rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(bad, ["line 121 has 3 values instead of 65", "line 242 has 3 values instead of 65"]);
}

#[test]
fn it_works_without_files_and_rows() {
    let (_, report) = report(&settings(&[("files", 0.0), ("missing", 0.0), ("rows", 0.0), ("bad-rows", 0.0)]));
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert!(report.notes.iter().any(|note| note.contains("no good row")));
}

#[test]
fn predictions_have_the_guides_columns() {
    let of = |sample_id, label, prediction| PredictedDigit { sample_id, label, prediction };
    let text: String = csv::predictions(&[of(0, 7, 7), of(1, 3, 8), of(4, 1, 1)], 2).collect();
    assert_eq!(text, "sample_id,prediction,label\n0,7,7\n1,8,3\n4,1,1\n");
}

#[test]
fn files_that_are_too_large_together_are_a_conflict_with_a_suggestion() {
    let conflict = plan::conflict(&settings(&[("files", 1_000.0), ("size", 64.0)])).expect("they are too large");
    assert_eq!((conflict.control, conflict.nearest), ("size", Value::Number(50.0)));
}

fn read_own(sources: Vec<Source>) -> (Run, Result<Report, Failure>) {
    let run = Run::on_virtual_clock(7);
    let mut settings = settings(&[]);
    settings.set("source", Value::Choice("own"));
    let site = site();
    site.set_own_files(sources);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site), settings);
    let report = block_on(&run, future).expect("it ends");
    (run, report)
}

/// The outcome of each file, and all messages about what is wrong in them.
fn outcomes(report: &Report) -> (Vec<&str>, Vec<&str>) {
    let outcomes = report.tables()[0].rows.iter().map(|row| row[1].as_str()).collect();
    let problems = report.tables().into_iter().filter(|table| table.columns[0].title == "Problem");
    (outcomes, problems.flat_map(|table| &table.rows).map(|row| row[0].as_str()).collect())
}

#[test]
fn each_of_the_users_own_files_has_its_own_outcome() {
    for (bytes, outcome, problems) in [
        (&b""[..], "✕ the file is empty", vec![]),
        (b"a,b\n", "✕ the file has a header but no rows", vec![]),
        (b"\xFF\xFEa\0,\0b\0\n\x001\0,\x002\0", "✓ rows: 1 good, 0 bad; UTF-16", vec![]),
        (b"a\0,\0b\0\n\x001\0,\x002\0\n\0", "✓ rows: 1 good, 0 bad; UTF-16", vec![]),
        (b"a;b\n1,5;2\n3;4,5\n", "✓ rows: 2 good, 0 bad; separated by `;`", vec![]),
        (b"a\tb\n1\t2\n", "✓ rows: 1 good, 0 bad; separated by tabs", vec![]),
        (b"sep=,\na,b\n1,2\n", "✓ rows: 1 good, 0 bad; the line `sep=` was skipped", vec![]),
        (b"# a\n# b\na,b\n1,2\n", "✓ rows: 1 good, 0 bad; 2 comments were skipped", vec![]),
        (
            b"a\n1,2\n3,4\n",
            "✕ cannot be parsed: rows: 0 good, 2 bad. Choose the file's separator or encoding, and run again",
            vec!["line 2 has 2 values instead of 1", "line 3 has 2 values instead of 1"],
        ),
        (b"a,b\n1,2\n3\n", "✓ rows: 1 good, 1 bad", vec!["line 3 has 1 value instead of 2"]),
        (b"a,b\n1,\"2\n3,4\n", "✓ rows: 1 good, 1 bad", vec!["line 2 opens a quote that is not closed"]),
        (b"\xEF\xBB\xBFa,b\r\n1,\"2\r\n3\"\r\n", "✓ rows: 1 good, 0 bad", vec![]),
        (b"a,\n1,2\n", "✓ rows: 1 good, 0 bad", vec!["column 2 has no name"]),
        (
            b"city\nZ\xFCrich\nBern\n",
            "✓ rows: 1 good, 1 bad",
            vec!["line 2 is not UTF-8 in column 1: choose the encoding Windows-1252, or save the file as UTF-8"],
        ),
    ] {
        let (_, report) = read_own(vec![
            Source::from_bytes("first.CSV", bytes.to_vec()),
            Source::from_bytes("picture.png", vec![0; 10]),
        ]);
        let report = report.expect("a bad file does not fail the exercise");
        assert_eq!(outcomes(&report), (vec![outcome, "✓ read"], problems), "{}", bytes.escape_ascii());
        assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    }
}

#[test]
fn digits_in_the_users_own_files_are_predicted_file_by_file() {
    let digits = std::fs::read(format!("{}/static/data/digits.csv", env!("CARGO_MANIFEST_DIR"))).expect("it is there");
    let mut wrong = digits.clone();
    wrong.extend(format!("ten{}\n", ",1".repeat(64)).bytes());
    let (run, report) = read_own(vec![Source::from_bytes("one.csv", digits), Source::from_bytes("two.csv", wrong)]);
    let report = report.expect("both are good");
    assert_eq!(outcomes(&report).1, ["line 362: `label` is `ten`, but must be a digit"]);
    assert!(
        report.notes.iter().any(|note| note.contains("706 of 720 digits were classified correctly")),
        "{:?}",
        report.notes
    );
    assert!(report.notes.iter().any(|note| note.contains("`predictions-2.csv`")), "{:?}", report.notes);
    assert!(Span::named(&run.record(), "save_predictions_async").is_some());
}

#[test]
fn the_columns_of_digits_are_found_in_any_place() {
    let names: Vec<_> = (0..64).map(|n| format!("p{n}")).collect();
    let zeros = vec!["0"; 64];
    let index = format!(",label,{}\n0,4,{}\n", names.join(","), zeros.join(","));
    let last = format!("{},label\n{},4\n", names.join(","), zeros.join(","));
    let spaces = format!("label, {}\n4, {}\n", names.join(", "), zeros.join(", "));
    let commas = format!("label;{}\n4,0;{}\n", names.join(";"), zeros.join(",0;"));
    for text in [index, last, spaces, commas] {
        let (_, report) = read_own(vec![Source::from_bytes("digits.csv", text.clone().into_bytes())]);
        let report = report.expect("it is a table");
        assert!(outcomes(&report).0[0].starts_with("✓ rows: 1 good, 0 bad"), "{text}");
        assert!(report.notes.iter().any(|note| note.contains("of 1 digits were classified")), "{text}");
    }
}

#[test]
fn long_values_and_wide_tables_are_read() {
    let long = format!("id,sequence\n1,{}\n", "ACGT".repeat(50_000));
    let wide = format!("a{}\n1{}\n", ",column".repeat(16_000), ",12345678".repeat(16_000));
    let files = [("long.csv", long), ("wide.tsv", wide.replace(',', "\t"))];
    let sources = files.map(|(name, text)| Source::from_bytes(name, text.into_bytes()));
    let (_, report) = read_own(sources.into());
    let outcomes = outcomes(&report.expect("both are tables")).0.join("\n");
    assert_eq!(outcomes, "✓ rows: 1 good, 0 bad\n✓ rows: 1 good, 0 bad; separated by tabs");
}

#[test]
fn the_reader_can_choose_how_a_table_is_read() {
    let run = Run::on_virtual_clock(7);
    let mut settings = settings(&[]);
    settings.set("source", Value::Choice("own"));
    settings.set("encoding", Value::Choice("windows-1252"));
    settings.set("separator", Value::Choice("pipe"));
    let site = site();
    site.set_own_files(vec![Source::from_bytes("cities.csv", b"city|x,y\nZ\xFCrich|1,2\n".to_vec())]);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site), settings);
    let report = block_on(&run, future).expect("it ends").expect("it is a table");
    assert_eq!(outcomes(&report).0, ["✓ rows: 1 good, 0 bad; separated by `|`, Windows-1252"]);
    let shown = report.tables().into_iter().find(|table| table.caption.ends_with("first rows")).expect("it has rows");
    assert_eq!(shown.rows[0], ["city", "Zürich"]);
}

#[test]
fn digits_are_recognised_by_all_their_columns_and_may_be_written_as_fractions() {
    let header = "label".to_owned() + &(0..64).map(|n| format!(",p{n}")).collect::<String>();
    let row = |label: &str, pixel: &str| format!("\n{label}{}", format!(",{pixel}").repeat(64));
    let fractions = header.clone() + &row("5.0", "0.0") + &row("7", "16.5") + &row("3.0", "8.25") + "\n";
    let others = header.replace("p63", "weight") + &row("ten", "many") + "\n";
    let (_, report) = read_own(vec![
        Source::from_bytes("fractions.csv", fractions.into_bytes()),
        Source::from_bytes("others.csv", others.into_bytes()),
    ]);
    let report = report.expect("both are tables");
    let wrong = vec!["line 3: `p0` is `16.5`, but must be from 0 to 16"];
    assert_eq!(outcomes(&report), (vec!["✓ rows: 2 good, 1 bad", "✓ rows: 1 good, 0 bad"], wrong));
    assert!(report.notes.iter().any(|note| note.contains("of 2 digits were classified")), "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("`predictions.csv`")), "{:?}", report.notes);
}

#[test]
fn a_file_that_cannot_be_read_does_not_affect_the_others() {
    let broken = Source::new("moved.csv", 10, || futures::stream::iter([Err(SourceError::Gone)]).boxed_local());
    let (_, report) = read_own(vec![broken, Source::from_bytes("good.csv", b"a\n1\n".to_vec())]);
    let report = report.expect("one is good");
    let (outcomes, _) = outcomes(&report);
    assert!(outcomes[0].starts_with("✕ it cannot be read: it was changed, moved or deleted"), "{outcomes:?}");
    assert_eq!(outcomes[1], "✓ rows: 1 good, 0 bad");
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
}

#[test]
fn files_that_cannot_be_read_are_not_checked() {
    let broken = Source::new("moved.csv", 10, || futures::stream::iter([Err(SourceError::Gone)]).boxed_local());
    let (_, report) = read_own(vec![broken]);
    let report = report.expect("it does not fail the exercise");
    assert!(report.checks.is_empty(), "{:?}", report.checks);
    assert!(report.notes[0].starts_with("0 of 1 file could be read: 0 B in "), "{:?}", report.notes);
}

#[test]
fn without_a_file_it_reports_what_is_missing() {
    let (_, report) = read_own(Vec::new());
    assert_eq!(report.expect_err("there is nothing to read").message, "no file has been chosen");
}

#[test]
fn many_files_take_turns_slice_by_slice() {
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(20_000);
    let (run, report) =
        read_own((0..8).map(|n| Source::from_bytes(&format!("{n}.csv"), text.clone().into())).collect());
    assert!(outcomes(&report.expect("all are good")).0.iter().all(|it| *it == "✓ rows: 20,000 good, 0 bad"));
    // 80 KB are just over five slices, so each file takes at least five turns, and no file takes two turns in a row.
    let turns: Vec<_> =
        run.record().events().iter().filter(|it| it.kind == EventKind::Granted).map(|it| it.task).collect();
    assert!(turns.len() >= 40, "{turns:?}");
    assert!(turns.windows(2).all(|pair| pair[0] != pair[1]), "in turns: {turns:?}");
}
