// Runs the programs of the tests and the package's unit tests on CPython 3.14 in Pyodide, under Node:
//
//     PYODIDE=<folder of the npm package> node tests/python/in_pyodide.mjs [--bench]
//
// The programs' output is compared with that of `python3` ($PYTHON). The unit tests run if $SITE_PACKAGES is a folder with
// pytest. `--bench` compares a gather of 10,000 sleeps with Pyodide's own loop. Without $PYODIDE nothing is run.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const pyodide = process.env.PYODIDE;

if (!pyodide || !existsSync(join(pyodide, "pyodide.mjs"))) {
  console.log("skipped: set PYODIDE to the folder of the npm package `pyodide` (314)");
  process.exit(0);
}

/** What CPython prints for each program, by name. */
function expected() {
  const scratch = mkdtempSync(join(tmpdir(), "programs-"));
  const lines = {};
  for (const folder of ["programs", "more"]) {
    for (const name of readdirSync(join(here, folder)).filter((name) => name.endsWith(".py"))) {
      const path = join(here, folder, name);
      const ended = spawnSync(process.env.PYTHON ?? "python3", ["-u", path], { encoding: "utf8", cwd: scratch });
      lines[`${folder}/${name}`] = ended.stdout.split("\n").slice(0, -1);
    }
  }
  return lines;
}

const { loadPyodide } = await import(pathToFileURL(join(pyodide, "pyodide.mjs")));
const py = await loadPyodide({ indexURL: pyodide });

function mount(folder, at) {
  py.FS.mkdirTree(at);
  py.FS.mount(py.FS.filesystems.NODEFS, { root: folder }, at);
}

mount(root, "/project");
if (process.env.SITE_PACKAGES) mount(process.env.SITE_PACKAGES, "/packages");
py.globals.set("expected_json", JSON.stringify(expected()));
py.globals.set("with_bench", process.argv.includes("--bench"));
py.globals.set("with_pytest", Boolean(process.env.SITE_PACKAGES));

const failed = await py.runPythonAsync(`
import asyncio, json, sys, time
sys.path[:0] = ["/project/static/python", "/project/tests/python"]
sys.dont_write_bytecode = True

import harness
from compare import difference

failed = 0
for name, lines in json.loads(expected_json).items():
    source = open(f"/project/tests/python/{name}").read()
    outcomes = [harness.run_source(source, clock) for clock in harness.CLOCKS]
    problems = [f"{clock}: printed {outcome.printed}" for clock, outcome in zip(harness.CLOCKS, outcomes)
                if outcome.printed != lines]
    problems += filter(None, [difference(*(outcome.record for outcome in outcomes))])
    failed += bool(problems)
    print("failed" if problems else "passed", name, *problems)

if with_bench:
    import bench
    await bench.main()

if with_pytest:
    sys.path.append("/packages")
    import pytest
    # Pyodide's loop runs this code, and each test may start loops of its own.
    task = asyncio.tasks._swap_current_task(asyncio.get_running_loop(), None)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    tests = [f"/project/tests/python/test_{name}.py" for name in ("loop", "record", "look", "program", "call_graph")]
    failed += int(pytest.main(["-q", "-p", "no:cacheprovider", "--tb=short", *tests]))
    asyncio._set_running_loop(loop)
    asyncio.tasks._swap_current_task(loop, task)
failed
`);
process.exit(failed ? 1 : 0);
