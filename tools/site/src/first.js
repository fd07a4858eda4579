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

  // The frame is that of the page that the HTML was made for. Another page shows its own head, and an embedded one has
  // no frame.
  const [path, query = ""] = location.hash.replace(/^#?\/?/, "").split("?");
  const isEmbedded = new URLSearchParams(query).get("embed") === "1";
  if (isEmbedded) document.querySelectorAll("#frame > :is(.top, .exercises)").forEach((part) => part.remove());
  if (isEmbedded || path !== (exercise ?? "")) document.querySelector("#frame :is(.hero, .page-head)").remove();
}
