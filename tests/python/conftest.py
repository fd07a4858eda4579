"""Makes the package importable, and unpacks the libraries that programs can import."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
sys.path.insert(0, str(STATIC / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

# A shell starts background jobs with SIGINT ignored, and their children inherit that: tests of Ctrl-C would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

WHEELS = Path(os.environ.get("WHEELS_FOLDER", "/nonexistent"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The pure packages of `tools/wheels.txt`, unpacked. The one that is not pure is for Pyodide."""
    if not WHEELS.is_dir():
        pytest.skip("WHEELS_FOLDER is not set: `. tools/env` after `tools/setup`")
    from interleave import packages

    packages.ROOT = tmp_path_factory.mktemp("packages")
    names = {path.name.split("-")[0].replace("_", "-"): path for path in sorted(WHEELS.glob("*-none-any.whl"))}
    for name, path in names.items():
        packages.install(name, path.read_bytes())
    return tuple(names)


@pytest.fixture(scope="session")
def single_file(tmp_path_factory):
    """The recorder for CPython as the site has it: one file with the modules in it."""
    trace = STATIC / "trace" / "interleave_trace.py"
    folders = [trace.parent, STATIC / "python" / "interleave"]
    modules = {path.stem: path.read_text() for folder in folders for path in folder.glob("*.py") if path != trace}
    source = trace.read_text()
    assert source.count("MODULES = {}\n") == 1
    path = tmp_path_factory.mktemp("download") / "interleave_trace.py"
    path.write_text(source.replace("MODULES = {}\n", f"MODULES = {json.dumps(modules)}\n"))
    return path
