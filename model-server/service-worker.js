// The service worker of the site. It answers what is asked below `api/`, and brings the page when there is no network.
//
// The model server's logic is Rust: `model_server.js` is the program, wasm included. Its name bears its hash once the site
// is built, so that this script changes with it: that is how a browser notices a new release, and it keeps both of one
// release together. For the same reason the names of all files of the release are put in here.

importScripts("model_server.js");

const RELEASE = { name: "", files: [] };

const site = registration.scope;
const root = new URL("api/", site).href;
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
  else if (event.data === "keep") event.waitUntil(keep());
  // A page that has aborted a request says so: the browser does not, or not always.
  else if (isStarted && event.data?.startsWith?.("abort ")) wasm_bindgen.abort(event.data.slice("abort ".length));
});
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.url.startsWith(root)) return event.respondWith(answer(event));
  const name = request.method === "GET" ? nameOf(request.url) : null;
  if (name !== null && isNamedByHash(name)) event.respondWith(same(request));
  else if (name === INDEX || RELEASE.files.includes(name)) event.respondWith(latest(request, name));
});

// The site's own files, with a network and without.
//
// Each release is kept in a cache of its own, which is of use when all of it is there; the index, which comes last, says
// so. As long as the host answers, what it says holds: a new release is there with the next load, and only files whose
// names bear their hash come from a cache. Without a host everything comes from one release.

const INDEX = "index.html";

// More would keep the page's own requests waiting.
const AT_ONCE = 4;

// The name of a file below the site, or null for anything else.
function nameOf(url) {
  const { origin, pathname } = new URL(url);
  const path = origin + pathname;
  return path.startsWith(site) ? path.slice(site.length) || INDEX : null;
}

// Whatever release it belongs to, it never changes.
function isNamedByHash(name) {
  return /^[\w-]+-[0-9a-f]{16}[./]/.test(name);
}

// The page of an older release may still be open, and ask for a part that the host has no more.
async function same(request) {
  return (await kept(request.url)) ?? fetch(request);
}

// A host may have told the browser to keep the index for a while, and a new release would be hidden as long.
async function latest(request, name) {
  try {
    return await (name === INDEX ? fetch(request, { cache: "no-cache" }) : fetch(request));
  } catch (error) {
    const cache = await latestCache().catch(() => undefined);
    const response = await kept(name, cache);
    if (response === undefined) throw error;
    return response;
  }
}

// A file from one cache, or from any.
function kept(url, cache = caches) {
  // Where nothing may be stored, nothing is kept.
  return cache.match(url, { ignoreSearch: true, ignoreVary: true }).catch(() => undefined);
}

const cacheName = `${site} ${RELEASE.name}`;

// The caches of this site's other releases, the oldest first. Other sites may share the host.
async function otherCaches() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(`${site} `) && name !== cacheName);
}

// That of this release, or while it is not whole the latest that is.
async function latestCache() {
  for (const name of [cacheName, ...(await otherCaches()).reverse()]) {
    const cache = await caches.open(name);
    if (await kept(INDEX, cache)) return cache;
  }
  return undefined;
}

let keeping = null;

// Keeps this release, unless that is done or under way. What fails is tried again when the page is opened again.
function keep() {
  keeping ??= keepRelease().catch(() => {}).finally(() => (keeping = null));
  return keeping;
}

async function keepRelease() {
  const cache = await caches.open(cacheName);
  if (RELEASE.files.length === 0 || (await kept(INDEX, cache))) return;
  const waiting = RELEASE.files.values();
  const lane = async () => {
    for (const name of waiting) {
      if (!(await kept(name, cache))) await cache.put(name, await fetched(name));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));

  const index = await fetched(INDEX);
  const named = (await index.clone().text()).matchAll(/[\w-]+-[0-9a-f]{16}[./]/g);
  const isOfThisRelease = [...named].every(([name]) => RELEASE.files.some((file) => file.includes(name)));
  if (!isOfThisRelease) return;
  await cache.put(INDEX, index);
  // The release before stays, for pages of it that are still open.
  for (const name of (await otherCaches()).slice(0, -1)) await caches.delete(name);
}

async function fetched(name) {
  // The browser's own cache must not lend what is of another release.
  const response = await fetch(name, { cache: isNamedByHash(name) ? "default" : "no-cache", priority: "low" });
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return response;
}
