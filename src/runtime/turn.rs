//! The browser's next turn: a macrotask, by a message that the page sends to itself.
//!
//! Before the next turn the browser may paint, handle a click or fire a timer. A message takes about 10 µs; a timer of
//! 0 ms may take 4 ms.

use std::cell::RefCell;
use std::collections::VecDeque;

use futures::channel::oneshot;
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessagePort};

thread_local! {
    static TURNS: Turns = Turns::new();
}

/// One channel serves the whole page.
struct Turns {
    waiting: RefCell<VecDeque<Box<dyn FnOnce()>>>,
    send: Option<MessagePort>,
}

impl Turns {
    fn new() -> Self {
        // Every browser that runs wasm has channels. Without one, callbacks are called immediately.
        let channel = MessageChannel::new().ok();
        let send = channel.map(|channel| {
            let receive = Closure::<dyn FnMut()>::new(run_next);
            channel.port1().set_onmessage(Some(receive.as_ref().unchecked_ref()));
            // Needed as long as the page lives.
            receive.forget();
            channel.port2()
        });
        Self { waiting: RefCell::default(), send }
    }
}

/// Calls `act` in the browser's next turn, after earlier callbacks.
pub fn next_turn(act: impl FnOnce() + 'static) {
    let is_sent = TURNS.with(|turns| {
        turns.waiting.borrow_mut().push_back(Box::new(act));
        turns.send.as_ref().is_some_and(|port| port.post_message(&JsValue::NULL).is_ok())
    });
    if !is_sent {
        run_next();
    }
}

/// Waits for the browser's next turn. It belongs to no run and is not recorded.
pub async fn yield_to_browser() {
    let (passed, turn) = oneshot::channel();
    next_turn(move || {
        // It fails if the waiting future was dropped.
        let _ = passed.send(());
    });
    // It cannot fail, because the callback is always called.
    let _ = turn.await;
}

fn run_next() {
    // The queue is not borrowed during the call, which may ask for another turn.
    let next = TURNS.with(|turns| turns.waiting.borrow_mut().pop_front());
    if let Some(act) = next {
        act();
    }
}
