// A worker on the page's own wasm module: nothing is fetched or compiled a second time but the script that binds it and
// the jobs' own part. It says that it is there, is told that script's address and the module, and from then on the module
// takes the messages: it says when it is ready, and answers every job.

// Waiting on memory that nobody changes is the only way to block a thread without keeping its processor busy.
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
    // Thrown from a timer it reaches the page, which a rejected promise in a worker does not.
    setTimeout(() => { throw error; });
  }
};
postMessage("there");
