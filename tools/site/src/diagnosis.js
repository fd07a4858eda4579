// Says why the page does not start. It is in the HTML itself, because the cause may be that no file can be loaded.
{
  const isFile = location.protocol === "file:";
  const isSandboxed = !isFile && self.origin === "null";
  const hasWasm = typeof WebAssembly === "object";
  const RELOAD = "Reload without the cache (Ctrl+Shift+R, or ⌘⇧R on a Mac).";
  // The address of the page may change before a file is found to be missing.
  const base = location.href;
  let isSaid = false;

  // Replaces the text about loading. Once the app is there, that text is gone.
  const say = (text, isCertain = true) => {
    const place = document.getElementById("loading");
    if (place === null || isSaid) return;
    isSaid = isCertain;
    place.classList.add("known");
    place.textContent = text;
  };

  // The files that the page needs first.
  const files = () => {
    const elements = document.querySelectorAll("script[src], link[rel=modulepreload]");
    const address = (element) => new URL(element.getAttribute("src") ?? element.getAttribute("href"), base).href;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const scripts = [...elements].map(address);
    // The browser lists a file only once it has its whole response.
    const wasm = scripts.filter((url) => url.endsWith("/interleave.js")).map((url) => url.replace(/\.js$/, "_bg.wasm"));
    const all = new Set([...scripts, ...wasm, ...loaded]);
    return [...all].filter((url) => url.startsWith(`${location.origin}/`) && /\.(js|wasm)$/.test(new URL(url).pathname));
  };

  // What is wrong with a file that the host sends, if anything is.
  const problemOf = async (url) => {
    const name = new URL(url).pathname.split("/").pop();
    let response;
    try {
      response = await fetch(url, { cache: "no-store" });
    } catch {
      return `The host of this page does not send \`${name}\`. Check your connection, and reload.`;
    }
    const { status, headers } = response;
    const type = (headers.get("content-type") ?? "").split(";")[0];
    if (status === 404 || (response.ok && type === "text/html")) {
      return `This page is of another release than the files on its host: \`${name}\` is not there. ${RELOAD} If that`
        + " does not help, the copy of the site on the host is not complete.";
    }
    if (!response.ok) return `The host of this page answers with status ${status} for \`${name}\`. Try again later.`;
    if (name.endsWith(".js") && !/javascript|ecmascript/.test(type)) {
      return `The host of this page sends \`${name}\` as \`${type || "no type"}\`, so browsers do not run it. The host`
        + " must send it as `text/javascript`.";
    }
    return null;
  };

  const unknown = (error) => {
    const text = error ? `${error.name ?? "Error"}: ${error.message ?? error}` : "a script was not run";
    if (/wasm|webassembly/i.test(text) && /unsafe-eval|content.security|csp/i.test(text)) {
      say("A policy of the host or of an extension forbids WebAssembly, which this page needs.");
    } else {
      say(`The page could not start (${text}). ${RELOAD} Or try a current version of Chromium, Firefox or Safari. An`
        + " extension of the browser may also have blocked it.");
    }
  };

  let isLooking = false;
  const find = async (error) => {
    // Later errors are not about the start.
    if (isLooking || (document.readyState !== "loading" && document.getElementById("loading") === null)) return;
    isLooking = true;
    for (const url of files()) {
      const problem = await problemOf(url);
      if (problem !== null) return say(problem);
    }
    unknown(error);
  };

  if (!isFile && !isSandboxed && hasWasm) {
    // Errors of elements do not bubble.
    addEventListener("error", ({ target, error }) => {
      if (target === window || target instanceof HTMLScriptElement) find(error);
    }, true);
    addEventListener("unhandledrejection", ({ reason }) => find(reason));
    setTimeout(() => say("The host of this page has not sent all of its code yet. On a slow network, this takes time."
      + " Otherwise reload the page, or try again later.", false), 20_000);
  }

  addEventListener("DOMContentLoaded", () => {
    if (isFile) {
      say("This page was opened as a file, but browsers run it only from a web server. In its folder, run"
        + " `python3 -m http.server`, and open http://localhost:8000.");
    } else if (isSandboxed) {
      say("This page is in a frame with the attribute `sandbox`, which needs `allow-scripts allow-same-origin`. Or open"
        + ` the page in a tab of its own: ${base}`);
    } else if (!hasWasm) {
      say("This browser has no WebAssembly, or it is turned off, as in the lockdown mode of Apple's devices.");
    }
  });
}
