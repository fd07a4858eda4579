"""Further programs print what CPython prints, on both clocks, and the second record is the ideal of the first."""

from pathlib import Path

import harness
import pytest
from compare import difference


PROGRAMS = {program.stem: program.read_text() for program in sorted((Path(__file__).parent / "more").glob("*.py"))}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_cpython_prints_and_leaves_the_same_record(name):
    printed, code = harness.cpython(PROGRAMS[name])
    outcomes = [harness.run_source(PROGRAMS[name], clock) for clock in harness.CLOCKS]
    for outcome in outcomes:
        assert (outcome.printed, outcome.result.exit_code) == (printed, code)
    assert difference(*(outcome.record for outcome in outcomes)) is None
