//! The controls of the exercise, and the [`Plan`] that a run derives from them: which files to write and read, and
//! their contents.

use std::fmt::Write;
use std::num::NonZeroUsize;

use inference::digits::{Digits, PIXELS};

use crate::exercises::csv_rows::{Encoding, Wanted};
use crate::exercises::prelude::*;

/// The exercise's own folder. The exercise writes to no other folder.
pub(super) const FOLDER: &str = "async-file-io";

/// The CSV that is processed.
pub(super) const SAMPLES: &str = "samples.csv";

/// The predictions for its rows.
pub(super) const PREDICTIONS: &str = "predictions.csv";

/// The number of rows of the CSV that are made before the page gets a turn.
const CSV_ROWS_PER_TURN: u32 = 200;

/// The maximum number of the user's own files that are read at once, because a piece of each is in memory.
const MOST_OWN_AT_ONCE: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not zero");

/// The maximum size of all files together, because they are in memory three times.
const MOST_BYTES: f64 = 50e6;

/// The settings of a run. If `reads_own` is true, the user's own files are read and only `limit` and `wanted` are used.
#[derive(Debug)]
pub(super) struct Plan {
    pub reads_own: bool,
    pub files: u32,
    pub size_bytes: usize,
    pub missing: u32,
    pub limit: Option<NonZeroUsize>,
    pub rounds: usize,
    pub rows: u32,
    pub bad_rows: u32,
    /// The encoding and the separator of the user's own tables, as far as the user has chosen them.
    pub wanted: Wanted,
}

/// A file to write.
#[derive(Debug)]
pub(super) struct NewFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl From<&Settings> for Plan {
    fn from(settings: &Settings) -> Self {
        Self {
            reads_own: reads_own(settings),
            rounds: settings.count("rounds") as usize,
            files: settings.count("files"),
            size_bytes: (settings.number("size") * 1e3) as usize,
            missing: settings.count("missing"),
            limit: NonZeroUsize::new(settings.count("limit") as usize),
            rows: settings.count("rows"),
            bad_rows: settings.count("bad-rows"),
            wanted: wanted(settings),
        }
    }
}

impl Plan {
    /// The limit for own files: the control's, but at most [`MOST_OWN_AT_ONCE`].
    pub fn own_files_limit(&self) -> NonZeroUsize {
        self.limit.map_or(MOST_OWN_AT_ONCE, |limit| limit.min(MOST_OWN_AT_ONCE))
    }

    /// The files to write, with random bytes from the seed. Each has different bytes, so that a mix-up is noticed.
    pub async fn contents(&self, run: &Run) -> Vec<NewFile> {
        let mut contents = Vec::new();
        for n in 0..self.files {
            let name = file_name(n);
            let mut bytes = vec![0; self.size_bytes];
            run.rng(&name).fill(&mut bytes);
            contents.push(NewFile { name, bytes });
            run.yield_now().await;
        }
        contents
    }

    /// The names of the files to read: those that are written, with missing ones spread among them.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = (0..self.files).map(file_name).collect();
        for n in 0..self.missing {
            let place = (n as usize + 1) * names.len() / (self.missing as usize + 1);
            names.insert(place, format!("missing-{n}.bin"));
        }
        names
    }

    /// The digits as CSV, repeated until there are enough rows, with bad rows spread among them; at most one for
    /// each good row.
    pub async fn csv(&self, run: &Run, digits: &Digits) -> Vec<u8> {
        let mut text = "label".to_owned();
        (0..PIXELS).for_each(|pixel| append(&mut text, format_args!(",p{pixel}")));
        let every = (self.rows / (self.bad_rows + 1)).max(1);
        for row in 0..self.rows {
            if row % every == every - 1 && row / every < self.bad_rows {
                text.push_str("\n7,too,few");
            }
            let place = row as usize % digits.len();
            append(&mut text, format_args!("\n{}", digits.label(place)));
            digits.image(place).iter().for_each(|pixel| append(&mut text, format_args!(",{pixel}")));
            if row % CSV_ROWS_PER_TURN == 0 {
                run.yield_now().await;
            }
        }
        text.push('\n');
        text.into_bytes()
    }
}

