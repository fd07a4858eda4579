//! The data set: 8×8 images of handwritten digits with their labels, read from a CSV file.
//!
//! The error for a wrong file, such as a web page that a server sends instead, names the first problem and its line.
//! `static/data/README.md` says where the data come from.

use csv::{ByteRecord, ReaderBuilder};
use thiserror::Error;

/// The number of pixels in an image: 8 rows of 8.
pub const PIXELS: usize = 64;

/// The number of classes: the digits 0 to 9.
pub const CLASSES: usize = 10;

/// The maximum value of a pixel: full ink. 0 is paper.
pub const BRIGHTEST: u8 = 16;

const COLUMNS: usize = 1 + PIXELS;
const LABEL: &str = "label";
const EXCERPT_CHARS: usize = 40;

/// Images and their labels, at least one, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

/// The reason bytes are not a file of digits.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DigitsError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is a web page. Many servers send one for a wrong address.
    #[error("found a web page instead of a CSV file: it begins with `{found}`")]
    WebPage {
        /// The file's first characters, at most 40.
        found: String,
    },
    /// The first line does not name the columns.
    #[error("the first line must be `label,p0,...,p63`, found `{found}`")]
    WrongHeader {
        /// The line's first characters, at most 40.
        found: String,
    },
    /// The file has only a header.
    #[error("the file has a header but no rows")]
    NoRows,
    /// The last row is incomplete and has no line end.
    #[error("the file is cut off in line {line}, which has {found} of {COLUMNS} values")]
    Truncated {
        /// The line, counted from 1, the header included.
        line: usize,
        /// The number of values in the line. An empty last value does not count.
        found: usize,
    },
    /// A row is not a label and an image.
    #[error("line {line} is not a digit")]
    BadRow {
        /// The line, counted from 1, the header included.
        line: usize,
        /// The problem.
        #[source]
        cause: RowError,
    },
}

/// The reason a row is not a label and an image.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RowError {
    /// The number of values is wrong.
    #[error("it has {found} values instead of {COLUMNS}")]
    WrongLength {
        /// The number of values in the row.
        found: usize,
    },
    /// A value is not an integer.
    #[error("`{column}` is `{found}`, which is not a whole number")]
    NotANumber {
        /// The column's name in the header.
        column: String,
        /// The value's first characters, at most 40.
        found: String,
    },
    /// A value is an integer, but out of range.
    #[error("`{column}` is {found}, but must be from 0 to {limit}")]
    OutOfRange {
        /// The column's name in the header.
        column: String,
        /// The value's first characters, at most 40.
        found: String,
        /// The greatest value allowed: 9 for a label, 16 for a pixel.
        limit: u8,
    },
}

impl Digits {
    /// Reads a CSV file with the header `label,p0,...,p63` and one image per row.
    ///
    /// Line ends may be those of any system, empty lines are skipped, and the last line may have no line end.
    ///
    /// # Errors
    ///
    /// The first problem in the file.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, DigitsError> {
        if bytes.is_empty() {
            return Err(DigitsError::Empty);
        }
        let mut records = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes).into_byte_records();
        let header = records.next().map(readable).unwrap_or_default();
        check_header(&header, bytes)?;

        let mut digits = Self { pixels: Vec::new(), labels: Vec::new() };
        for row in records.map(readable) {
            digits.push(&row).map_err(|cause| row_error(&row, cause, bytes))?;
        }
        if digits.is_empty() { Err(DigitsError::NoRows) } else { Ok(digits) }
    }

    /// The number of images, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false, because a file without rows is an error.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of image `index`, row by row from the top left, each from 0 to 16.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * PIXELS..][..PIXELS]
    }

    /// The digit that image `index` shows, from 0 to 9.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    #[must_use]
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// All labels, `[n]`, each from 0 to 9.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Image `index` as a classifier takes it: each pixel divided by 16, so from 0 to 1.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    ///
    /// ```
    /// # use inference::digits::Digits;
    /// # let digits = Digits::from_csv(&std::fs::read("../static/data/digits.csv").unwrap()).unwrap();
    /// assert_eq!(digits.image(0)[..5], [0, 0, 1, 13, 8]);
    /// assert_eq!(digits.scaled(0)[..5], [0.0, 0.0, 0.0625, 0.8125, 0.5]);
    /// ```
    #[must_use]
    pub fn scaled(&self, index: usize) -> [f32; PIXELS] {
        let image = self.image(index);
        std::array::from_fn(|pixel| scale_pixel(image[pixel]))
    }

    /// All images as a classifier takes them, `[n, 64]` row by row: each pixel divided by 16, so from 0 to 1.
    #[must_use]
    pub fn scale(&self) -> Vec<f32> {
        self.pixels.iter().copied().map(scale_pixel).collect()
    }

    fn push(&mut self, row: &ByteRecord) -> Result<(), RowError> {
        if row.len() != COLUMNS {
            return Err(RowError::WrongLength { found: row.len() });
        }
        for (column, value) in row.iter().enumerate() {
            match column {
                0 => self.labels.push(parse(column, value)?),
                _ => self.pixels.push(parse(column, value)?),
            }
        }
        Ok(())
    }
}

