"""A failed task and its siblings.

When one task of `asyncio.gather` fails, the error is raised at once, and the others go on running: nobody waits for
them any more. A task group cancels them, and waits until they have ended.
"""

import asyncio


async def download(name, seconds, finished):
    await asyncio.sleep(seconds)
    if name == "broken-model":
        raise ValueError(f"{name} does not exist")
    finished.append(name)


async def broken(finished):
    await asyncio.gather(download("broken-model", 0.1, finished), download("large-model", 0.3, finished))


async def fixed(finished):
    async with asyncio.TaskGroup() as group:
        group.create_task(download("broken-model", 0.1, finished))
        group.create_task(download("large-model", 0.3, finished))


async def check(version):
    """After the error, no download may go on."""
    finished = []
    try:
        await version(finished)
    except* ValueError as errors:
        print(f"{version.__name__}: {errors.exceptions[0]}")
    await asyncio.sleep(0.5)
    verdict = "passed" if not finished else f"failed: {finished[0]} was downloaded after the error"
    print(f"{version.__name__}: {verdict}")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
