//! What a lesson hands back beside its record: what it found, in a form that the page can show for every lesson alike.

/// What a lesson found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Sentences, in the order of reading.
    pub notes: Vec<String>,
    /// Tables, in the order of reading.
    pub tables: Vec<Table>,
    /// Pictures of handwritten digits with what was made of them.
    pub digits: Vec<Digit>,
}

/// A table of text and numbers. All text is shown as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows, in a few words.
    pub caption: String,
    /// The heads of its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Whether it holds numbers, which stand at the right.
    pub is_numeric: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn text(title: &'static str) -> Self {
        Self { title, is_numeric: false }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str) -> Self {
        Self { title, is_numeric: true }
    }
}

/// A handwritten digit and what the classifier made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    /// Its brightness, 0 to 1, row by row from the top: 64 values.
    pub pixels: Vec<f32>,
    /// What it is, 0 to 9.
    pub label: u8,
    /// What the classifier takes it for, 0 to 9.
    pub predicted: u8,
}