/// Divides a pixel by 16. The result is exact, because 16 is a power of two.
fn scale_pixel(pixel: u8) -> f32 {
    f32::from(pixel) / f32::from(BRIGHTEST)
}

fn readable(record: csv::Result<ByteRecord>) -> ByteRecord {
    record.expect("reading from memory does not fail, and rows may differ in length")
}

fn check_header(header: &ByteRecord, bytes: &[u8]) -> Result<(), DigitsError> {
    let is_right = header.len() == COLUMNS
        && header.iter().enumerate().all(|(column, name)| name == column_name(column).as_bytes());
    if is_right {
        return Ok(());
    }
    let found = excerpt(bytes);
    Err(if found.starts_with('<') { DigitsError::WebPage { found } } else { DigitsError::WrongHeader { found } })
}

/// The error for a bad row: either the file is truncated there, or the row is wrong.
fn row_error(row: &ByteRecord, cause: RowError, bytes: &[u8]) -> DigitsError {
    let start = row_start(row, bytes);
    let line = 1 + bytes[..start].iter().filter(|&&byte| byte == b'\n').count();
    let ends_without_value = row.iter().next_back().is_some_and(<[u8]>::is_empty);
    let found = row.len() - usize::from(ends_without_value);
    if found < COLUMNS && !bytes[start..].contains(&b'\n') {
        return DigitsError::Truncated { line, found };
    }
    DigitsError::BadRow { line, cause }
}

/// The byte at which the row starts. The reader's own position may still be before the end of an earlier line.
fn row_start(row: &ByteRecord, bytes: &[u8]) -> usize {
    let position = row.position().map_or(0, csv::Position::byte);
    let before = usize::try_from(position).map_or(bytes.len(), |position| position.min(bytes.len()));
    let line_ends = bytes[before..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    before + line_ends
}

fn parse(column: usize, value: &[u8]) -> Result<u8, RowError> {
    let limit = if column == 0 { CLASSES as u8 - 1 } else { BRIGHTEST };
    let text = String::from_utf8_lossy(value);
    if let Some(number) = text.parse().ok().filter(|&number| number <= limit) {
        return Ok(number);
    }
    let (column, found) = (column_name(column), excerpt(value));
    Err(if is_integer(&text) {
        RowError::OutOfRange { column, found, limit }
    } else {
        RowError::NotANumber { column, found }
    })
}

/// True if the text is an integer of any size.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn column_name(column: usize) -> String {
    if column == 0 { LABEL.to_owned() } else { format!("p{}", column - 1) }
}

