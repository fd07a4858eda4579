//! Programs to start from: the programs of the guide that run in the page, the parts of the guide to write, and traps of
//! asyncio.

use crate::endpoint::model_server;
use crate::endpoint::site_file::{self, SiteFileError};
use crate::exercises::assignment::{Assignment, PARTS};
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
    /// Its file, below `static/`.
    file: &'static str,
    /// The data that it reads, below `static/`. The program finds it there if its own file is there, too.
    data: &'static [&'static str],
    /// Its arguments. [`SERVER`] stands for the address of the page's own model server.
    arguments: &'static str,
}

/// In arguments: the address of the page's own model server.
const SERVER: &str = "{server}";

impl Start {
    /// A program of the guide, which needs no data and no arguments and runs on both clocks.
    const fn new(key: &'static str, title: &'static str, file: &'static str) -> Self {
        Self { key, title, clock: None, file, data: &[], arguments: "" }
    }
}

/// The programs of the guide, in its order. Part 5 needs numpy and safetensors.
pub(super) static GUIDE: [Start; 9] = [
    Start {
        data: &["models/logistic-regression.safetensors", "data/digits.csv"],
        ..Start::new("async_basics", "1 Async basics", "python/async_basics.py")
    },
    Start {
        data: &[
            "models/logistic-regression.safetensors",
            "models/mlp-16.safetensors",
            "models/mlp-64.safetensors",
            "models/mlp-64-32.safetensors",
        ],
        ..Start::new("async_multiple", "2 Many tasks", "python/async_multiple.py")
    },
    Start { data: &["data/digits.csv"], ..Start::new("async_file_io", "3 File I/O", "python/async_file_io.py") },
    Start {
        arguments: "--url {server} --model logistic-regression mlp-16 mlp-64 mlp-64-32",
        ..Start::new("async_api_calls", "4 API calls", "python/async_api_calls.py")
    },
    Start::new("async_error_handling", "6 Error handling", "python/async_error_handling.py"),
    Start::new("concurrency_comparison", "7 Concurrency compared", "python/concurrency_comparison.py"),
    Start { clock: Some("virtual"), ..Start::new("advanced", "Beyond the guide", "python/advanced.py") },
    Start::new("validate_async", "8 Validation", "python/validate_async.py"),
    Start::new("common_issues", "Common issues", "python/common_issues.py"),
];

/// The folder of the traps.
const TRAPS_FOLDER: &str = "python/traps/";

/// Traps of asyncio. Each has a broken and a fixed version, and a check that tells the two apart.
pub(super) static TRAPS: [Start; 10] = [
    Start::new("trap_gather_siblings", "gather leaves the others running", "python/traps/gather_siblings.py"),
    Start::new("trap_lost_task", "A task that nobody keeps", "python/traps/lost_task.py"),
    Start::new("trap_lost_exception", "An exception that is never retrieved", "python/traps/lost_exception.py"),
    Start::new("trap_swallowed_cancel", "A swallowed CancelledError", "python/traps/swallowed_cancel.py"),
    Start::new("trap_other_loop", "A lock of another asyncio.run", "python/traps/other_loop.py"),
    Start::new("trap_race", "A race between two awaits", "python/traps/race.py"),
    Start::new("trap_endless_queue", "A queue that never ends", "python/traps/endless_queue.py"),
    Start::new("trap_open_generator", "An async generator left by break", "python/traps/open_generator.py"),
    Start::new("trap_thread_timeout", "A timeout that does not stop a thread", "python/traps/thread_timeout.py"),
    Start::new("trap_blocking_call", "A blocking call in a coroutine", "python/traps/blocking_call.py"),
];

/// The folder of the assignments.
const ASSIGNMENTS_FOLDER: &str = "assignments/";

/// The parts of the guide to write, in their order.
pub(super) static ASSIGNMENTS: [Start; PARTS] = [
    Start::new("write_async_basics", "Write 1 Async basics", "assignments/async_basics.json"),
    Start::new("write_async_multiple", "Write 2 Many tasks", "assignments/async_multiple.json"),
    Start::new("write_async_file_io", "Write 3 File I/O", "assignments/async_file_io.json"),
    Start::new("write_async_api_calls", "Write 4 API calls", "assignments/async_api_calls.json"),
    Start::new("write_async_ml_pipeline", "Write 5 ML pipeline", "assignments/async_ml_pipeline.json"),
    Start::new("write_async_error_handling", "Write 6 Error handling", "assignments/async_error_handling.json"),
    Start::new(
        "write_concurrency_comparison",
        "Write 7 Concurrency compared",
        "assignments/concurrency_comparison.json",
    ),
    Start::new("write_validate_async", "Write 8 Validation", "assignments/validate_async.json"),
    Start::new("write_testing", "Write 9 Testing", "assignments/testing.json"),
];

/// The program with this key.
pub(super) fn find(key: &str) -> Option<&'static Start> {
    GUIDE.iter().chain(&ASSIGNMENTS).chain(&TRAPS).find(|start| start.key == key)
}

/// The assignment for a part of the guide: they are in the order of the parts.
pub(super) fn assignment(part: u8) -> Option<&'static Start> {
    ASSIGNMENTS.get(usize::from(part).checked_sub(1)?)
}

impl Start {
    /// A sentence that says what the page shows now.
    pub(super) fn welcome(&self) -> String {
        if self.is_trap() {
            return format!("The trap “{}”: run it, and compare `broken` with `fixed`.", self.title);
        }
        if self.is_assignment() {
            // The page describes the assignment.
            return String::new();
        }
        let needs = if self.clock.is_some() { " It runs on the virtual clock only." } else { "" };
        format!("This is the program of “{}”.{needs}", self.title)
    }

    fn is_trap(&self) -> bool {
        self.file.starts_with(TRAPS_FOLDER)
    }

    /// The slug of the assignment, if it is one: the name of its file, with hyphens.
    pub(super) fn slug(&self) -> Option<String> {
        let name = self.file.strip_prefix(ASSIGNMENTS_FOLDER)?.strip_suffix(".json")?;
        Some(name.replace('_', "-"))
    }

    /// True for a part of the guide that the reader writes.
    pub(super) fn is_assignment(&self) -> bool {
        self.file.starts_with(ASSIGNMENTS_FOLDER)
    }

    /// The assignment, read from the site.
    pub(super) async fn read_assignment(&self) -> Result<Assignment, String> {
        let content = site_file::read(&format!("static/{}", self.file)).await.map_err(in_words)?;
        serde_json::from_slice(&content).map_err(|error| format!("`{}` is damaged: {error}", self.file))
    }

    /// Reads its files from the site. They are where the program looks for them.
    pub(super) async fn read(&self) -> Result<ProgramFiles, String> {
        if self.is_assignment() {
            let starter = self.read_assignment().await?.starter();
            return starter.map_err(|error| format!("{error}. {}", error.advice()));
        }
        let source = site_file::read(&format!("static/{}", self.file)).await.map_err(in_words)?;
        let name = self.file.strip_prefix(TRAPS_FOLDER).unwrap_or(self.file);
        let mut files = vec![ProgramFile::new(name, Content::from_bytes(source))];
        for path in self.data {
            let content = site_file::read(&format!("static/{path}")).await.map_err(in_words)?;
            files.push(ProgramFile::new(path, Content::from_bytes(content)));
        }
        let arguments = self.arguments.replace(SERVER, &model_server::address().unwrap_or_default());
        ProgramFiles::new(files, &arguments).map_err(|error| format!("{error}. {}", error.advice()))
    }
}

fn in_words(error: SiteFileError) -> String {
    format!("{error}. {}", error.advice())
}
