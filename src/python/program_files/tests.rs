use proptest::prelude::*;

use super::*;

fn program(names: &[&str]) -> Result<ProgramFiles, BadFiles> {
    ProgramFiles::new(names.iter().map(|name| ProgramFile::text(name, "x = 1\n")).collect(), "")
}

#[test]
fn a_program_has_a_main_file_and_others() {
    let program = program(&["score.py", "data/scores.csv", "src/grade.py"]).expect("the names are valid");
    assert_eq!(&*program.main().name, "score.py");
    assert_eq!(program.main_text(), "x = 1\n");
    assert!(program.get("src/grade.py").is_some_and(ProgramFile::is_python));
    assert!(program.get("grade.py").is_none());
}

#[test]
fn names_that_leave_the_folder_are_refused_with_the_reason() {
    for (name, why) in [
        ("", "it is empty"),
        ("../score.py", "it is not a path inside the program's folder"),
        ("a/../../score.py", "it is not a path inside the program's folder"),
        ("/etc/passwd", "it is not a path inside the program's folder"),
        ("C:score.py", "it is not a path inside the program's folder"),
        ("./a", "it is not a path inside the program's folder"),
        ("a//b", "a part of it is empty"),
        ("a/", "a part of it is empty"),
        ("a\\b", "it contains a backslash"),
        ("a\0b", "it has a control character"),
        (" a", "a part of it begins or ends with a space"),
        (&"x".repeat(201), "it is longer than 200 bytes"),
    ] {
        let refusal = program(&["main.py", name]).expect_err(name);
        assert!(matches!(&refusal, BadFiles::BadName { why: found, .. } if *found == why), "{name}: {refusal}");
        assert!(!refusal.advice().is_empty());
    }
    for name in ["Zähler 7.txt", "..a", "a...", "数字/数字.csv", ".env", "🦀"] {
        assert!(program(&["main.py", name]).is_ok(), "{name}");
    }
}

#[test]
fn two_files_cannot_have_the_same_place() {
    for names in [["main.py", "a", "a"], ["main.py", "a", "a/b"], ["main.py", "a/b", "a"]] {
        assert!(matches!(program(&names), Err(BadFiles::Duplicate { .. })), "{names:?}");
    }
    assert!(program(&["main.py", "a", "ab/c"]).is_ok());
}

#[test]
fn a_program_needs_a_python_file_that_is_text() {
    assert_eq!(program(&[]), Err(BadFiles::Empty));
    assert!(matches!(program(&["data.csv"]), Err(BadFiles::MainNotPython { .. })));
    let bytes = ProgramFile::new("main.py", Content::from_bytes(vec![0xff]));
    assert!(matches!(ProgramFiles::new(vec![bytes], ""), Err(BadFiles::NotText { .. })));
}