/// The first characters of the first line, for an error message.
fn excerpt(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(4 * EXCERPT_CHARS)];
    let text = String::from_utf8_lossy(start);
    let line = text.trim_start_matches('\u{feff}').trim_start().lines().next().unwrap_or_default();
    line.chars().take(EXCERPT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn header() -> String {
        (0..COLUMNS).map(column_name).collect::<Vec<_>>().join(",")
    }

    fn row(label: &str, last_pixel: &str) -> String {
        format!("{label},{}{last_pixel}", "0,".repeat(PIXELS - 1))
    }

    fn read(text: &str) -> Result<Digits, DigitsError> {
        Digits::from_csv(text.as_bytes())
    }

    #[track_caller]
    fn assert_error(text: &str, expected: &str) {
        let error = read(text).expect_err("the text is not a file of digits");
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        assert_eq!(format!("{error}{cause}"), expected);
    }

    #[test]
    fn rows_become_images_and_labels_in_the_order_of_the_file() {
        let digits = read(&format!("{}\n{}\n{}\n", header(), row("7", "16"), row("0", "3"))).expect("two rows");
        assert_eq!(digits.len(), 2);
        assert_eq!(digits.labels(), [7, 0]);
        assert_eq!(digits.image(0)[PIXELS - 2..], [0, 16]);
        assert_eq!(digits.image(1)[PIXELS - 2..], [0, 3]);
    }

    #[test]
    fn pixels_are_scaled_to_the_range_from_0_to_1() {
        let digits = read(&format!("{}\n{}\n{}\n", header(), row("7", "16"), row("0", "3"))).expect("two rows");
        assert_eq!(digits.scaled(0)[PIXELS - 1], 1.0);
        assert_eq!(digits.scaled(1)[PIXELS - 1], 0.1875);
        assert_eq!(digits.scale(), [digits.scaled(0), digits.scaled(1)].concat());
    }

    #[test]
    fn line_ends_of_any_system_are_accepted() {
        let expected = read(&format!("{}\n{}\n", header(), row("7", "16")));
        assert!(expected.is_ok());
        assert_eq!(read(&format!("{}\r\n{}\r\n", header(), row("7", "16"))), expected, "Windows");
        assert_eq!(read(&format!("\u{feff}{}\r\n{}\r\n", header(), row("7", "16"))), expected, "a byte order mark");
        assert_eq!(read(&format!("{}\n\n{}\n\n", header(), row("7", "16"))), expected, "empty lines");
        assert_eq!(read(&format!("{}\n{}", header(), row("7", "16"))), expected, "no end of the last line");
    }

    #[test]
    fn a_file_without_digits_is_refused_with_its_beginning() {
        assert_error("", "the file is empty");
        assert_error(
            "<!DOCTYPE html>\n<title>Not found</title>",
            "found a web page instead of a CSV file: it begins with `<!DOCTYPE html>`",
        );
        assert_error("a,b\n1,2\n", "the first line must be `label,p0,...,p63`, found `a,b`");
        assert_error(
            &header()[1..],
            "the first line must be `label,p0,...,p63`, found `abel,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9,p10,p`",
        );
        assert_error("\n\n", "the first line must be `label,p0,...,p63`, found ``");
        assert_error(&header(), "the file has a header but no rows");
    }

    #[test]
    fn the_error_for_a_bad_row_names_its_line_and_the_problem() {
        let after_a_row = |bad: &str| format!("{}\n{}\n{bad}\n", header(), row("1", "1"));
        assert_error(&after_a_row("1,2"), "line 3 is not a digit: it has 2 values instead of 65");
        assert_error(&after_a_row(&row("1", "2,3")), "line 3 is not a digit: it has 66 values instead of 65");
        assert_error(
            &after_a_row(&row("1", "ink")),
            "line 3 is not a digit: `p63` is `ink`, which is not a whole number",
        );
        assert_error(
            &after_a_row(&row("1", "1.5")),
            "line 3 is not a digit: `p63` is `1.5`, which is not a whole number",
        );
        assert_error(&after_a_row(&row("1", "")), "line 3 is not a digit: `p63` is ``, which is not a whole number");
        assert_error(&after_a_row(&row("1", "17")), "line 3 is not a digit: `p63` is 17, but must be from 0 to 16");
        assert_error(&after_a_row(&row("1", "-1")), "line 3 is not a digit: `p63` is -1, but must be from 0 to 16");
        assert_error(&after_a_row(&row("10", "0")), "line 3 is not a digit: `label` is 10, but must be from 0 to 9");
        assert_error(
            &after_a_row(&row("99999", "0")),
            "line 3 is not a digit: `label` is 99999, but must be from 0 to 9",
        );
    }

    #[test]
    fn lines_are_counted_with_any_line_end() {
        let bad = row("1", "17");
        let error = "line 3 is not a digit: `p63` is 17, but must be from 0 to 16";
        assert_error(&format!("{}\r\n{}\r\n{bad}\r\n", header(), row("1", "1")), error);
        assert_error(&format!("{}\n\n{bad}\n", header()), error);
    }

    #[test]
    fn a_truncated_row_is_not_reported_as_a_bad_row() {
        let start = format!("{}\n{}\n", header(), row("1", "1"));
        assert_error(&format!("{start}4,0,1"), "the file is cut off in line 3, which has 3 of 65 values");
        assert_error(&format!("{start}4,0,"), "the file is cut off in line 3, which has 2 of 65 values");
        assert_error(&format!("{start}{}", row("4", "")), "the file is cut off in line 3, which has 64 of 65 values");
        assert_error(&format!("{start}4,0,1\n"), "line 3 is not a digit: it has 3 values instead of 65");
    }

    #[test]
    fn errors_quote_only_a_few_words() {
        let error = read(&"x".repeat(10_000)).expect_err("there is no header");
        assert_eq!(error, DigitsError::WrongHeader { found: "x".repeat(EXCERPT_CHARS) });
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn written_digits_are_read_back(images in prop::collection::vec((0..=9u8, prop::collection::vec(0..=BRIGHTEST, PIXELS)), 1..20)) {
            let rows: String = images.iter().map(|(label, pixels)| {
                let pixels: String = pixels.iter().map(|pixel| format!(",{pixel}")).collect();
                format!("{label}{pixels}\n")
            }).collect();
            let digits = read(&format!("{}\n{rows}", header())).expect("all values are in range");
            prop_assert_eq!(digits.len(), images.len());
            for (index, (label, pixels)) in images.iter().enumerate() {
                prop_assert_eq!(digits.label(index), *label);
                prop_assert_eq!(digits.image(index), &pixels[..]);
            }
        }

        #[test]
        fn any_bytes_give_digits_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let after_header = [header().as_bytes(), b"\n", &bytes].concat();
            prop_assert!(Digits::from_csv(&bytes).is_err());
            if let Ok(digits) = Digits::from_csv(&after_header) {
                prop_assert!(digits.scale().iter().all(|pixel| (0.0..=1.0).contains(pixel)));
            }
        }
    }
}
