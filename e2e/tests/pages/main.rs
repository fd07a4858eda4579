//! What a person can rely on around the lessons: the first page, the guide, and runs that are held against others.
//!
//! Needs a release build in `dist/`, or in the folder that the environment variable `DIST` names.

mod beside;
mod first;
mod guide;
