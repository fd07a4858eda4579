#!/usr/bin/env python3
"""Records an asyncio program, and writes a file that Interleave shows: every task, with the lines on which it waited.

    python interleave_trace.py your_script.py its arguments
    python interleave_trace.py -m your_package.module

Or from inside a program, for all of it or for a part:

    import interleave_trace
    interleave_trace.install("run.json")

    with interleave_trace.record("part.json"):
        await serve_for_a_while()

As a plugin of pytest (`pytest -p interleave_trace`), the fixture `record` answers questions about what a test runs:

    def test_the_limit_holds(record):
        asyncio.run(process_batch_async(range(10), max_concurrent=3))
        assert record.peak_in_flight("process_sample") == 3

With the plugin, `from interleave import checks` works as in the page. Its checks say what overlaps and what blocks.

Open the file with "Open a run…" on the page. `python interleave_trace.py --help` lists the options.

Needs CPython 3.11 or later and nothing else. Loops that are not written in Python, such as uvloop's, are not recorded.
"""

import importlib.abc
import importlib.util
import sys
import types
from pathlib import Path

# The build of the site puts the modules here, by their names. Without them, they are read from their folders.
MODULES = {}
FOLDERS = [Path(__file__).resolve().parent, Path(__file__).resolve().parents[1] / "python" / "interleave"]

_PACKAGE = "_interleave_trace"


class _Modules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of this file."""

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        if package == _PACKAGE and name in MODULES:
            return importlib.util.spec_from_loader(fullname, self, origin=f"<{Path(__file__).name}: {name}>")
        return None

    def get_source(self, fullname):
        return MODULES[fullname.rpartition(".")[2]]

    def is_package(self, fullname):
        return False


def _trace():
    if _PACKAGE not in sys.modules:
        package = types.ModuleType(_PACKAGE)
        package.__path__ = [] if MODULES else [str(folder) for folder in FOLDERS]
        sys.modules[_PACKAGE] = package
        sys.meta_path.append(_Modules())
    return importlib.import_module(f"{_PACKAGE}.trace")


install = _trace().install
record = _trace().record

if "pytest" in sys.modules:
    import pytest

    _trace().offer_package()

    @pytest.fixture(name="record")
    def _recorded(request):
        """What the test's tasks did, until now: see `RecordView`."""
        with _trace().view(request.config.rootpath) as view:
            yield view


if __name__ == "__main__":
    sys.exit(_trace().main(sys.argv[1:]))
