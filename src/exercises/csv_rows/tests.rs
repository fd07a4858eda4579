use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// The result of reading a file in pieces of this size.
fn read_in(bytes: &[u8], piece: usize) -> Result<Vec<Parsed>, CsvError> {
    let mut rows = CsvRows::default();
    let mut parsed = Vec::new();
    for piece in bytes.chunks(piece) {
        parsed.extend(rows.feed(piece)?);
    }
    parsed.extend(rows.finish()?);
    Ok(parsed)
}

fn read(bytes: impl AsRef<[u8]>) -> Result<Vec<Parsed>, CsvError> {
    read_in(bytes.as_ref(), usize::MAX)
}

/// The header as `a|b`, a row as `2: 1|2`, a bad one by its message.
fn in_words(parsed: &[Parsed]) -> Vec<String> {
    let words = parsed.iter().map(|parsed| match parsed {
        Parsed::Header(header) => header.names.join("|"),
        Parsed::Row(row) => format!("{}: {}", row.line, row.values().collect::<Vec<_>>().join("|")),
        Parsed::Bad(bad) => bad.to_string(),
    });
    words.collect()
}

#[track_caller]
fn assert_read(bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let bytes = bytes.as_ref();
    for piece in [usize::MAX, 1, 2, 3, 7] {
        let parsed = read_in(bytes, piece).expect("there are rows");
        assert_eq!(in_words(&parsed), expected, "in pieces of {piece}");
    }
}

#[track_caller]
fn assert_fails(bytes: impl AsRef<[u8]>, expected: &str) {
    let bytes = bytes.as_ref();
    for piece in [usize::MAX, 1, 2, 3] {
        let error = read_in(bytes, piece).expect_err("it cannot be read");
        assert_eq!(error.to_string(), expected, "in pieces of {piece}");
    }
}

#[test]
fn the_header_comes_first_and_then_the_rows_with_their_lines() {
    assert_read("a,b\n1,2\n3,4\n", &["a|b", "2: 1|2", "3: 3|4"]);
}

#[test]
fn any_line_ends_a_byte_order_mark_and_a_missing_last_line_end_are_accepted() {
    let expected = ["a|b", "2: 1|2", "3: 3|4"];
    assert_read("a,b\r\n1,2\r\n3,4\r\n", &expected);
    assert_read("a,b\r1,2\r3,4\r", &expected);
    assert_read("a,b\n1,2\n3,4", &expected);
    assert_read("\u{feff}a,b\n1,2\r\n3,4", &expected);
    assert_read("\n\na,b\r\n\r\n1,2\n\n\n3,4\n\n", &["a|b", "5: 1|2", "8: 3|4"]);
    assert_read("\u{feff}\u{feff}a\n1\n", &["\u{feff}a", "2: 1"]);
}

#[test]
fn quoted_values_can_contain_commas_quotes_and_lines() {
    assert_read("a,b\n\"x,y\",\"say \"\"no\"\"\"\n", &["a|b", "2: x,y|say \"no\""]);
    assert_read("a,b\n\"x\ny\r\nz\",1\n3,4\n", &["a|b", "2: x\ny\r\nz|1", "5: 3|4"]);
    assert_read("\"a\nb\",c\n1,2\n", &["a\nb|c", "3: 1|2"]);
    assert_read("a,b\n\"\",\n", &["a|b", "2: |"]);
    assert_read("a\n\"\"\n", &["a", "2: "]);
    assert_read("a,b\nthe \"x\",2\n", &["a|b", "2: the \"x\"|2"]);
}

#[test]
fn a_row_of_the_wrong_length_is_reported_with_its_line_and_good_rows_are_read() {
    assert_read(
        "a,b\n1\n1,2\n1,2,3\n3,4\n",
        &["a|b", "line 2 has 1 value instead of 2", "3: 1|2", "line 4 has 3 values instead of 2", "5: 3|4"],
    );
}

#[test]
fn a_row_that_a_missing_quote_may_have_joined_is_reported_with_a_hint() {
    assert_read(
        "a,b\n\"1,2\n3,4\n5,\"6\n7,8\n",
        &["a|b", "line 2 has 1 value instead of 2 and spans 3 lines: a closing quote may be missing", "5: 7|8"],
    );
}

