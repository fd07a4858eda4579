// The document of the sandbox: it has an origin of its own, so it can reach nothing of the site. It starts the worker in
// which the reader's program runs, passes on what the page sent, and reports if the worker fails. See outer.js for the
// messages.
//
// The worker must be a classic one: in Chromium, a module worker from a `blob:` URL does not start in such a document.
// It is one, and not this document, so that the page stays usable while a program computes.
"use strict";

let worker;

addEventListener("message", ({ source, data, ports }) => {
  if (source !== parent || data?.type !== "load" || worker) return;
  try {
    worker = start(data.files, ports);
  } catch (error) {
    fail(error);
  }
});

function start(files, ports) {
  const script = URL.createObjectURL(new Blob([files["worker.js"]], { type: "text/javascript" }));
  const worker = new Worker(script);
  // The worker handles the errors of the program, so this is an error of its script.
  worker.onerror = (event) => fail(event.message || "the worker could not be started");
  worker.postMessage({ type: "load", files }, [...ports, ...Object.values(files)]);
  return worker;
}

function fail(why) {
  parent.postMessage({ type: "failed", why: String(why) }, "*");
}
