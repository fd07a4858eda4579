"""`asyncio.wait` with each of its conditions, and with a timeout."""

import asyncio


async def job(n, fails=False):
    await asyncio.sleep(n * 0.06)
    if fails:
        raise KeyError(n)
    return n


def names(tasks):
    return sorted(task.get_name() for task in tasks)


async def main():
    jobs = [asyncio.create_task(job(n), name=f"job {n}") for n in (1, 2, 3)]
    done, pending = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    print("first", names(done), names(pending))
    done, pending = await asyncio.wait(pending, timeout=0.09)
    print("timeout", names(done), names(pending))
    done, pending = await asyncio.wait(pending)
    print("all", names(done), names(pending))
    jobs = [asyncio.create_task(job(n, n == 2), name=f"risky {n}") for n in (1, 2, 3)]
    done, pending = await asyncio.wait(jobs, return_when=asyncio.FIRST_EXCEPTION)
    print("exception", names(done), names(pending))
    print([repr(task.exception()) for task in jobs if task.done()])
    await asyncio.wait(jobs)


asyncio.run(main())
