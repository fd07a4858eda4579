// The service worker of the site. It answers requests below `api/`, and serves the site when there is no network.
//
// The model server's logic is Rust: `model_server.js` is the program, including its wasm. In the built site, its name
// contains its hash, so this script changes whenever the program does. That is how a browser notices a new release, and
// why the script and the program always belong to the same release. For the same reason, the build writes the names of
// all files of the release into this script.

importScripts("model_server.js");

const RELEASE = { name: "", files: [], pages: [], python: [] };

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

// A new release takes over immediately: an open page of the old release also works with the new model server.
addEventListener("install", () => skipWaiting());
// The worker also takes control of pages that were loaded before the first worker was installed. After a forced reload,
// the browser does not connect the page with its worker, so the page sends "claim" to the active worker.
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(clients.claim());
  else if (event.data === "keep") event.waitUntil(cacheRelease());
  // The page has used a file for Python. It may have loaded the file before this worker was there.
  else if (event.data?.startsWith?.("keep ")) event.waitUntil(keepForPython(event.data.slice("keep ".length)));
  // A page reports that it has aborted a request, because the browser does not always report it.
  else if (isStarted && event.data?.startsWith?.("abort ")) wasm_bindgen.abort(event.data.slice("abort ".length));
});
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.url.startsWith(root)) return event.respondWith(answer(event));
  const name = request.method === "GET" ? nameOf(request.url) : null;
  if (name !== null && isNamedByHash(name)) event.respondWith(unchanging(event, name));
  else if (name === INDEX || RELEASE.files.includes(name)) event.respondWith(latest(request, name));
  else if (RELEASE.pages.includes(name)) event.respondWith(pageOf(request, name));
});

// The site's own files, with and without a network.
//
// Each release has its own cache, which is used only if it is complete. The index is cached last, so a cache with an
// index is complete. If the host answers, the page uses the host's files, so the next load shows a new release. Only
// files with a hash in their names come from a cache. Without a host, all files come from the same release.

const INDEX = "index.html";

// The number of files that are fetched at once. With more, the page's own requests would have to wait.
const CONCURRENCY = 4;

// The name of a file below the site, or null for anything else.
function nameOf(url) {
  const { origin, pathname } = new URL(url);
  const path = origin + pathname;
  return path.startsWith(site) ? path.slice(site.length) || INDEX : null;
}

// True for a file that never changes, because its name contains its hash.
function isNamedByHash(name) {
  return /^(python\/)?[\w-]+-[0-9a-f]{16}[./]/.test(name);
}

// A file that never changes. It comes from any cache, because an open page of an older release may request a file that
// the host no longer has.
async function unchanging(event, name) {
  const { request } = event;
  const known = await cached(request.url);
  if (known) return known;
  const response = await fetch(request);
  if (response.ok && RELEASE.python.includes(name)) event.waitUntil(putForPython(name, response.clone()));
  return response;
}

// The host's current file, or without a host the one in the latest cache. The browser's own cache is not used for the
// index, because it could hide a new release for some time.
async function latest(request, name) {
  try {
    return await (name === INDEX ? fetch(request, { cache: "no-cache" }) : fetch(request));
  } catch (error) {
    const cache = await latestCache().catch(() => undefined);
    const response = await cached(name, cache);
    if (response === undefined) throw error;
    return response;
  }
}

// The page of an exercise. It shows the same view as the index does for a link to the exercise, so without a host the
// browser goes there.
async function pageOf(request, name) {
  try {
    return await fetch(request, { cache: "no-cache" });
  } catch {
    const { hash, search } = new URL(request.url);
    const route = hash.startsWith("#/") ? hash : `#/${name.slice(0, -1)}${search}`;
    return Response.redirect(new URL(route, site));
  }
}

// A file from this cache, or by default from any cache.
function cached(url, cache = caches) {
  // An error means that the browser does not allow storage.
  return cache.match(url, { ignoreSearch: true, ignoreVary: true }).then(direct).catch(() => undefined);
}

// A response that was redirected, as by hosts that send `index.html` to `/`, as if it were not. Otherwise the browser
// would refuse it for a page.
function direct(response) {
  return response?.redirected ? new Response(response.body, response) : response;
}

const cacheName = `${site} ${RELEASE.name}`;

// The names of the caches of this site's other releases, the oldest first. Other sites may have the same origin.
async function otherCaches() {
  const names = await caches.keys();
  return names.filter((name) => name.startsWith(`${site} `) && name !== cacheName);
}

// The cache of this release. If it is not complete, the latest complete cache.
async function latestCache() {
  for (const name of [cacheName, ...(await otherCaches()).reverse()]) {
    const cache = await caches.open(name);
    if (await cached(INDEX, cache)) return cache;
  }
  return undefined;
}

let caching = null;

// Caches this release, unless it is cached already or is being cached. If that fails, it is tried again when the page
// is opened again.
function cacheRelease() {
  caching ??= fillCache().catch(() => {}).finally(() => (caching = null));
  return caching;
}

async function fillCache() {
  const cache = await caches.open(cacheName);
  if (RELEASE.files.length === 0 || (await cached(INDEX, cache))) return;
  const waiting = RELEASE.files.values();
  const lane = async () => {
    for (const name of waiting) {
      if (!(await cached(name, cache))) await cache.put(name, await fetched(name));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));

  const index = await fetched(INDEX);
  const named = (await index.clone().text()).matchAll(/[\w-]+-[0-9a-f]{16}[./]/g);
  const isOfThisRelease = [...named].every(([name]) => RELEASE.files.some((file) => file.includes(name)));
  if (!isOfThisRelease) return;
  await cache.put(INDEX, index);
  // The previous release stays, for its pages that are still open.
  for (const name of (await otherCaches()).slice(0, -1)) await caches.delete(name);
  await forgetOldForPython();
}

// The files for readers' Python programs.
//
// Most of their 15 MB stay the same for many releases, and not every reader needs them. So they are cached when they are
// used, in a cache that does not belong to a release. Their names contain their hashes.

const pythonCacheName = `python ${site}`;

async function putForPython(name, response) {
  // An error means that the browser does not allow storage, or that there is no space left.
  await caches.open(pythonCacheName).then((cache) => cache.put(name, response)).catch(() => {});
}

async function keepForPython(name) {
  if (!RELEASE.python.includes(name) || (await cached(name))) return;
  await fetched(name).then((response) => putForPython(name, response)).catch(() => {});
}

// Deletes the files that this release does not have.
async function forgetOldForPython() {
  if (!(await caches.has(pythonCacheName))) return;
  const cache = await caches.open(pythonCacheName);
  for (const { url } of await cache.keys()) {
    if (!RELEASE.python.includes(nameOf(url))) await cache.delete(url);
  }
}

async function fetched(name) {
  // The browser's own cache may contain files of another release.
  const response = await fetch(name, { cache: isNamedByHash(name) ? "default" : "no-cache", priority: "low" });
  if (!response.ok) throw new Error(`${name}: status ${response.status}`);
  return direct(response);
}