#[test]
fn a_quote_that_is_never_closed_makes_one_line_bad() {
    let open = "opens a quote that is not closed";
    assert_read("a,b\n1,2\n3,\"4\n5,6\n7,8", &["a|b", "2: 1|2", &format!("line 3 {open}"), "4: 5|6", "5: 7|8"]);
    assert_read("a,b\r\n1,2\r\n\"3,4\r\n\r\n5,6\r\n", &["a|b", "2: 1|2", &format!("line 3 {open}"), "5: 5|6"]);
    assert_read("a,b\n1,2\n3,\"", &["a|b", "2: 1|2", &format!("line 3 {open}")]);
    let quote_below = "a,b,c\n\"x\ny\",\"open\n1,2,3\n";
    assert_read(quote_below, &["a|b|c", &format!("line 3 {open}"), "4: 1|2|3"]);
    assert_read("a,b\n\"1,2\n3,\"\"4\n", &["a|b", &format!("line 2 {open}"), "3: 3|4"]);
}

#[test]
fn bytes_that_are_not_utf_8_make_only_their_row_bad() {
    let advice = "choose the encoding Windows-1252, or save the file as UTF-8";
    let expected = format!("line 3 is not UTF-8 in column 2: {advice}");
    assert_read(b"a,b\n1,2\n3,Z\xFCrich\n5,6\n", &["a|b", "2: 1|2", &expected, "4: 5|6"]);
    let parted = format!("line 2 is not UTF-8 in column 1: {advice}");
    assert_read(b"a,b\n\xC3,\xBC\n5,6\n", &["a|b", &parted, "3: 5|6"]);
}

#[test]
fn a_file_that_cannot_be_read_is_reported_with_the_cause() {
    for empty in ["", "\n\r\n", "\u{feff}", "\u{feff}\n"] {
        assert_fails(empty, "the file is empty");
    }
    for only in ["a,b", "a,b\n", "\u{feff}a,b\r\n\r\n"] {
        assert_fails(only, "the file has a header but no rows");
    }
    assert_fails(b"\xFF\xFEa\0,\0b\0\n\0", "the file has a header but no rows");
    assert_fails(b"\xFE\xFF", "the file is empty");
    assert_fails("\"a,b\n1,2\n", "the header cannot be read: line 1 opens a quote that is not closed");
    assert_fails(
        b"a,\xE9\n1,2\n",
        "the header cannot be read: line 1 is not UTF-8 in column 2: choose the encoding Windows-1252, or save the file \
         as UTF-8",
    );
}

#[test]
fn reading_on_after_a_failure_returns_it_again() {
    let mut rows = CsvRows::default();
    let bad = [b"a,\xE9\n".as_slice(), &b"1,2\n".repeat(HEAD_BYTES)].concat();
    let error = rows.feed(&bad).expect_err("the header is bad");
    assert!(matches!(error, CsvError::BadHeader(_)));
    assert_eq!(rows.feed(b"a,b\n1,2\n"), Err(error.clone()));
    assert_eq!(rows.finish(), Err(error));
}

#[test]
fn other_separators_comments_and_encodings_are_recognized() {
    assert_read("a;b\n1,5;2\n", &["a|b", "2: 1,5|2"]);
    assert_read("sep=;\r\na;b\r\n1;2\r\n", &["a|b", "3: 1|2"]);
    assert_read("# one\n# two\na,b\n1,2\n# three\n3,4\n", &["a|b", "4: 1|2", "6: 3|4"]);
    let utf16: Vec<u8> = "name,x\nZürich,1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_read(&utf16, &["name|x", "2: Zürich|1"]);
    assert_read([b"\xFF\xFE".as_slice(), &utf16].concat(), &["name|x", "2: Zürich|1"]);
}

#[test]
fn problems_with_column_names_are_reported_and_do_not_prevent_reading() {
    let parsed = read("a,,b,a\n1,2,3,4\n").expect("there is a row");
    let Parsed::Header(header) = &parsed[0] else { panic!("{parsed:?}") };
    let problems: Vec<_> = header.problems.iter().map(HeaderProblem::to_string).collect();
    assert_eq!(problems, ["column 2 has no name", "columns 1 and 4 are both called `a`"]);
}

#[test]
fn a_row_that_is_too_long_is_bad_and_the_next_is_good() {
    let long = "x".repeat(MOST_ROW_BYTES + 10);
    for piece in [usize::MAX, 65_536, 100_003] {
        let parsed = read_in(format!("a\n1\n{long}\n2\n").as_bytes(), piece).expect("there are rows");
        assert_eq!(in_words(&parsed), ["a", "2: 1", "line 3 has more than 1.0 MB", "4: 2"]);
        let parsed = read_in(format!("a\n\"{long}\n2\n").as_bytes(), piece).expect("there are rows");
        assert_eq!(in_words(&parsed), ["a", "line 2 has more than 1.0 MB: a closing quote may be missing", "3: 2"]);
    }
}

