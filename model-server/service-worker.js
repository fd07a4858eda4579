// The model server: answers what is asked below `api/` and leaves everything else to the network. Its logic is Rust.
//
// `model_server.js` is the program, wasm included. Its name bears its hash once the site is built, so that this script
// changes with it: that is how a browser notices a new release, and it keeps both of one release together.

importScripts("model_server.js");

const root = new URL("api/", registration.scope).href;
let isStarted = false;

function answer(event) {
  if (!isStarted) {
    wasm_bindgen.initSync({ module: Uint8Array.from(atob(MODEL_SERVER_WASM), (byte) => byte.charCodeAt(0)) });
    isStarted = true;
  }
  return wasm_bindgen.answer(event, root);
}

// A page that is open works on with a new release: what is below `api/` means the same.
addEventListener("install", () => skipWaiting());
// Pages that were loaded before the first worker came need it, too, and so does a page after a forced reload, which the
// browser leaves alone: it sends "claim" to the active worker.
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(clients.claim());
  // A page that has aborted a request says so: the browser does not, or not always.
  else if (isStarted && event.data?.startsWith?.("abort ")) wasm_bindgen.abort(event.data.slice("abort ".length));
});
addEventListener("fetch", (event) => {
  if (event.request.url.startsWith(root)) event.respondWith(answer(event));
});
