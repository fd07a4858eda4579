"""Twenty programs print what CPython prints, on both clocks, and leave the same record."""

import functools

import harness
import pytest
from compare import difference


PROGRAMS = {program.stem: program for program in harness.PROGRAMS}


@functools.cache
def plain(name):
    return harness.cpython(PROGRAMS[name].read_text())


@functools.cache
def ours(name, clock):
    return harness.run_source(PROGRAMS[name].read_text(), clock)


def test_there_are_twenty_programs():
    assert len(PROGRAMS) >= 20


@pytest.mark.parametrize("clock", harness.CLOCKS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_cpython_prints(name, clock):
    printed, code = plain(name)
    outcome = ours(name, clock)
    assert outcome.printed == printed
    assert outcome.result.exit_code == code


@pytest.mark.parametrize("name", PROGRAMS)
def test_both_clocks_leave_the_same_tasks_parents_outcomes_and_lines(name):
    first, second = ours(name, "browser"), ours(name, "virtual")
    assert first.tasks() == second.tasks()
    assert difference(first.record, second.record) is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_virtual_clock_gives_the_same_record_again(name):
    again = harness.run_source(PROGRAMS[name].read_text(), "virtual")
    # Not the order within an instant: asyncio keeps the tasks of a group in a set.
    assert of_each_task(again.record) == of_each_task(ours(name, "virtual").record)


def of_each_task(record):
    """Time and letter of the events of each task."""
    events, at_us, found = record["events"], 0, {}
    for after_us, task, kind in zip(events["after_us"], events["task"], events["kind"]):
        at_us += after_us
        found.setdefault(task, []).append((at_us, kind))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_deadlines_that_differ_by_50_ms_are_met_in_the_same_order(name):
    first, second = (polls(ours(name, clock)) for clock in harness.CLOCKS)
    for (task, poll), at in second.items():
        for (other, poll_of_other), at_of_other in second.items():
            if at + 50_000 <= at_of_other:
                assert first[task, poll] <= first[other, poll_of_other]


def polls(outcome):
    """The time of the n-th poll of each task."""
    events = outcome.record["events"]
    at_us, counts, found = 0, {}, {}
    for after_us, task, kind in zip(events["after_us"], events["task"], events["kind"]):
        at_us += after_us
        if kind == "(":
            counts[task] = counts.get(task, 0) + 1
            found[task, counts[task]] = at_us
    return found


@pytest.mark.parametrize("clock", harness.CLOCKS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_record_can_be_read_as_a_run_file(name, clock):
    check_record(ours(name, clock).record)


def check_record(record):
    """The rules of `docs/run-file.md`."""
    tasks, events, waits = record["tasks"], record["events"], record["waits"]
    spawned, queued, waited = 0, {}, 0
    assert len(events["after_us"]) == len(events["task"]) == len(events["kind"])
    for after_us, task, kind in zip(events["after_us"], events["task"], events["kind"]):
        assert after_us >= 0
        if kind == "s":
            spawned += 1
            assert task == spawned and tasks["parent"][task - 1] < task
            queued[task] = 0
            continue
        assert task in queued, "nothing follows the end of a task"
        if kind == ")":
            number = events["wait"][waited]
            waited += 1
            assert 0 <= number <= len(waits["list"])
        elif kind == "q":
            queued[task] += 1
        elif kind in "gu":
            queued[task] -= 1
            assert queued[task] >= 0
        elif kind in "SFTC":
            del queued[task]
    assert spawned == len(tasks["name"]) and waited == len(events["wait"])
    for wait in waits["list"]:
        if wait["line"]:
            assert wait["line"]["source"] < len(waits["sources"]) and wait["line"]["line"] >= 1
        if isinstance(wait["for"], dict) and "tasks" in wait["for"]:
            assert all(1 <= task <= spawned for task in wait["for"]["tasks"])
        elif isinstance(wait["for"], dict):
            assert wait["for"]["object"] < len(waits["objects"])
    times = [line["at_us"] for line in record["log"]]
    assert times == sorted(times)