#[test]
fn an_unclosed_quote_in_a_large_file_makes_one_line_bad_and_needs_little_memory() {
    let row = "12345678,12345678\n";
    let count = 3 * MOST_ROW_BYTES / row.len();
    let file = format!("a,b\n\"open,1\n{}", row.repeat(count));
    let mut rows = CsvRows::default();
    let mut good = 0;
    for piece in file.as_bytes().chunks(10_000) {
        let parsed = rows.feed(piece).expect("the header is good");
        good += parsed.iter().filter(|parsed| matches!(parsed, Parsed::Row(_))).count();
        assert!(rows.records.held_bytes() < 5 * MOST_ROW_BYTES);
    }
    rows.finish().expect("there are rows");
    assert_eq!((good, rows.counts().bad), (count, 1));
    assert_eq!(rows.counts(), Counts { bytes: file.len() as u64, rows: count as u64, bad: 1 });
}

#[test]
fn an_unclosed_quote_makes_one_line_bad_wherever_the_limit_cuts_the_rest() {
    // With one of the five offsets, the limit is between the two quotes of a pair.
    for shift in 0..5 {
        let row = "1,\"\"\n";
        let count = 2 * MOST_ROW_BYTES / row.len();
        let file = format!("a,b\n\"x{},1\n{}", "x".repeat(shift), row.repeat(count));
        let mut rows = CsvRows::default();
        file.as_bytes().chunks(10_000).for_each(|piece| drop(rows.feed(piece).expect("the header is good")));
        rows.finish().expect("there are rows");
        assert_eq!((rows.counts().rows, rows.counts().bad), (count as u64, 1), "{shift}");
    }
}

#[test]
fn only_the_first_problems_of_a_wide_header_are_reported() {
    let parsed = read(format!("a{}\n1\n", ",b".repeat(10_000))).expect("there is a header");
    let Parsed::Header(header) = &parsed[0] else { panic!("{parsed:?}") };
    assert_eq!((header.names.len(), header.problems.len()), (10_001, MAX_HEADER_PROBLEMS));
    let long = HeaderProblem::Repeated { name: "x".repeat(100_000), first: 1, again: 2 };
    assert!(long.to_string().len() < 200);
}

/// Bytes like those of good and bad files.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[ab1]{1,3}".prop_map(String::into_bytes),
        3 => Just(b",".to_vec()),
        3 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        3 => Just(b"\"".to_vec()),
        1 => Just(b"\xC3\xBC".to_vec()),
        1 => Just(b"\xFC".to_vec()),
        1 => Just(b"\xEF\xBB\xBF".to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(9), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_any_size_give_the_same_result(bytes in any_file(), piece in 1..20_usize) {
        prop_assert_eq!(read_in(&bytes, piece), read(&bytes));
    }

    #[test]
    fn good_files_give_the_same_rows_as_the_csv_crate(
        table in (1..5_usize).prop_flat_map(|columns| {
            prop::collection::vec(prop::collection::vec("[a-c,\"\r\n ü🦀]{0,6}", columns), 2..12)
        }),
        ends_with_return in any::<bool>(),
        piece in 1..20_usize,
    ) {
        let end = if ends_with_return { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(end).from_writer(Vec::new());
        for row in &table {
            writer.write_record(row).expect("all rows have the same length");
        }
        let bytes = writer.into_inner().expect("memory takes it");
        let parsed = read_in(&bytes, piece).expect("there are rows");
        prop_assert!(matches!(&parsed[0], Parsed::Header(header) if header.names == table[0]));
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let records: Vec<_> = reader.records().map(|record| record.expect("it is good")).collect();
        prop_assert_eq!(parsed.len(), 1 + records.len());
        for (parsed, record) in parsed[1..].iter().zip(records) {
            let Parsed::Row(row) = parsed else { panic!("{parsed:?}") };
            prop_assert_eq!(row.values().collect::<Vec<_>>(), record.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn line_numbers_are_those_of_an_editor(bytes in any_file()) {
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\r', "\n");
        let lines = text.split('\n').count() as u64;
        let mut last = 0;
        for parsed in read(&bytes).unwrap_or_default() {
            let line = match parsed {
                Parsed::Header(_) => continue,
                Parsed::Row(row) => row.line,
                Parsed::Bad(bad) => bad.line,
            };
            prop_assert!(line > last && line <= lines, "line {line} of {lines} after {last}");
            prop_assert!(text.split('\n').nth(line as usize - 1).is_some_and(|line| !line.is_empty()));
            last = line;
        }
    }
}
