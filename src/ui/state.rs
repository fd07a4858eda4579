//! Values that live as long as the view in which they are made. Handles to them are `Copy`, whatever they hold.
//!
//! Leptos keeps values of each type in machinery of that type, some kilobytes each. Here all are kept as one type, and
//! whoever asks for a value knows which it is.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use leptos::prelude::*;

type Cell = StoredValue<Rc<dyn Any>, LocalStorage>;

/// A value, of whose changes nobody is told.
pub(super) struct Stored<T: 'static> {
    cell: Cell,
    of: PhantomData<fn() -> T>,
}

impl<T: 'static> Clone for Stored<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Stored<T> {}

impl<T: 'static> Stored<T> {
    /// A value that lives as long as the view in which it is made.
    pub(super) fn new(value: T) -> Self {
        Self { cell: kept(Rc::new(RefCell::new(value))), of: PhantomData }
    }

    /// Where it lies, if the view in which it was made is still there.
    fn place(self) -> Option<Rc<RefCell<T>>> {
        found(self.cell)?.downcast().ok()
    }

    /// Reads the value.
    ///
    /// # Panics
    ///
    /// When the view in which it was made is gone.
    pub(super) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.try_with(read).expect("a value is read as long as its view is there")
    }

    /// Reads the value, if the view in which it was made is still there.
    pub(super) fn try_with<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.place().map(|place| read(&place.borrow()))
    }

    /// Changes the value in its place, if the view in which it was made is still there.
    pub(super) fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.place().map(|place| change(&mut place.borrow_mut()))
    }

    /// Puts another value in its place, if the view in which it was made is still there.
    pub(super) fn set(self, value: T) {
        drop(self.place().map(|place| place.replace(value)));
    }
}

impl<T: Default + 'static> Stored<T> {
    /// Takes the value, if the view in which it was made is still there.
    pub(super) fn take(self) -> T {
        self.place().map(|place| place.take()).unwrap_or_default()
    }
}

impl<T: Clone + 'static> Stored<T> {
    /// A copy of the value.
    pub(super) fn get(self) -> T {
        self.with(T::clone)
    }
}

#[inline(never)]
fn kept(cell: Rc<dyn Any>) -> Cell {
    StoredValue::new_local(cell)
}

#[inline(never)]
fn found(cell: Cell) -> Option<Rc<dyn Any>> {
    cell.try_get_value()
}

/// A value that views watch: what a signal is.
pub(super) struct Watched<T: 'static> {
    value: Stored<T>,
    changed: Trigger,
}

impl<T: 'static> Clone for Watched<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Watched<T> {}

impl<T: 'static> Watched<T> {
    /// A value that lives as long as the view in which it is made.
    pub(super) fn new(value: T) -> Self {
        Self { value: Stored::new(value), changed: Trigger::new() }
    }

    /// Whoever is being computed is computed again when the value changes.
    pub(super) fn track(self) {
        self.changed.track();
    }

    /// Reads the value and tracks it.
    pub(super) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.track();
        self.value.with(read)
    }

    /// Reads the value.
    pub(super) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.value.with(read)
    }

    /// Reads the value, if the view in which it was made is still there.
    pub(super) fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.value.try_with(read)
    }

    /// Changes the value in its place. It does nothing when the view in which it was made is gone.
    pub(super) fn update(self, change: impl FnOnce(&mut T)) {
        if self.value.update(change).is_some() {
            self.changed.notify();
        }
    }

    /// Puts another value in its place.
    pub(super) fn set(self, value: T) {
        self.update(|it| *it = value);
    }
}

impl<T: Default + 'static> Watched<T> {
    /// Takes the value, and tells nobody.
    pub(super) fn take_untracked(self) -> T {
        self.value.take()
    }
}

impl<T: Clone + 'static> Watched<T> {
    /// A copy of the value, tracked.
    pub(super) fn get(self) -> T {
        self.with(T::clone)
    }

    /// A copy of the value.
    pub(super) fn get_untracked(self) -> T {
        self.value.get()
    }
}

/// Does something now, and again whenever a value that it tracks has changed.
pub(super) fn whenever(act: impl FnMut() + 'static) {
    let act: Box<dyn FnMut()> = Box::new(act);
    start(act);
}

#[inline(never)]
fn start(mut act: Box<dyn FnMut()>) {
    Effect::new(move |_: Option<()>| act());
}
