// Runs the page's own wasm module in a worker. Only the script that binds the module and the code for jobs are fetched; the
// module is not compiled again. First this script reports that it is loaded. The page then sends the address of the binding
// script and the module. From then on the module handles the messages: it reports that it is ready, and replies to each job.

// Waiting on memory that no other code changes is the only way to block a thread without keeping its processor busy.
globalThis.blockFor = (ms) => {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  Atomics.wait(new Int32Array(buffer), 0, 0, ms);
};

onmessage = async ({ data: [address, module] }) => {
  try {
    const page = await import(address);
    await page.default({ module_or_path: module });
    page.work();
  } catch (error) {
    // An error thrown from a timer reaches the page; a rejected promise in a worker does not.
    setTimeout(() => { throw error; });
  }
};
postMessage("loaded");
