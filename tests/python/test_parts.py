"""The small parts of the package, one by one."""

import ast

import harness
import pytest
from compare import difference

from interleave import lift
from interleave.clock import checked_seconds
from interleave.console import Console
from interleave.draws import TaskRandom
from interleave.heartbeat import Heartbeat
from interleave.names import split_number
from interleave.columns import Record
from interleave.text import shown, shown_error


@pytest.mark.parametrize("name, split", [
    ("worker-3", ("worker", 4)), ("worker 3", ("worker", 4)), ("a_b_12", ("a_b", 13)), ("model-007", ("model-007", 0)),
    ("v1.5", ("v1.5", 0)), ("worker3", ("worker3", 0)), ("-3", ("-3", 0)), ("x-99999999999", ("x-99999999999", 0)),
])
def test_a_trailing_number_is_split_off_if_the_name_can_be_restored(name, split):
    assert split_number(name) == split


def test_a_value_is_shown_whatever_its_repr_does():
    class Broken:
        def __repr__(self):
            raise ValueError

    class BrokenError(Exception):
        __str__ = Broken.__repr__

    assert shown(Broken()) == "<Broken, whose repr failed with ValueError>"
    assert shown_error(BrokenError()) == "BrokenError: its message could not be made: ValueError"
    assert len(shown("x" * 10**7)) == 200 and shown([0] * 10**6) == "<list with 1,000,000 items>"


def test_beats_are_on_time_while_the_loop_is_free_and_late_while_it_is_busy():
    record = Record()
    heart = Heartbeat(record)
    heart.before_step(50_000, 50_000)
    heart.after_step(105_000)
    heart.before_step(130_000, 130_000)
    assert list(record.beat_due_us) == [20_000, 40_000, 60_000, 120_000]
    assert list(record.beat_late_us) == [0, 0, 45_000, 0]


def test_draws_depend_on_the_task_and_not_on_the_order_of_tasks():
    tasks, current = {1: [1], 2: [1, 1], 3: [1, 2]}, [0]

    def drawn(order):
        generator = TaskRandom(7, lambda: current[0], tasks.get)
        values = {}
        for current[0] in order:
            values.setdefault(current[0], []).append(generator.random())
        return values

    first, second = drawn([1, 2, 2, 3]), drawn([3, 2, 1, 2])
    assert first == second and first[1] != first[2]


def test_draws_are_spread_evenly():
    generator = TaskRandom(1, lambda: 1, lambda task: [task])
    values = [generator.random() for _ in range(10_000)]
    assert all(900 < sum(n / 10 <= value < (n + 1) / 10 for value in values) < 1_100 for n in range(10))
    assert {generator.randrange(6) for _ in range(200)} == set(range(6)) and generator.getrandbits(100) < 2**100


def test_a_carriage_return_starts_the_line_again():
    lines = []
    console = Console(lambda level, text, origin: lines.append((level, text)))
    console.stderr.write("10 %\r")
    console.stderr.write("100 %")
    console.stdout.write("a\r\nb")
    console.close()
    assert lines == [("info", "a"), ("info", "b"), ("warning", "100 %")]


@pytest.mark.parametrize("value, error", [(-1, ValueError), ("1", TypeError), (float("nan"), ValueError)])
def test_sleep_refuses_what_cpython_refuses(value, error):
    with pytest.raises(error):
        checked_seconds(value)


def test_rewritten_code_keeps_its_lines():
    source = "import asyncio\n\ndef main(n=1,\n         m=2):\n    return asyncio.run(f(n))\n\nprint(\n    main())\n"
    tree = ast.parse(source)
    lifted = lift.lifted(tree, lift.waiting_names([tree]), is_main=True)
    lines = {node.lineno for node in ast.walk(lifted) if isinstance(node, ast.Await)}
    assert lines == {5, 8}


@pytest.mark.parametrize("source, expected", [
    ("await f()", True), ("async for x in y: pass", True), ("print([await f() for _ in z])", True),
    ("[x async for x in y]", True), ("async def f(): await g()", False), ("asyncio.run(f())", False),
])
def test_a_notebook_is_a_program_that_awaits_at_its_top_level(source, expected):
    assert lift.is_notebook(ast.parse(source)) is expected


@pytest.mark.parametrize("change, text", [
    (("sleep(1)", "sleep(1); raise ValueError"), "Task `work` succeeded in the first run, but failed in the second."),
    (("range(3)", "range(2)"), "task `main` created 3 × task `work`, but in the second 2."),
    (("    await asyncio.sleep(1)\n", "    pass; await asyncio.sleep(1)\n"), None),
    (("await asyncio.sleep(1)", "await asyncio.sleep(0)\n    await asyncio.sleep(1)"), "waited at main.py line 5 only"),
])
def test_two_records_are_compared_by_tasks_outcomes_and_lines(change, text):
    source = """
import asyncio
async def work():
    await asyncio.sleep(1)
async def main(): await asyncio.gather(*(work() for _ in range(3)), return_exceptions=True)
asyncio.run(main())
"""
    changed = source.replace(*change)
    # Where the change adds a line, `main` must be on the same line in both.
    added = changed.count("\n") - source.count("\n")
    first = harness.run_source(source.replace("async def main", "\n" * added + "async def main"))
    second = harness.run_source(changed)
    found = difference(first.record, second.record)
    assert found is None if text is None else text in found
