//! Measurement: the record of a run, and the functions that analyse it.
//!
//! Everything here is pure. A run leaves one append-only [`Record`]; tables, charts, statistics and warnings are
//! functions of it, so two of them can never disagree about what happened.

pub mod activity;
pub mod batch_sizes;
pub mod bootstrap;
pub mod bottleneck;
pub mod digit;
pub mod durations;
pub mod event_letters;
pub mod events;
pub mod figures;
pub mod flow;
pub mod free_slots;
pub mod heartbeat;
pub mod histogram;
pub mod latencies;
pub mod line_waits;
pub mod load_level;
pub mod metrics;
pub mod moment;
pub mod percentiles;
pub mod report;
pub mod requests;
pub mod rows;
pub mod search;
pub mod segments;
pub mod shapes;
pub mod spans;
pub mod statistics;
pub mod sweep;
pub mod task_id;
pub mod task_name;
pub mod test_result;
pub mod track;
pub mod units;
pub mod untrusted;
pub mod validation;
pub mod wait_times;
pub mod waits;
pub mod warnings;
pub mod window;

pub use events::{ClockKind, Event, EventKind, Level, LogLine, Outcome, Record, Task};
pub use task_id::TaskId;
pub use task_name::TaskName;
