//! What a person can rely on around the lessons: the first page, the guide, runs that are held against others and runs that are kept.
//!
//! Needs a release build in `dist/`, or in the folder that the environment variable `DIST` names.

mod accessibility;
mod beside;
mod every;
mod first;
mod guide;
mod keyboard;
mod offline;
mod runs;
mod tabs;
mod widths;
