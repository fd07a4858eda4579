"""The traps of asyncio, each with a broken and a fixed version: they behave in the page as under CPython."""

import pytest

import harness
from test_trace import tasks, trace

TRAPS = sorted((harness.ROOT / "static" / "python" / "traps").glob("*.py"))


@pytest.mark.parametrize("path", TRAPS, ids=lambda path: path.stem)
def test_a_trap_is_the_same_in_the_page_and_under_cpython(path, tmp_path):
    source = path.read_text()
    run, ended = trace(tmp_path, source)
    printed = ended.stdout.splitlines()
    assert any(line.startswith("broken: failed") for line in printed), printed
    assert any(line.startswith("fixed: passed") for line in printed), printed
    assert not any(line.startswith(("broken: passed", "fixed: failed")) for line in printed), printed
    # On the real clock, threads block the loop.
    for clock in ("virtual", "simulated") if "to_thread" in source else harness.CLOCKS:
        outcome = harness.run_source(source, clock)
        assert outcome.printed == printed, clock
        assert sorted(tasks({"record": outcome.record})) == sorted(tasks(run)), clock


def test_there_are_as_many_as_the_page_lists():
    listed = (harness.ROOT / "src" / "ui" / "components" / "program" / "starts.rs").read_text()
    assert all(f'"python/traps/{path.name}"' in listed for path in TRAPS)
    assert listed.count('"python/traps/') == len(TRAPS) + 1 == 11
