// Adds compiled modules to Python's standard library and to our package: node bytecode.mjs PYODIDE_FOLDER PACKAGE_ZIP
//
// Most of the time that Python takes to start in a browser is spent compiling its own modules. Those that are imported at
// every start are compiled here, by the same Python, and added next to their sources. Pyodide's other files stay as they
// are.
//
// Writes to stdout: the size of the library's zip in 4 bytes (little-endian), that zip, and the package's zip.

import { readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

// Without this, Node.js shows the whole line of an error, and Pyodide is one line.
process.on("uncaughtException", (error) => {
  console.error(error.message);
  process.exit(1);
});

const [folder, packageZip] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
// With a fixed seed, sets have a fixed order, and so the compiled modules are always the same.
const python = await loadPyodide({ indexURL: folder, env: { PYTHONHASHSEED: "0" }, stdout: console.error });
python.FS.writeFile("/lib/interleave.zip", readFileSync(packageZip));
python.FS.writeFile("/library.zip", readFileSync(`${folder}/python_stdlib.zip`));
python.runPython(`
import importlib.util, sys, zipfile
from importlib._bootstrap_external import _code_to_hash_pyc

sys.path.append("/lib/interleave.zip")
try:
    import asyncio, interleave.program
except ModuleNotFoundError as error:
    # The package may be empty.
    if not error.name.startswith("interleave"):
        raise
origins = {getattr(module.__spec__, "origin", None) for module in list(sys.modules.values()) if hasattr(module, "__spec__")}

def compiled(source, path):
    code = compile(source, path, "exec", dont_inherit=True)
    # The hash of the source is not checked when the module is imported.
    return _code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False)

def add_compiled(source, target, path):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in old.namelist():
            content = old.read(name)
            # The time of a file is always the same.
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
            if name.endswith(".py") and f"{path}/{name}" in origins:
                new.writestr(zipfile.ZipInfo(f"{name}c"), compiled(content, f"{path}/{name}"), zipfile.ZIP_DEFLATED, 9)

add_compiled("/library.zip", "/library-compiled.zip", "/lib/python314.zip")
add_compiled("/lib/interleave.zip", "/package-compiled.zip", "/lib/interleave.zip")
`);
const library = python.FS.readFile("/library-compiled.zip");
const size = Buffer.alloc(4);
size.writeUInt32LE(library.length);
const output = Buffer.concat([size, library, python.FS.readFile("/package-compiled.zip")]);
for (let from = 0; from < output.length; ) from += writeSync(1, output, from);