/// Appends to a string. This cannot fail.
fn append(text: &mut String, part: std::fmt::Arguments) {
    let _ = text.write_fmt(part);
}

fn file_name(n: u32) -> String {
    format!("data-{n}.bin")
}

/// A conflict if all files together would be too large.
pub(super) fn conflict(settings: &Settings) -> Option<Conflict> {
    let files = settings.count("files").max(1);
    let most_kb = (MOST_BYTES / 1e3 / f64::from(files)).floor();
    (uses_generated_files(settings) && settings.number("size") > most_kb).then(|| Conflict {
        control: "size",
        why: format!("{files} files of this size would exceed {} in total", units::size(MOST_BYTES as u64)),
        nearest: Value::Number(most_kb),
    })
}

fn wanted(settings: &Settings) -> Wanted {
    let separator = match settings.choice("separator") {
        "comma" => Some(b','),
        "semicolon" => Some(b';'),
        "tab" => Some(b'\t'),
        "pipe" => Some(b'|'),
        _ => None,
    };
    let encoding = match settings.choice("encoding") {
        "utf-8" => Some(Encoding::Utf8),
        "utf-16" => Some(Encoding::Utf16Le),
        "utf-16be" => Some(Encoding::Utf16Be),
        "windows-1252" => Some(Encoding::Windows1252),
        _ => None,
    };
    Wanted { encoding, separator, suggested: None }
}

/// True if the user's own files are read.
pub(super) fn reads_own(settings: &Settings) -> bool {
    settings.choice("source") == "own"
}

/// True if files that the exercise generates are written and read.
pub(super) fn uses_generated_files(settings: &Settings) -> bool {
    !reads_own(settings)
}

/// True if there is a third way besides one by one and all at once: with a limit.
pub(super) fn is_limited(settings: &Settings) -> bool {
    uses_generated_files(settings) && settings.count("limit") > 0
}

/// The controls of the exercise.
pub(super) const CONTROLS: &[Control] = &[
    Control::choice(
        "source",
        "Source",
        "Your own files are read in this page and are not sent anywhere.",
        &[Choice::new("made", "Generated files"), Choice::new("own", "Your own files")],
    )
    .with_heading("Files"),
    Control::count("files", "Files", "The number of files that are written and read.", 1_000, 20)
        .only_if(uses_generated_files),
    Control::new(
        "size",
        "Size",
        "The size of each file.",
        ControlKind::Number { unit: "KB", min: 0.0, max: 1_000.0, step: 1.0, default: 64.0 },
    )
    .only_if(uses_generated_files),
    Control::count("missing", "Missing", "The number of missing files that are also read.", 100, 3)
        .only_if(uses_generated_files),
    Control::count(
        "limit",
        "Limit",
        "The maximum number of files at once; 0 means no limit. For your own files it is never more than 32.",
        1_000,
        8,
    ),
    Control::new(
        "rounds",
        "Rounds",
        "The number of measurements of each method.",
        ControlKind::Count { min: 1, max: 20, default: 3 },
    )
    .only_if(uses_generated_files),
    Control::choice(
        "separator",
        "Separator",
        "The character between values. A row can be at most 1.0 MB long.",
        &[
            Choice::new("detect", "Detect"),
            Choice::new("comma", "Comma"),
            Choice::new("semicolon", "Semicolon"),
            Choice::new("tab", "Tab"),
            Choice::new("pipe", "|"),
        ],
    )
    .only_if(reads_own),
    Control::choice(
        "encoding",
        "Encoding",
        "The character encoding of your tables. UTF-8 and UTF-16 are detected.",
        &[
            Choice::new("detect", "Detect"),
            Choice::new("utf-8", "UTF-8"),
            Choice::new("windows-1252", "Windows-1252, also for Latin-1"),
            Choice::new("utf-16", "UTF-16, little-endian"),
            Choice::new("utf-16be", "UTF-16, big-endian"),
        ],
    )
    .only_if(reads_own),
    Control::count("rows", "Rows", "The number of rows in the CSV.", 100_000, 360)
        .with_heading("CSV")
        .only_if(uses_generated_files),
    Control::count(
        "bad-rows",
        "Bad rows",
        "The number of additional rows with too few values; at most one for each good row.",
        100,
        3,
    )
    .only_if(uses_generated_files),
];
