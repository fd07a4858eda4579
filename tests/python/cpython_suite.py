"""Runs modules of CPython's own tests of asyncio (`test.test_asyncio`) on virtual loops.

    python cpython_suite.py [--record] test_locks …

The policy stays in place: the test modules set it back to `None` when they end. Exits with 1 if a test fails, and
prints the numbers of tests that ran and were left out as JSON in the last line.
"""

import asyncio
import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "static" / "python"))

from interleave.loop import VirtualLoop  # noqa: E402
from interleave.polls import Recorder  # noqa: E402
from interleave.program import policy_of  # noqa: E402
from interleave.sources import Sources  # noqa: E402
from interleave.watch import replacements  # noqa: E402

LEFT_OUT = {
    "RunCoroutineThreadsafeTests": "wakes the loop from a thread",
    "test_run_coroutine_threadsafe": "wakes the loop from a thread",
    "test_interrupt_call_soon": "sends a signal from a thread",
    "test_interrupt_wait": "sends a signal from a thread",
    "test_interrupt_cancelled_task": "sends a signal from a thread",
    "test_signal_install_not_supported_ok": "needs the real SIGINT handler",
}


def loop_class(recorder):
    class _UnixSelectorEventLoop(VirtualLoop):
        def __init__(self, selector=None):
            super().__init__(selector)
            if recorder is not None:
                recorder.attach(self)

    return _UnixSelectorEventLoop


def install(recorder):
    kind = loop_class(recorder)
    policy = policy_of(kind)
    for owner in (asyncio, sys.modules["asyncio.unix_events"]):
        for name in ("DefaultEventLoopPolicy", "_DefaultEventLoopPolicy", "_UnixDefaultEventLoopPolicy"):
            if name in vars(owner):
                setattr(owner, name, policy)
        for name in ("SelectorEventLoop", "EventLoop", "_UnixSelectorEventLoop"):
            if name in vars(owner):
                setattr(owner, name, kind)
    asyncio.events._event_loop_policy = policy()


def wanted(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from wanted(test)
        elif not any(name in test.id() for name in LEFT_OUT):
            yield test


def main():
    arguments = sys.argv[1:]
    recorder = None
    pieces = []
    if "--record" in arguments:
        arguments.remove("--record")
        recorder = Recorder(Sources(Path(unittest.__file__).parent), time.perf_counter, pieces.append)
        for owner, name, value in replacements(recorder):
            setattr(owner, name, value)
    install(recorder)
    suite = unittest.defaultTestLoader.loadTestsFromNames(f"test.test_asyncio.{name}" for name in arguments)
    tests = list(wanted(suite))
    result = unittest.TextTestRunner(verbosity=0, buffer=True).run(unittest.TestSuite(tests))
    if recorder is not None:
        recorder.flush()
    counts = {"ran": result.testsRun, "left_out": suite.countTestCases() - len(tests), "pieces": len(pieces)}
    print(json.dumps(counts))
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
