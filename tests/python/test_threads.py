"""Threads and processes on the virtual and the simulated clock."""

import re
from pathlib import Path

import harness
import pytest

PROGRAMS = sorted((Path(__file__).parent / "threads").glob("*.py"))


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_a_program_prints_the_same_as_under_cpython(path, clock):
    source = path.read_text()
    printed, code = harness.cpython(source)
    assert code == 0
    outcome = harness.run_source(source, clock)
    assert (outcome.result.message, outcome.printed) == ("", printed)
