// Runs in place of the sandbox's worker: tries to reach everything that belongs to the site or the reader, and reports what
// happened to each attempt.
const site = "SITE";

const event = (target, success) => new Promise((resolve, reject) => {
  target.addEventListener(success, () => resolve(success));
  target.addEventListener("error", () => reject(new Error("error event")));
});

const request = () => {
  const request = new XMLHttpRequest();
  request.open("GET", site);
  const answered = event(request, "load");
  request.send();
  return answered;
};

// The string is not run where the policy holds, and the attempt times out.
const evalByTimer = () => new Promise((resolve) => {
  self.resolveByTimer = resolve;
  setTimeout("self.resolveByTimer('ran')");
});

// A worker inside the worker, with a script of its own.
const nested = (script) => new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));

const ATTEMPTS = {
  "fetch": () => fetch(site),
  "fetch without CORS": () => fetch(site, { mode: "no-cors" }),
  "XMLHttpRequest": request,
  "WebSocket": () => event(new WebSocket(site.replace("http", "ws")), "open"),
  "EventSource": () => event(new EventSource(site), "open"),
  "WebTransport": () => new WebTransport("https://127.0.0.1/").ready,
  "RTCPeerConnection": () => new RTCPeerConnection(),
  "import": () => import(`${site}static/worker.js`),
  "import of data": () => import("data:text/javascript,1"),
  "importScripts": () => importScripts(`${site}static/worker.js`),
  "eval": () => eval("1"),
  "Function": () => new Function("return 1")(),
  "eval by a timer": evalByTimer,
  "Worker": () => event(new Worker(`${site}static/worker.js`), "message"),
  "fetch in a worker": () => event(nested("fetch('SITE').then(() => postMessage(1), () => null)"), "message"),
  "importScripts in a worker": () => event(nested("try { importScripts('SITEstatic/worker.js'); postMessage(1) } catch {}"), "message"),
  "SharedWorker": () => new SharedWorker(`${site}static/worker.js`),
  "indexedDB": () => event(indexedDB.open("probe"), "success"),
  "private files": () => navigator.storage.getDirectory(),
  "caches": async () => `${await caches.keys()}` || "empty",
  "cookies": () => cookieStore.getAll(),
  "localStorage": () => localStorage.length,
  "sessionStorage": () => sessionStorage.length,
  "names of databases": async () => `${(await indexedDB.databases()).map(({ name }) => name)}` || "empty",
  "locks": () => navigator.locks.request("probe", () => "held"),
  "service workers": async () => `${await navigator.serviceWorker.getRegistrations()}` || "empty",
  "clipboard": () => navigator.clipboard.writeText("probe"),
  "reading the clipboard": () => navigator.clipboard.readText(),
  "document": () => document.title,
  "parent": () => parent.document.title,
  "top": () => top.location.href,
  "open": () => open(site),
  "navigation": () => location.assign(site),
  "font": () => new FontFace("probe", `url(${site})`).load(),
};

// What never ends is not a success either.
const timeout = () => new Promise((_, reject) => setTimeout(() => reject(new Error("nothing happened")), 1000));

onmessage = async ({ ports: [port] }) => {
  new BroadcastChannel("probe").postMessage("from the sandbox");
  postMessage({ type: "failed", why: "forged by the program" });
  const outcomes = Object.entries(ATTEMPTS).map(async ([name, attempt]) => {
    try {
      return [name, String(await Promise.race([attempt(), timeout()]))];
    } catch (error) {
      return [name, "refused"];
    }
  });
  // One at a time would take a second for each that never ends.
  port.postMessage({ origin: self.origin, outcomes: await Promise.all(outcomes) });
};
