//! Headers right and wrong, each against what the format's own crate says of it.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use safetensors::tensor::Metadata;

use super::*;

/// What the crate says of the same header.
fn parse_with_crate(header: &str) -> Result<Metadata, serde_json::Error> {
    serde_json::from_str(header)
}

fn error(header: &str) -> String {
    Header::parse(header.as_bytes()).err().expect("the header breaks a rule").to_string()
}

#[track_caller]
fn assert_same_values(header: &Header, expected: &Metadata) {
    assert_eq!(header.data_len(), expected.data_len());
    let metadata = expected.metadata().clone().unwrap_or_default();
    assert_eq!(header.metadata.len(), metadata.len());
    for (key, text) in metadata {
        assert_eq!(header.text(&key), Some(text.as_str()));
    }
    let tensors = expected.tensors();
    assert_eq!(header.tensors().len(), tensors.len());
    for (name, expected) in tensors {
        let tensor = header.tensor(&name).expect("it is there for the crate");
        assert_eq!((tensor.name(), &tensor.shape), (name.as_str(), &expected.shape));
        assert_eq!(tensor.datatype, expected.dtype.to_string());
        assert_eq!((tensor.bits, tensor.data_offsets), (expected.dtype.bitsize(), expected.data_offsets));
    }
}

/// Whether both accept the header, and if so, with the same values; only the deliberate differences may differ.
#[track_caller]
fn assert_as_with_crate(header: &str) -> bool {
    match (Header::parse(header.as_bytes()), parse_with_crate(header)) {
        (Ok(header), Ok(expected)) => assert_same_values(&header, &expected),
        (Ok(_), Err(error)) => panic!("only the crate refuses `{header}`: {error}"),
        (Err(error), Ok(_)) => {
            assert!(is_deliberate(header, &error), "only the crate accepts `{header}`: {error}");
            return false;
        }
        (Err(_), Err(_)) => return false,
    }
    true
}

/// Whether this is refused on purpose although the crate accepts it: a key twice, an unknown field, `null`.
fn is_deliberate(header: &str, error: &HeaderError) -> bool {
    match error {
        HeaderError::Twice { .. } => true,
        HeaderError::Unexpected { at, expected } => {
            expected.starts_with("only") || header[at - LENGTH_BYTES..].starts_with("null")
        }
        _ => false,
    }
}

fn one_tensor(dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#"{{"t":{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}}}"#)
}

#[test]
fn each_datatype_has_the_size_that_the_crate_knows() {
    let names = "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 BF16 I32 \
                 U32 F32 C64 F64 I64 U64";
    for name in names.split_whitespace() {
        let bytes = bits(name).expect("one of them");
        assert!(assert_as_with_crate(&one_tensor(&format!("\"{name}\""), "[8]", &format!("[0,{bytes}]"))), "{name}");
    }
    for name in ["", "f32", "F128", "F32 "] {
        assert!(!assert_as_with_crate(&one_tensor(&format!("\"{name}\""), "[0]", "[0,0]")), "{name}");
    }
}

#[test]
fn shapes_and_offsets_are_held_to_the_rules_of_the_crate() {
    for (shape, offsets, is_right) in [
        ("[2,3]", "[0,24]", true),
        ("[]", "[0,4]", true),
        ("[0]", "[0,0]", true),
        ("[0,18446744073709551615]", "[0,0]", true),
        ("[18446744073709551615,2,0]", "[0,0]", false),
        ("[4611686018427387904]", "[0,0]", false),
        ("[18446744073709551616]", "[0,0]", false),
        ("[2]", "[4,12]", false),
        ("[2]", "[0,7]", false),
        ("[2]", "[8,0]", false),
        ("[2]", "[0]", false),
        ("[2]", "[0,8,8]", false),
        ("[2]", "[0,8.0]", false),
        ("[2]", "[0,8e0]", false),
        ("[2]", "[-0,8]", false),
        ("[2]", "[00,8]", false),
        ("[2]", "[0,08]", false),
        ("[2,]", "[0,8]", false),
        ("[,2]", "[0,8]", false),
        ("[[2]]", "[0,8]", false),
        ("[\"2\"]", "[0,8]", false),
        ("2", "[0,8]", false),
    ] {
        let header = one_tensor("\"F32\"", shape, offsets);
        assert_eq!(assert_as_with_crate(&header), is_right, "{header}");
    }
    assert!(!assert_as_with_crate(&one_tensor("\"F4\"", "[1]", "[0,0]")), "half a byte");
}

