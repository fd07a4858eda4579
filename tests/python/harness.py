"""Runs programs in the tests: with our package on both clocks, and with CPython alone."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from interleave.files import Files
from interleave.host import WallHost
from interleave.program import Run, record_of

# Captured here: while a program runs, the names in module `time` may be replaced.
_sleep, _perf_counter = time.sleep, time.perf_counter

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
CLOCKS = ("browser", "virtual")


class Outcome:
    """A run that has ended."""

    def __init__(self, run, host):
        self.run = run
        self.result = run.result
        self.record = record_of(run, host.pieces)
        spawned = [task for task, kind in zip(self.record["events"]["task"], self.record["events"]["kind"]) if kind == "s"]
        assert spawned == list(range(1, len(self.record["tasks"]["name"]) + 1)), "the order in which the page expects tasks"
        assert all(after >= 0 for after in self.record["events"]["after_us"]), "the order of time"
        self.more = [piece.more for piece in host.pieces]
        self.log = [line for more in self.more for line in json.loads(more)["log"]]

    @property
    def printed(self):
        """The lines that the program wrote to its standard output."""
        return [line["text"] for line in self.log if line["origin"] == "stdout"]

    @property
    def notes(self):
        """The lines that the package itself added."""
        return [line["text"] for line in self.log if line["origin"] == "note"]

    def tasks(self):
        """Name, parent and outcome of each task."""
        columns, names = self.record["tasks"], self.record["names"]
        ends = {}
        for task, kind in zip(self.record["events"]["task"], self.record["events"]["kind"]):
            if kind in "SFTC":
                ends[task] = kind
        numbered = zip(columns["name"], columns["number"], columns["parent"])
        return [
            (names[name] + (f" {number - 1}" if number else ""), parent, ends.get(task))
            for task, (name, number, parent) in enumerate(numbered, 1)
        ]

    def kinds(self, task):
        """The letters of a task's events."""
        events = self.record["events"]
        return "".join(kind for number, kind in zip(events["task"], events["kind"]) if number == task)

    def waits(self, name):
        """The lines and what the tasks of this name waited for, in order."""
        events, waits = self.record["events"], self.record["waits"]
        numbers = iter(events["wait"])
        found = []
        for task, kind in zip(events["task"], events["kind"]):
            if kind == ")":
                wait = next(numbers)
                if self.record["names"][self.record["tasks"]["name"][task - 1]] == name:
                    entry = waits["list"][wait - 1]
                    found.append((entry["line"] and entry["line"]["line"], entry["for"]))
        return found


def drive(run, *, stop_after=None, stop_when=None, most_seconds=60, deliver=None):
    """Steps a run until its end, as a host does. Stops it after this number of seconds, or when `stop_when()` is true.

    `deliver` passes on the answers to the program's requests, and is called often.
    """
    start = _perf_counter()
    while not run.is_over:
        if deliver is not None:
            deliver(run)
        due = run.step()
        if run.is_over:
            return
        passed = _perf_counter() - start
        if stop_after is not None and passed >= stop_after or stop_when is not None and stop_when():
            run.stop()
            stop_after = stop_when = None
            continue
        assert passed < most_seconds, f"the program does not end: {run.waiting()}"
        longest = 0.01 if stop_after is not None else 0.001 if deliver is not None else 1
        if due != 0:
            _sleep(longest if due is None else min(due, longest))


def run_files(files, clock="virtual", *, stop_after=None, stop_when=None, host=None, **options):
    host = host or WallHost()
    run = Run(files, host, clock=clock, **options)
    drive(run, stop_after=stop_after, stop_when=stop_when, deliver=getattr(host, "deliver", None))
    return Outcome(run, host)


def run_source(source, clock="virtual", *, modules=None, **options):
    """Runs a program of one file and perhaps modules."""
    return run_files(Files({"main.py": source, **(modules or {})}), clock, **options)


def cpython(source, modules=None, argv=()):
    """The result of plain CPython for a program: its standard output as lines, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {"main.py": source, **(modules or {})}.items():
            (Path(folder) / path).write_text(content)
        ended = subprocess.run(
            [sys.executable, "-u", "main.py", *argv], cwd=folder, capture_output=True, text=True, timeout=60
        )
    return ended.stdout.splitlines(), ended.returncode
