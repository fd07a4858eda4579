// Adds compiled modules to Python's zips:
//
//     node bytecode.mjs PYODIDE_FOLDER library PACKAGE_ZIP    the standard library and our package
//     node bytecode.mjs PYODIDE_FOLDER wheels WHEEL...        wheels, without files that are of no use in the page
//
// Most of the time that Python takes to start in a browser, or to import a package, is spent compiling modules. They are
// compiled here, by the same Python, and added next to their sources: of the library and our package those that are
// imported at every start, of a wheel all. Pyodide's other files stay as they are.
//
// Writes to stdout, for each zip in this order: its size in 4 bytes (little-endian), then the zip.

import { readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Without this, Node.js shows the whole line of an error, and Pyodide is one line.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

const [folder, what, ...paths] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(folder, "pyodide.mjs")));
// With a fixed seed, sets have a fixed order, and so the compiled modules are always the same.
const python = await loadPyodide({ indexURL: resolve(folder), env: { PYTHONHASHSEED: "0" }, stdout: console.error });
python.runPython(`
import importlib.util, sys, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

def compiled(source, path):
    code = compile(source, path, "exec", dont_inherit=True)
    # The hash of the source is not checked when the module is imported.
    return _code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False)

def add(archive, name, content):
    # The time of a file is always the same.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)

def add_compiled(source, target, path, origins):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            add(new, name, content)
            if name.endswith(".py") and f"{path}/{name}" in origins:
                add(new, f"{name}c", compiled(content, f"{path}/{name}"))

def compile_wheel(source, target):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            # Sources in other languages, hints for type checkers, and a list of the files.
            if name.endswith(("/", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", "/RECORD")):
                continue
            content = old.read(name)
            add(new, name, content)
            if name.endswith(".py"):
                folder, _, file = name.rpartition("/")
                path = f"{folder}/__pycache__/{file[:-3]}.{sys.implementation.cache_tag}.pyc".lstrip("/")
                add(new, path, compiled(content, name))
`);

function compiledLibrary(packageZip) {
  python.FS.writeFile("/lib/interleave.zip", readFileSync(packageZip));
  python.FS.writeFile("/library.zip", readFileSync(resolve(folder, "python_stdlib.zip")));
  python.runPython(`
sys.path.append("/lib/interleave.zip")
try:
    import asyncio, interleave.program
except ModuleNotFoundError as error:
    # The package may be empty.
    if not error.name.startswith("interleave"):
        raise
origins = {getattr(module.__spec__, "origin", None) for module in list(sys.modules.values()) if hasattr(module, "__spec__")}
add_compiled("/library.zip", "/0", "/lib/python314.zip", origins)
add_compiled("/lib/interleave.zip", "/1", "/lib/interleave.zip", origins)
`);
  return ["/0", "/1"];
}

function compiledWheels(paths) {
  return paths.map((path, index) => {
    python.FS.writeFile("/wheel", readFileSync(path));
    python.runPython(`compile_wheel("/wheel", "/${index}")`);
    return `/${index}`;
  });
}

const zips = what === "library" ? compiledLibrary(paths[0]) : compiledWheels(paths);
const parts = zips.flatMap((path) => {
  const content = python.FS.readFile(path);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return [size, content];
});
const output = Buffer.concat(parts);
for (let from = 0; from < output.length; ) from += writeSync(1, output, from);
