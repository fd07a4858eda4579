// A worker that starts Pyodide as its documentation says. On request, it measures event loops.
import { loadPyodide } from "./pyodide.mjs";

const started = loadPyodide();

started.then((pyodide) => postMessage(pyodide.runPython("import time; time.time() * 1000")));

onmessage = async ({ data: { zip, bench } }) => {
  const pyodide = await started;
  pyodide.FS.writeFile("/lib/interleave.zip", new Uint8Array(zip));
  pyodide.FS.mkdirTree("/bench/tests/python");
  pyodide.FS.writeFile("/bench/tests/python/bench.py", bench);
  const figures = await pyodide.runPythonAsync(`
    import sys
    sys.path += ["/lib/interleave.zip", "/bench/tests/python"]
    import bench
    list(await bench.measured())
  `);
  postMessage(figures.toJs());
};
