//! Each chart, defined once for the page and for the HTML report. Pure.

pub mod geometry;
