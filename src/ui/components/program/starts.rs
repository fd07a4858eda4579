//! Programs to start from: the programs of the guide that need only the standard library.

use crate::endpoint::site_file::{self, SiteFileError};
use crate::python::program_files::{Content, ProgramFile, ProgramFiles};

/// A program of the site.
#[derive(Debug)]
pub(super) struct Start {
    /// Its name in saved programs, which stays the same forever.
    pub(super) key: &'static str,
    /// Its title in the list.
    pub(super) title: &'static str,
    /// The clock on which it runs, if it cannot run on the real one.
    pub(super) clock: Option<&'static str>,
    /// The data that it reads, below `static/`.
    data: &'static [&'static str],
}

/// The programs, in the order of the guide. The others need libraries, threads or processes.
pub(super) static STARTS: [Start; 6] = [
    Start {
        key: "async_basics",
        title: "1 Async basics",
        clock: None,
        data: &["models/logistic-regression.safetensors", "data/digits.csv"],
    },
    Start {
        key: "async_multiple",
        title: "2 Many tasks",
        clock: None,
        data: &[
            "models/logistic-regression.safetensors",
            "models/mlp-16.safetensors",
            "models/mlp-64.safetensors",
            "models/mlp-64-32.safetensors",
        ],
    },
    Start { key: "async_error_handling", title: "6 Error handling", clock: None, data: &[] },
    Start { key: "advanced", title: "Beyond the guide", clock: Some("virtual"), data: &[] },
    Start { key: "validate_async", title: "8 Validation", clock: None, data: &[] },
    Start { key: "common_issues", title: "Common issues", clock: None, data: &[] },
];

/// The program with this key.
pub(super) fn find(key: &str) -> Option<&'static Start> {
    STARTS.iter().find(|start| start.key == key)
}

impl Start {
    /// A sentence that says what the page shows now.
    pub(super) fn welcome(&self) -> String {
        let needs = if self.clock.is_some() { " It runs on the virtual clock only." } else { "" };
        format!("This is the program of “{}”.{needs}", self.title)
    }

    /// Reads its files from the site. They are where the program looks for them.
    pub(super) async fn read(&self) -> Result<ProgramFiles, String> {
        let in_words = |error: SiteFileError| format!("{error}. {}", error.advice());
        let main = format!("python/{}.py", self.key);
        let source = site_file::read(&format!("static/{main}")).await.map_err(in_words)?;
        let mut files = vec![ProgramFile::new(&main, Content::from_bytes(source))];
        for path in self.data {
            let content = site_file::read(&format!("static/{path}")).await.map_err(in_words)?;
            files.push(ProgramFile::new(path, Content::from_bytes(content)));
        }
        ProgramFiles::new(files, "").map_err(|error| format!("{error}. {}", error.advice()))
    }
}
