"""`as_completed`: results as they come, and a timeout for all of them."""

import asyncio


async def work(n):
    await asyncio.sleep(n * 0.06)
    if n == 3:
        raise RuntimeError(f"work {n} failed")
    return n


async def main():
    tasks = [asyncio.create_task(work(n), name=f"work-{n}") for n in (4, 2, 3, 1)]
    for next_done in asyncio.as_completed(tasks):
        try:
            print("done", await next_done)
        except RuntimeError as error:
            print("error", error)
    tasks = [asyncio.create_task(work(n), name=f"late-{n}") for n in (1, 5)]
    try:
        for next_done in asyncio.as_completed(tasks, timeout=0.15):
            print("in time", await next_done)
    except TimeoutError:
        print("the rest is too late", tasks[1].done())
    tasks[1].cancel()
    await asyncio.wait(tasks)
    print(tasks[1].cancelled())


asyncio.run(main())
