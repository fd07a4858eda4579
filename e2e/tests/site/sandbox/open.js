// Plays the page's role: starts the sandbox with this worker script, and returns the first message that it sends.
const [worker] = arguments;
return (async () => {
  const { python } = await (await fetch(document.querySelector("meta[name=python-manifest]").content)).json();
  const frame = document.createElement("iframe");
  frame.src = python.sandbox;
  frame.hidden = true;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow) return;
      if (data.type !== "open") return resolve(data);
      const files = { "worker.js": new TextEncoder().encode(worker).buffer };
      frame.contentWindow.postMessage({ type: "load", files }, location.origin, [port2, ...Object.values(files)]);
    });
  });
  document.body.append(frame);
  try {
    return await answer;
  } finally {
    frame.remove();
  }
})();
