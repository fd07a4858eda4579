// Runs before the page's code, and before the first paint.
//
// The app has one document, at the address of the site, and its routes are in the fragment. The page of an exercise
// takes that address: `async-basics/?seed=7` becomes `#/async-basics?seed=7`. A link that has a route of its own keeps
// it. Relative addresses are relative to the site from then on, so those that the browser may read later become
// absolute.
{
  const { exercise } = document.currentScript.dataset;
  const hasRoute = location.hash.startsWith("#/");
  if (exercise !== undefined) {
    for (const icon of document.querySelectorAll("link[rel=icon]")) icon.href = icon.href;
    const route = hasRoute ? location.hash : `#/${exercise}${location.search}`;
    history.replaceState(null, "", new URL(`../${route}`, location));
  }

  // The frame is that of the page that the HTML was made for. Another page has its own head, and an embedded one has no
  // frame. What is hidden keeps its place, because the browser may have painted it already.
  const [path, query = ""] = location.hash.replace(/^#?\/?/, "").split("?");
  const isEmbedded = new URLSearchParams(query).get("embed") === "1";
  const hide = (selector) => document.querySelectorAll(selector).forEach((part) => (part.style.visibility = "hidden"));
  if (isEmbedded) hide("#frame > :is(.top, .exercises)");
  if (isEmbedded || path !== (exercise ?? "")) hide("#frame main > :not(#loading)");
}
