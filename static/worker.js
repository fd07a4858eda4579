// A worker on the page's own wasm module: nothing is fetched or compiled a second time but the script that binds it.
// It says that it is there, is told that script's address and the module, and says when it is ready. From then on every
// message is a job, answered when it is done.

onmessage = async ({ data: [address, module] }) => {
  try {
    const page = await import(address);
    await page.default({ module_or_path: module });
    onmessage = ({ data: job }) => postMessage(page.do_job(job));
    postMessage("ready");
  } catch (error) {
    // Thrown from a timer it reaches the page, which a rejected promise in a worker does not.
    setTimeout(() => { throw error; });
  }
};
postMessage("there");
