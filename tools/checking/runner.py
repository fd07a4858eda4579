"""Runs tests in the isolated process, and sends their outcomes through a pipe. Its text is the argument of `python -c`.

The code of the learner runs in this process, too. So each line of the outcomes is signed with a key that came through
standard input, and the modules that decide are compared with what they were before.
"""

import hashlib
import hmac
import json
import os
import sys
import types

# The names of the packages whose functions must not change.
WATCHED = ("_pytest", "pluggy", "pytest_asyncio", "_interleave_trace", "interleave")


def main():
    given = json.loads(sys.stdin.buffer.readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:] = given["path"]
    # Before the recorder, which is a plugin of pytest.
    import pytest

    sys.path.insert(0, os.getcwd())
    reporter = reporter_for(given["pipe"], given["key"])
    options = ["-q", "--rootdir=.", "-c", "pytest.ini", "-p", "no:cacheprovider", "-o", "addopts="]
    # A script that cannot be imported is no reason to leave out the control tests.
    options.append("--continue-on-collection-errors")
    pytest.main([*options, *given["test_files"]], plugins=[reporter])
    os._exit(0)


def reporter_for(pipe, key):
    """A plugin of pytest that sends the outcomes. The key is in no attribute and no global variable."""
    key, sent, write = key.encode(), 0, os.write

    def send(message):
        nonlocal sent
        line = json.dumps([sent, message]).encode()
        sent += 1
        write(pipe, hmac.new(key, line, hashlib.sha256).hexdigest().encode() + b" " + line + b"\n")

    class Reporter:
        def pytest_sessionstart(self):
            self.before = functions()

        def pytest_runtest_logreport(self, report):
            send({"test": report.nodeid, "when": report.when, "outcome": report.outcome})

        def pytest_sessionfinish(self):
            after = functions()
            changed = [name for name, function in self.before.items() if after.get(name) != function]
            send({"end": True, "changed": changed[:1]})

    return Reporter()


def functions():
    """The functions of the watched modules, by their names, with their code."""
    return {
        f"{module}.{name}": (id(function), id(function.__code__))
        for module, loaded in list(sys.modules.items())
        if module.partition(".")[0] in WATCHED and isinstance(loaded, types.ModuleType)
        for name, function in functions_in(vars(loaded), module)
    }


def functions_in(namespace, module):
    for name, value in list(namespace.items()):
        if isinstance(value, types.FunctionType):
            yield name, value
        elif isinstance(value, type) and value.__module__ == module:
            yield from ((f"{name}.{inner}", function) for inner, function in functions_in(vars(value), None))


main()
