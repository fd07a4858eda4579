// Loads the module that tools/site bundles from static/editor.
export async function loadModule(address) {
  const module = await import(new URL(address, document.baseURI));
  return module;
}
