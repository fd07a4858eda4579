//! The clock that a program needs: the simulated one for threads and processes, the virtual one for tests with `pytest`.

use crate::measure::ClockKind;
use crate::python::program_files::ProgramFiles;

/// Names that only a program with threads or processes has.
const OF_THREADS: [&str; 6] =
    ["threading", "to_thread", "run_in_executor", "ThreadPoolExecutor", "ProcessPoolExecutor", "multiprocessing"];

/// The library that runs tests. It waits in the middle of plain functions, which is not possible on the real clock. A file of
/// tests that is not run has no influence.
const OF_TESTS: &str = "pytest";

/// The clock that the page selects for a program.
#[must_use]
pub fn suggested_clock(program: &ProgramFiles) -> ClockKind {
    let all = program.files().iter().filter(|file| file.is_python()).filter_map(|file| file.content.text());
    if all.into_iter().any(|text| names(text, &OF_THREADS)) {
        ClockKind::Simulated
    } else if names(program.main_text(), &[OF_TESTS]) {
        ClockKind::Virtual
    } else {
        ClockKind::Browser
    }
}

fn names(text: &str, wanted: &[&str]) -> bool {
    let code = text.lines().filter_map(|line| line.split('#').next());
    code.flat_map(words).any(|word| wanted.contains(&word))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && character != '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::program_files::ProgramFile;

    #[track_caller]
    fn assert_suggested(source: &str, expected: ClockKind) {
        assert_eq!(suggested_clock(&ProgramFiles::of_one_file(source)), expected, "{source}");
    }

    #[test]
    fn threads_and_processes_are_simulated() {
        for source in [
            "import threading\n",
            "from concurrent.futures import ProcessPoolExecutor as Pool",
            "    await asyncio.to_thread(load)",
            "loop.run_in_executor(None, load)",
            "import multiprocessing.pool",
            "import pytest, threading",
        ] {
            assert_suggested(source, ClockKind::Simulated);
        }
    }

    #[test]
    fn tests_do_not_wait() {
        assert_suggested("import pytest\n", ClockKind::Virtual);
        let files = ["main.py", "test_main.py"].map(|name| ProgramFile::text(name, "import pytest\n"));
        let with_tests = ProgramFiles::new(files.into(), "").expect("valid");
        assert_eq!(suggested_clock(&with_tests), ClockKind::Virtual);
        let main = ProgramFile::text("main.py", "import asyncio\n");
        assert_eq!(suggested_clock(&with_tests.with(main).expect("valid")), ClockKind::Browser);
    }

    #[test]
    fn other_programs_are_on_the_real_clock() {
        assert_suggested("async def main():\n    await asyncio.sleep(1)  # not threading", ClockKind::Browser);
        assert_suggested("my_threading = to_threads = 1", ClockKind::Browser);
        assert_suggested("", ClockKind::Browser);
    }
}