#[test]
fn sizes_and_the_number_of_files_are_limited() {
    let with = |name: &str, bytes: usize| {
        let files = vec![ProgramFile::text("main.py", ""), ProgramFile::text(name, &"x".repeat(bytes))];
        ProgramFiles::new(files, "")
    };
    assert!(with("a.py", MOST_SOURCE_BYTES).is_ok() && with("a.csv", MOST_DATA_BYTES).is_ok());
    let error = with("a.py", 1_200_000).expect_err("it is too large");
    assert_eq!(error.to_string(), "the Python files are 1.2 MB in total, but the maximum is 1.0 MB");
    assert!(matches!(with("a.csv", MOST_DATA_BYTES + 1), Err(BadFiles::DataTooLarge { .. })));
    let names: Vec<String> = (0..=MOST_FILES).map(|n| format!("{n}.py")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(program(&names[1..]).is_ok());
    let error = program(&names).expect_err("too many");
    assert_eq!(error.to_string(), "there are 101 files, but the maximum is 100");
}

#[test]
fn files_are_added_changed_renamed_and_removed() {
    let one = program(&["score.py"]).expect("valid");
    let two = one.with_new(ProgramFile::text("grade.py", "y = 2\n")).expect("valid");
    assert!(matches!(two.with_new(ProgramFile::text("grade.py", "")), Err(BadFiles::Duplicate { .. })));
    let changed = two.with(ProgramFile::text("grade.py", "z = 3\n")).expect("valid");
    assert_eq!(changed.get("grade.py").and_then(|it| it.content.text()), Some("z = 3\n"));
    let renamed = two.renamed("score.py", "test.py").expect("valid");
    assert_eq!(&*renamed.main().name, "test.py");
    assert!(two.renamed("grade.py", "score.py").is_err());
    assert!(two.renamed("score.py", "score.txt").is_err(), "the main file stays Python");
    assert_eq!(&*two.with_main("grade.py").expect("valid").main().name, "grade.py");
    assert_eq!(two.without("grade.py"), one);
    assert_eq!(one.without("score.py"), one, "the main file stays");
}

#[test]
fn arguments_are_checked_when_they_are_set() {
    let program = program(&["main.py"]).expect("valid");
    assert_eq!(program.with_arguments("--n 3").expect("valid").arguments(), "--n 3");
    assert_eq!(program.with_arguments("'"), Err(BadFiles::Arguments(UnclosedQuote)));
    assert_eq!(program.with_arguments(&"x".repeat(10_001)), Err(BadFiles::ArgumentsTooLong));
}

#[test]
fn content_is_text_if_it_is_utf_8_without_zeros() {
    assert_eq!(Content::from_bytes("ü".into()).text(), Some("ü"));
    assert_eq!(Content::from_bytes(vec![]).text(), Some(""));
    assert_eq!(Content::from_bytes(vec![b'a', 0]).text(), None);
    assert_eq!(Content::from_bytes(vec![0xc3]).size(), 1);
}

#[test]
fn json_keeps_text_readable_and_bytes_exact() {
    let files = vec![
        ProgramFile::text("score.py", "print('ü')\n"),
        ProgramFile::new("w.bin", Content::from_bytes(vec![0, 255, 7])),
    ];
    let program = ProgramFiles::new(files, "--n 3").expect("valid");
    let json = serde_json::to_string(&program).expect("it is text");
    let expected =
        r#"{"files":[{"name":"score.py","text":"print('ü')\n"},{"name":"w.bin","base64":"AP8H"}],"arguments":"--n 3"}"#;
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_str::<ProgramFiles>(&json).ok(), Some(program));
}

#[test]
fn json_that_is_not_a_program_is_refused() {
    for (json, why) in [
        ("[]", ""),
        (r#"{"files":[]}"#, "a program needs at least one file"),
        (r#"{"files":[{"name":"a.py"}]}"#, "a file needs either `text` or `base64`"),
        (r#"{"files":[{"name":"a.py","text":"","base64":""}]}"#, "a file needs either `text` or `base64`"),
        (r#"{"files":[{"name":"a.py","text":""},{"name":"b","base64":"?"}]}"#, "a file is not valid base64"),
        (r#"{"files":[{"name":"../a.py","text":""}]}"#, "`../a.py` cannot be the name of a file"),
        (r#"{"files":[{"name":"a.py","text":""}],"arguments":"'"}"#, "a quote that is not closed"),
    ] {
        let error = serde_json::from_str::<ProgramFiles>(json).expect_err(json).to_string();
        assert!(error.contains(why), "{json}: {error}");
    }
}

proptest! {
    #[test]
    fn any_program_can_be_read_from_its_json(texts in proptest::collection::vec(".*", 1..4), bytes: Vec<u8>) {
        let mut files: Vec<_> =
            texts.iter().enumerate().map(|(n, text)| ProgramFile::text(&format!("{n}.py"), text)).collect();
        files.push(ProgramFile::new("data", Content::from_bytes(bytes)));
        let program = ProgramFiles::new(files, "a 'b c'").expect("valid");
        let json = serde_json::to_vec(&program).expect("it is text");
        prop_assert_eq!(serde_json::from_slice::<ProgramFiles>(&json).expect("it was written like this"), program);
    }

    #[test]
    fn no_name_panics(name in ".*") {
        let _ = program(&["main.py", &name]);
    }
}
