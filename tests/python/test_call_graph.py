"""On CPython 3.14, the tree of what waits agrees with asyncio's own call graph."""

import asyncio

import harness
import pytest

pytestmark = pytest.mark.skipif(not hasattr(asyncio, "capture_call_graph"), reason="CPython 3.14 has call graphs")

SOURCE = """
import asyncio
async def leaf(): await asyncio.sleep(5)
async def direct(task): await task
async def gathered(*tasks): await asyncio.gather(*tasks)
async def waited(*tasks): await asyncio.wait(tasks)
async def shielded(task): await asyncio.shield(task)
async def grouped():
    async with asyncio.TaskGroup() as group:
        group.create_task(leaf())
        await asyncio.sleep(5)
async def main():
    task = asyncio.create_task(leaf())
    others = [asyncio.create_task(coro) for coro in (
        direct(task), gathered(task), waited(task), shielded(task), grouped())]
    await asyncio.gather(*others)
asyncio.run(main())
"""


def test_the_tree_names_the_same_tasks_lines_and_awaited_by():
    run = harness.Run(harness.Files({"main.py": SOURCE}), harness.WallHost())
    for _ in range(4):
        run.step()
    loop = run._loops[0]
    tree = {entry["task"]: entry for entry in run.waiting()}
    for task in asyncio.all_tasks(loop):
        graph = asyncio.capture_call_graph(task)
        entry = tree[run.recorder.number_of(task)]
        lines = {step.frame.f_lineno for step in graph.call_stack if step.frame.f_code.co_filename.endswith("main.py")}
        assert entry["line"]["line"] in lines
        assert entry["awaited_by"] == sorted(run.recorder.number_of(by.future) for by in graph.awaited_by)
    run.stop()
    harness.drive(run)
