//! The browser's next turn: a macrotask, by a message that the page sends to itself.
//!
//! Between now and then the browser may paint, handle a click or fire a timer. A message comes in some 10 µs; a timer
//! of 0 ms may take 4 ms.

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
        // Every browser that runs wasm has channels. Without one, what waits is done at once.
        let channel = MessageChannel::new().ok();
        let send = channel.map(|channel| {
            let receive = Closure::<dyn FnMut()>::new(run_next);
            channel.port1().set_onmessage(Some(receive.as_ref().unchecked_ref()));
            // It is there as long as the page is.
            receive.forget();
            channel.port2()
        });
        Self { waiting: RefCell::default(), send }
    }
}

/// Does something in the browser's next turn, after what was asked for before.
pub fn next_turn(act: impl FnOnce() + 'static) {
    let is_sent = TURNS.with(|turns| {
        turns.waiting.borrow_mut().push_back(Box::new(act));
        turns.send.as_ref().is_some_and(|port| port.post_message(&JsValue::NULL).is_ok())
    });
    if !is_sent {
        run_next();
    }
}

/// Waits for the browser's next turn, on behalf of the page: no run has it on its record.
pub async fn yield_to_browser() {
    let (passed, turn) = oneshot::channel();
    next_turn(move || {
        // It fails when nobody waits any more.
        let _ = passed.send(());
    });
    // It fails when nothing is sent, and something always is.
    let _ = turn.await;
}

fn run_next() {
    // Let go of the queue first: whatever is done may ask for another turn.
    let next = TURNS.with(|turns| turns.waiting.borrow_mut().pop_front());
    if let Some(act) = next {
        act();
    }
}
