//! Turns measured times into tables, and compares them with budgets.
//!
//! Other code measures the times: the page `#/benchmark` in a browser, and scripts in CPython and in Pyodide.

mod budget;
mod first_load;
mod lighthouse;
mod pyodide;
mod python;
mod sample;
mod summary;
mod table;
mod workers;

pub use budget::{Budget, Measurements, Verdict, budgets};
pub use first_load::{FirstLoad, FirstLoadError, first_load};
pub use lighthouse::{LighthouseError, Scores, lighthouse, lighthouse_budgets};
pub use pyodide::{Loops, Pyodide, PyodideError, measure_pyodide, pyodide_budgets};
pub use python::{PythonError, gather_in_python};
pub use sample::{Case, Contender, MIN_RUNS, Row, Sample, SampleError};
pub use summary::Summary;
pub use table::{Align, aligned, first_load_table, times_table};
pub use workers::{Rates, Workers, predict_in_python, worker_budgets};
