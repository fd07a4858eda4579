//! A run in forms that other programs read.

mod html;
mod markup;
mod tasks_csv;
mod trace;

use crate::share::date;
use crate::share::run_file;
use crate::share::saved::SavedRun;

/// A form in which a run leaves the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of it, as [`run_file`] writes it.
    Json,
    /// A line for each task.
    TasksCsv,
    /// What timeline viewers open.
    Trace,
    /// A page by itself.
    Html,
}

impl Form {
    /// All forms, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Json, Self::TasksCsv, Self::Trace, Self::Html];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::TasksCsv => "Tasks as CSV",
            Self::Trace => "Chrome trace",
            Self::Html => "HTML report",
        }
    }

    /// What it is for.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Json => "Everything, to be opened here again.",
            Self::TasksCsv => "A line for each task, for spreadsheets and pandas.",
            Self::Trace => "The timeline, for Perfetto and chrome://tracing.",
            Self::Html => "One page without scripts, to send or to print.",
        }
    }

    /// The name of the file: lesson, seed and the minute in which the run was over, in UTC.
    #[must_use]
    pub fn file_name(self, run: &SavedRun) -> String {
        let ending = match self {
            Self::Json => ".json",
            Self::TasksCsv => "-tasks.csv",
            Self::Trace => "-trace.json",
            Self::Html => ".html",
        };
        format!("{}-seed{}-{}{ending}", run.exercise.slug, run.seed, date::in_a_name(run.finished_at_ms))
    }

    /// Writes the run.
    #[must_use]
    pub fn write(self, run: &SavedRun) -> Vec<u8> {
        match self {
            Self::Json => run_file::to_json(run),
            Self::TasksCsv => tasks_csv::write(&run.record).into_bytes(),
            Self::Trace => trace::write(run),
            Self::Html => html::write(run).into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::samples::hostile;

    #[test]
    fn files_are_named_after_what_is_in_them() {
        let names = Form::ALL.map(|form| form.file_name(&hostile("x")));
        let expected = [".json", "-tasks.csv", "-trace.json", ".html"];
        assert_eq!(names, expected.map(|ending| format!("async-basics-seed7-20261123-1405{ending}")));
    }
}
