// Finds the site above an address that does not exist: the nearest folder with the site's service worker.
(async () => {
  let path = location.pathname;
  while (path.includes("/")) {
    path = path.slice(0, path.lastIndexOf("/"));
    const folder = `${location.origin}${path}/`;
    const found = await fetch(`${folder}service-worker.js`, { method: "HEAD" }).catch(() => null);
    if (found?.ok) {
      document.querySelector("a").href = folder;
      return;
    }
  }
})();
