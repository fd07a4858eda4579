// The document between the page and the sandbox.
//
//     page ── this document ── frame.js in <iframe sandbox="allow-scripts" srcdoc> ── worker.js ── Pyodide
//
// The sandbox has an origin of its own, and so nothing of the site. A service worker does not serve such a document, so
// without a network it must come from `srcdoc`, and a `srcdoc` document also obeys the policy of the document that it is
// in. The page's policy allows neither inline scripts nor `blob:`. This document has a policy that allows both, and runs
// only this script. The build writes both policies, and the sandbox's document in place of `SANDBOX`.
//
// Messages, all as `window.postMessage`. Only those of the parent with the site's own origin are accepted:
//
//   to the page    { type: "open" }                the sandbox is there: send "load"
//   from the page  { type: "load", files } + port  once; worker.js describes it. Passed on to the sandbox, with all
//                                                  buffers transferred
//   to the page    { type: "failed", where: "sandbox", why: string }
//                                                  the worker could not be started, or has ended with an error
//
// The page ends everything by removing this document.
"use strict";

const SANDBOX = "";

// The length at which a reason is cut.
const LONGEST_REASON = 1000;

const sandbox = document.createElement("iframe");
sandbox.sandbox = "allow-scripts";
sandbox.srcdoc = SANDBOX;
sandbox.addEventListener("load", () => toPage({ type: "open" }), { once: true });

addEventListener("message", ({ source, origin, data, ports }) => {
  if (source === parent && origin === location.origin && data?.type === "load") load(data, ports);
  else if (source === sandbox.contentWindow && data?.type === "failed") fail(data.why);
});

function load({ files }, ports) {
  try {
    // The sandbox's origin is opaque, so it cannot be named as the target.
    sandbox.contentWindow.postMessage({ type: "load", files }, "*", [...ports, ...Object.values(files)]);
  } catch (error) {
    fail(error);
  }
}

function fail(why) {
  toPage({ type: "failed", where: "sandbox", why: String(why).slice(0, LONGEST_REASON) });
}

function toPage(message) {
  parent.postMessage(message, location.origin);
}

document.documentElement.append(sandbox);