#[test]
fn strings_are_those_of_json() {
    for (string, is_right) in [
        (r"", true),
        (r#"\"\\\/\b\f\n\r\t"#, true),
        (r"\u0041\u00e9\u20AC\u0000", true),
        (r"\ud83d\ude00", true),
        ("é€😀\u{7f}\u{2028}", true),
        (r"\ud83d", false),
        (r"\ud83d\n", false),
        (r"\ud83dxudc00", false),
        (r"\ud83d\u0041", false),
        (r"\ud83d\ud83d", false),
        (r"\ude00", false),
        (r"\u12", false),
        (r"\u+123", false),
        (r"\x41", false),
        (r"\", false),
        ("\n", false),
        ("\u{1f}", false),
    ] {
        let as_text = format!(r#"{{"__metadata__":{{"key":"{string}"}}}}"#);
        assert_eq!(assert_as_with_crate(&as_text), is_right, "{string}");
        let as_name = format!(r#"{{"{string}":{{"dtype":"U8","shape":[],"data_offsets":[0,1]}}}}"#);
        assert_eq!(assert_as_with_crate(&as_name), is_right, "{string}");
    }
    assert!(assert_as_with_crate(
        r#"{"\u005f_metadata__":{"\u0061":"1"},"t":{"dt\u0079pe":"\u00558","shape":[],"data_offsets":[0,1]}}"#
    ));
}

#[test]
fn a_header_is_one_object_and_space() {
    for header in ["{}", " {}", "\t\r\n{ } \n", "{\"__metadata__\" : {} }"] {
        assert!(assert_as_with_crate(header), "{header}");
    }
    for header in
        ["", " ", "{", "}", "[]", "null", "{}{}", "{},", "{},{}", "{,}", "{\"a\"}", "\u{feff}{}", "{}\0", "{}\u{a0}"]
    {
        assert!(!assert_as_with_crate(header), "{header}");
    }
}

#[test]
fn some_is_refused_that_the_crate_accepts() {
    let fields = r#""dtype":"U8","shape":[],"data_offsets":[0,1]"#;
    for (reason, header) in [
        ("a tensor twice", format!(r#"{{"t":{{{fields}}},"t":{{{fields}}}}}"#)),
        ("a tensor twice, once with an escape", format!(r#"{{"t":{{{fields}}},"\u0074":{{{fields}}}}}"#)),
        ("a key of the metadata twice", r#"{"__metadata__":{"a":"1","a":"1"}}"#.to_owned()),
        ("an unknown field", format!(r#"{{"t":{{{fields},"stride":[1]}}}}"#)),
        ("a tensor without its fields' names", r#"{"t":["U8",[],[0,1]]}"#.to_owned()),
        ("a datatype as an object", one_tensor(r#"{"U8":null}"#, "[]", "[0,1]")),
        ("metadata that are null", r#"{"__metadata__":null}"#.to_owned()),
    ] {
        assert!(parse_with_crate(&header).is_ok(), "{reason}");
        assert!(Header::parse(header.as_bytes()).is_err(), "{reason}");
    }
}

#[test]
fn an_error_tells_the_byte_in_the_file_and_what_is_wrong_there() {
    assert_eq!(error(""), "expected `{` at byte 8");
    assert_eq!(error("{ 1}"), "expected a string in quotes at byte 10");
    assert_eq!(error("{\"a"), "expected the rest of a string at byte 11");
    assert_eq!(error("{\"é\\x"), "expected an escape that stands for a character at byte 12");
    assert_eq!(error("{} x"), "expected the end of the header at byte 11");
    assert_eq!(error(r#"{"a":1}"#), "expected `{` at byte 13");
    assert_eq!(error(r#"{"a":{}}"#), "expected a tensor with `dtype`, `shape` and `data_offsets` at byte 9");
    assert_eq!(error(r#"{"a":{"b":1}}"#), "expected only `dtype`, `shape` and `data_offsets` at byte 14");
    assert_eq!(error(r#"{"a":{"dtype":"F31"}}"#), "expected a datatype such as `F32` at byte 22");
    assert_eq!(error(r#"{"a":{"shape":[1.0]}}"#), "expected a comma or a closing bracket at byte 24");
    assert_eq!(error(r#"{"a":{"shape":[-1]}}"#), "expected a whole number at byte 23");
    assert_eq!(error(r#"{"a":{"shape":[99999999999999999999]}}"#), "expected a smaller number at byte 23");
    assert_eq!(error(r#"{"__metadata__":{"a":"","a":""}}"#), "`a` at byte 32 is there a second time");
    assert_eq!(error(&one_tensor("\"U8\"", "[1]", "[1,2]")), "the data of tensor `t` at byte 9 begin at 1, expected 0");
    assert_eq!(
        error(&one_tensor("\"U8\"", "[1]", "[0,2]")),
        "the data of tensor `t` at byte 9 do not have the size of its shape"
    );
    let not_text = Header::parse(b"{\"\xff\":1}").err().expect("no character has this byte");
    assert_eq!(not_text.to_string(), "expected UTF-8 text at byte 10");
}

#[test]
fn a_header_of_any_depth_or_length_is_read_at_once() {
    for deep in ["[", "{\"a\":", "{\"a\":{\"shape\":["] {
        assert!(Header::parse(deep.repeat(1_000_000).as_bytes()).is_err());
    }
    let tensors: Vec<_> = (0..100_000)
        .map(|index| format!(r#""{index}":{{"dtype":"U8","shape":[],"data_offsets":[{index},{}]}}"#, index + 1))
        .collect();
    let header = Header::parse(format!("{{{}}}", tensors.join(",")).as_bytes()).expect("many tensors");
    assert_eq!(header.data_len(), 100_000);
    assert!((0..100_000).all(|index: usize| header.tensor(&index.to_string()).is_some()));
}

/// What the header of a file may be made of, right or wrong.
const PIECES: [&str; 34] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    " ",
    "\n",
    "\\",
    "\\n",
    "\\u0061",
    "\\ud83d",
    "\\ude00",
    "é",
    "\u{1}",
    "0",
    "1",
    "9",
    "-",
    ".",
    "e1",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"F32\"",
    "\"F4\"",
    "\"shape\"",
    "\"dtype\":\"U8\",",
    "\"x\":\"\",",
    "18446744073709551615",
    "\"t\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},",
];

prop_compose! {
    /// A header by the rules, but for the offsets that `slip` moves.
    fn headers()(
        tensors in prop::collection::vec(
            (0..6usize, prop::collection::vec(0..4usize, 0..4), "[a-z\"\\\\é\n]{0,3}"),
            0..6,
        ),
        metadata in prop::option::of(prop::collection::btree_map("[a-z]{0,2}", ".{0,6}", 0..4)),
        slip in prop::option::weighted(0.3, (0..6usize, 0..2usize, 0..9usize)),
        turn in 0..6usize,
        space in prop::sample::select(vec!["", " ", "\n\t", "\r "]),
    ) -> String {
        let mut end = 0;
        let mut entries = Vec::new();
        for (index, (dtype, shape, name)) in tensors.iter().enumerate() {
            let (dtype, bits) = [("F32", 32), ("U8", 8), ("F4", 4), ("F6_E2M3", 6), ("F64", 64), ("BF16", 16)][*dtype];
            let mut offsets = [end, end + shape.iter().product::<usize>() * bits / 8];
            end = offsets[1];
            if let Some((at, side, to)) = slip && at == index {
                offsets[side] = to;
            }
            let mut fields = [
                format!("\"dtype\":{space}\"{dtype}\""),
                format!("\"shape\":{shape:?}"),
                format!("\"data_offsets\"{space}:{offsets:?}"),
            ];
            fields.rotate_left((index + turn) % 3);
            let name = serde_json::to_string(&format!("{name}{index}")).unwrap();
            entries.push(format!("{name}:{space}{{{}}}", fields.join(&format!("{space},"))));
        }
        if let Some(metadata) = metadata {
            entries.push(format!("\"__metadata__\":{}", serde_json::to_string(&metadata).unwrap()));
        }
        let turn = turn % entries.len().max(1);
        entries.rotate_left(turn);
        format!("{space}{{{}{space}}}", entries.join(&format!(",{space}")))
    }
}

fn real_header() -> String {
    let file = std::fs::read("../static/models/mlp-64-32.safetensors").expect("the page's own weights");
    let length = u64::from_le_bytes(*file.first_chunk().expect("a length")) as usize;
    String::from_utf8(file[LENGTH_BYTES..][..length].to_vec()).expect("text")
}

/// Puts pieces in the place of so many characters.
fn damage(header: &str, damages: &[(prop::sample::Index, usize, &str)]) -> String {
    let mut characters: Vec<_> = header.chars().collect();
    for (at, removed, piece) in damages {
        let at = at.index(characters.len() + 1);
        let end = characters.len().min(at + removed);
        characters.splice(at..end, piece.chars());
    }
    characters.into_iter().collect()
}

fn damages() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, &'static str)>> {
    prop::collection::vec((any::<prop::sample::Index>(), 0..3usize, prop::sample::select(&PIECES)), 1..3)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        rng_seed: RngSeed::Fixed(6),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_header_is_accepted_or_refused_as_by_the_crate(header in headers()) {
        assert_as_with_crate(&header);
    }

    #[test]
    fn a_damaged_header_is_accepted_or_refused_as_by_the_crate(header in headers(), damages in damages()) {
        assert_as_with_crate(&damage(&header, &damages));
    }

    #[test]
    fn a_damaged_real_header_is_accepted_or_refused_as_by_the_crate(damages in damages()) {
        assert_as_with_crate(&damage(&real_header(), &damages));
    }
}
