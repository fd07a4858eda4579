"""Task groups: results, a failure that cancels the siblings, nested groups, and `except*`."""

import asyncio


cancelled = []


async def step(name, delay, error=None):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        cancelled.append(name)
        raise
    if error:
        raise error
    print(name, "done")
    return name


async def inner_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(step("inner-1", 0.05, TypeError("inner")), name="inner-1")
        group.create_task(step("inner-2", 1), name="inner-2")


async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(step(f"ok-{n}", n * 0.06), name=f"ok-{n}") for n in (2, 1)]
    print([task.result() for task in tasks])
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(step("fails", 0.1, ValueError("first")))
            group.create_task(step("sibling", 1))
            group.create_task(inner_group(), name="inner")
            await asyncio.sleep(1)
    except* ValueError as errors:
        print("values", [str(error) for error in errors.exceptions])
    except* TypeError as errors:
        print("types", errors.exceptions)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(step("last", 0.2))
            raise LookupError("in the block")
    except ExceptionGroup as errors:
        print(repr(errors), sorted(cancelled))


asyncio.run(main())
