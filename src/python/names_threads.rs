//! Does a program use threads or processes? Then the page suggests the clock on which they are simulated.

use crate::python::program_files::ProgramFiles;

/// Names that only a program with threads or processes has.
const NAMES: [&str; 6] =
    ["threading", "to_thread", "run_in_executor", "ThreadPoolExecutor", "ProcessPoolExecutor", "multiprocessing"];

/// True if a file of the program contains one of the names.
#[must_use]
pub fn names_threads(program: &ProgramFiles) -> bool {
    let texts = program.files().iter().filter_map(|file| file.content.text());
    texts.flat_map(|text| text.lines()).filter_map(|line| line.split('#').next()).any(|line| words(line).any(is_name))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && character != '_')
}

fn is_name(word: &str) -> bool {
    NAMES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_names(source: &str, expected: bool) {
        assert_eq!(names_threads(&ProgramFiles::of_one_file(source)), expected, "{source}");
    }

    #[test]
    fn threads_and_processes_are_found_by_name() {
        assert_names("import threading\n", true);
        assert_names("from concurrent.futures import ProcessPoolExecutor as Pool", true);
        assert_names("    await asyncio.to_thread(load)", true);
        assert_names("loop.run_in_executor(None, load)", true);
        assert_names("import multiprocessing.pool", true);
        assert_names("async def main():\n    await asyncio.sleep(1)  # not threading", false);
        assert_names("my_threading = to_threads = 1", false);
        assert_names("", false);
    }
}
