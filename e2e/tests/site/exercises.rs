//! The other exercises, and what works the same in all of them, in a real browser, with the built site under a
//! sub-path.

mod common_issues;
mod concurrency;
mod errors;
mod files;
mod many_tasks;
mod own_files;
mod pipeline;
mod properties;
mod run_all;
mod saved_runs;
mod validate;

use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    common_issues::tests()
        .chain(concurrency::tests())
        .chain(errors::tests())
        .chain(files::tests())
        .chain(many_tasks::tests())
        .chain(own_files::tests())
        .chain(pipeline::tests())
        .chain(properties::tests())
        .chain(run_all::tests())
        .chain(saved_runs::tests())
        .chain(validate::tests())
}
