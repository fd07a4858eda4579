//! Exports: a run in formats that other programs read.

mod html;
pub mod picture;
mod tasks_csv;
mod trace;

use picture::Picture;

use crate::share::date;
use crate::share::run_file;
use crate::share::saved::SavedRun;

/// A format in which a run can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The whole run, as [`run_file`] writes it.
    Json,
    /// A CSV line for each task.
    TasksCsv,
    /// A trace for timeline viewers.
    Trace,
    /// A page that needs nothing else.
    Html,
    /// The timeline as a picture.
    Svg,
    /// The same picture in pixels.
    Png,
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The bytes of the file.
    Bytes(Vec<u8>),
    /// This picture in pixels. Only a browser can draw it.
    Pixels(Picture),
}

impl Form {
    /// All formats, in the order of the menu.
    pub const ALL: [Self; 6] = [Self::Json, Self::TasksCsv, Self::Trace, Self::Html, Self::Svg, Self::Png];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::TasksCsv => "Tasks as CSV",
            Self::Trace => "Chrome trace",
            Self::Html => "HTML report",
            Self::Svg => "Picture (SVG)",
            Self::Png => "Picture (PNG)",
        }
    }

    /// Its purpose, for the menu.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Json => "The whole run, which this page can open again.",
            Self::TasksCsv => "A line for each task, for spreadsheets and pandas.",
            Self::Trace => "The timeline, for Perfetto and chrome://tracing.",
            Self::Html => "One page without scripts, to send or to print.",
            Self::Svg => "The timeline with its result, sharp at any size.",
            Self::Png => "The same picture for slides and posts.",
        }
    }

    /// The name of the file: exercise, seed, and the minute in which the run ended, in UTC.
    #[must_use]
    pub fn file_name(self, run: &SavedRun) -> String {
        let ending = match self {
            Self::Json => ".json",
            Self::TasksCsv => "-tasks.csv",
            Self::Trace => "-trace.json",
            Self::Html => ".html",
            Self::Svg => ".svg",
            Self::Png => ".png",
        };
        format!(
            "{}-seed{}-{}{ending}",
            run.experiment.exercise().slug,
            run.experiment.seed,
            date::in_a_name(run.finished_at_ms)
        )
    }

    /// Writes the run. `address` is the complete address at which it can be repeated.
    #[must_use]
    pub fn write(self, run: &SavedRun, address: &str) -> Content {
        Content::Bytes(match self {
            Self::Json => run_file::to_json(run),
            Self::TasksCsv => tasks_csv::write(&run.record).into_bytes(),
            Self::Trace => trace::write(run),
            Self::Html => html::write(run, address).into_bytes(),
            Self::Svg => picture::draw(run, address).svg.into_bytes(),
            Self::Png => return Content::Pixels(picture::draw(run, address)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::samples::hostile;

    #[test]
    fn a_files_name_says_what_is_in_it() {
        let names = Form::ALL.map(|form| form.file_name(&hostile("x")));
        let expected = [".json", "-tasks.csv", "-trace.json", ".html", ".svg", ".png"];
        assert_eq!(names, expected.map(|ending| format!("async-basics-seed7-20261123-1405{ending}")));
    }
}
