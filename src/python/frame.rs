//! [`Frame`]: the documents in which a program runs. `static/sandbox/outer.js` describes them and their messages.

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlIFrameElement, MessageChannel, MessageEvent, MessagePort, Window};

use super::decode::{field, text};
use super::error::PythonError;

/// A sandbox on the page. It is not visible. Dropping it ends everything that runs inside.
pub(super) struct Frame {
    element: HtmlIFrameElement,
    window: Window,
    /// The messages of the outer document: `Ok` when it is open, or the error that it reports.
    messages: UnboundedReceiver<Result<(), PythonError>>,
    listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Frame {
    /// Opens the document at this address, and waits until it is there.
    pub(super) async fn open(address: &str) -> Result<Self, PythonError> {
        let mut frame = Self::add(address).map_err(|error| PythonError::failed("sandbox", &message_of(&error)))?;
        frame.next_message().await?;
        Ok(frame)
    }

    fn add(address: &str) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("there is no window")?;
        let document = window.document().ok_or("there is no document")?;
        let element: HtmlIFrameElement = document.create_element("iframe")?.dyn_into()?;
        element.set_hidden(true);
        // Its title is not read aloud, because it is hidden; checkers ask for one.
        element.set_title("Python");
        element.set_src(address);
        let (sender, messages) = unbounded();
        let source = element.clone();
        let listener = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let is_ours =
                event.source().is_some_and(|it| source.content_window().is_some_and(|own| JsValue::from(own) == *it));
            if is_ours && let Some(message) = read(&event.data()) {
                // The receiver is dropped together with this closure.
                let _ = sender.unbounded_send(message);
            }
        });
        window.add_event_listener_with_callback("message", listener.as_ref().unchecked_ref())?;
        let frame = Self { element, window, messages, listener };
        document.body().ok_or("there is no body")?.append_child(&frame.element)?;
        Ok(frame)
    }

    /// Sends the files, which are transferred, and returns the port to the worker inside.
    pub(super) fn load(&self, files: &[(String, Uint8Array)]) -> Result<MessagePort, PythonError> {
        self.post(files).map_err(|error| PythonError::failed("sandbox", &message_of(&error)))
    }

    fn post(&self, files: &[(String, Uint8Array)]) -> Result<MessagePort, JsValue> {
        let channel = MessageChannel::new()?;
        let buffers = Object::new();
        let transferred = Array::of1(&channel.port2());
        for (name, content) in files {
            Reflect::set(&buffers, &name.into(), &content.buffer())?;
            transferred.push(&content.buffer());
        }
        let message = Object::new();
        Reflect::set(&message, &"type".into(), &"load".into())?;
        Reflect::set(&message, &"files".into(), &buffers)?;
        let origin = self.window.location().origin()?;
        let inside = self.element.content_window().ok_or("the sandbox has been removed")?;
        inside.post_message_with_transfer(&message, &origin, &transferred)?;
        Ok(channel.port1())
    }

    /// Waits for the next message of the outer document: it is open, or something has failed.
    pub(super) async fn next_message(&mut self) -> Result<(), PythonError> {
        // The sender lives as long as the listener.
        self.messages.next().await.unwrap_or(Ok(()))
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // It cannot fail: the listener was added.
        let _ = self.window.remove_event_listener_with_callback("message", self.listener.as_ref().unchecked_ref());
        self.element.remove();
    }
}

fn read(message: &JsValue) -> Option<Result<(), PythonError>> {
    match &*text(message, "type")? {
        "open" => Some(Ok(())),
        "failed" => Some(Err(PythonError::failed("sandbox", &text(message, "why").unwrap_or_default()))),
        _ => None,
    }
}

/// The message of an error that JavaScript has thrown.
pub(super) fn message_of(error: &JsValue) -> String {
    let message = field(error, "message").as_string().or_else(|| error.as_string());
    message.unwrap_or_else(|| "for an unknown reason".to_owned())
}
