//! [`Chart`]: the state of the timeline.

use leptos::html::Canvas;
use leptos::prelude::*;

use super::Display;
use crate::figures::geometry::View;
use crate::measure::segments::TaskHistories;

/// The code that draws it is in `charts::timeline`.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Chart {
    pub(in crate::ui) display: Display,
    pub(in crate::ui) canvas: NodeRef<Canvas>,
    pub(in crate::ui) histories: StoredValue<TaskHistories, LocalStorage>,
    /// The value of [`Display::runs`] when `histories` was last reset; 0 before the first run.
    pub(in crate::ui) run: StoredValue<u32, LocalStorage>,
    /// The part of the run that is in view. `None` is the whole run.
    pub(in crate::ui) view: RwSignal<Option<View>>,
}

impl Chart {
    /// An empty chart.
    pub(in crate::ui) fn new(display: Display, canvas: NodeRef<Canvas>) -> Self {
        Self {
            display,
            canvas,
            histories: StoredValue::new_local(TaskHistories::default()),
            run: StoredValue::new_local(0),
            view: RwSignal::new(None),
        }
    }
}
