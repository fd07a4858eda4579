"""Times a gather of 10,000 sleeps of 100 ms over the ideal: in the running loop, and in `Loop` with and without
recording.

    python bench.py [number of tasks]

`make bench` calls `measured` in Pyodide, whose own loop is the running one there.
"""

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "static" / "python"))

from interleave.loop import Loop  # noqa: E402
from interleave.polls import Recorder  # noqa: E402
from interleave.sources import Sources  # noqa: E402

DELAY_S = 0.1


class Figures(NamedTuple):
    """Seconds over the ideal."""

    running_s: float
    stepped_s: float
    recorded_s: float


async def gather(tasks):
    start = time.perf_counter()
    await asyncio.gather(*(asyncio.sleep(DELAY_S) for _ in range(tasks)))
    return time.perf_counter() - start - DELAY_S


def stepped(tasks, is_recorded):
    """Seconds over the ideal in a stepped loop."""
    gc.collect()
    loop = Loop()
    if is_recorded:
        recorder = Recorder(Sources(Path(__file__).parent), time.perf_counter, lambda piece: None, renumber=True)
        recorder.attach(loop)
    loop.open()
    task = loop.create_task(gather(tasks))
    task.add_done_callback(lambda _: loop.stop())
    while not loop.has_stopped:
        due = loop.step()
        if due and not loop.has_stopped:
            time.sleep(due)
    loop.close_steps()
    loop.close()
    return task.result()


def best(measure):
    return min(measure() for _ in range(3))


async def measured(tasks=10_000):
    running_s = min([await gather(tasks) for _ in range(3)])
    outer = asyncio._get_running_loop()
    task = asyncio.tasks._swap_current_task(outer, None) if hasattr(asyncio.tasks, "_swap_current_task") else None
    asyncio._set_running_loop(None)
    stepped_s, recorded_s = (best(lambda: stepped(tasks, is_recorded)) for is_recorded in (False, True))
    asyncio._set_running_loop(outer)
    if task is not None:
        asyncio.tasks._swap_current_task(outer, task)
    return Figures(running_s, stepped_s, recorded_s)


async def main(tasks=10_000):
    name = type(asyncio.get_running_loop()).__name__
    own, plain, recorded = await measured(tasks)
    print(f"{tasks:,} sleeps, over the ideal: {name} {own:.3f} s, stepped {plain:.3f} s "
          f"({plain / own:.2f} of it), recorded {recorded:.3f} s ({recorded / plain:.2f} times stepped)")


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
