"""Several `asyncio.run`, a `Runner`, a loop made by hand, and what each of them refuses."""

import asyncio
import contextvars

count = contextvars.ContextVar("count", default=0)


async def once(n):
    await asyncio.sleep(0.05)
    count.set(count.get() + n)
    return count.get()


async def nested():
    coroutine = once(1)
    try:
        asyncio.run(coroutine)
    except RuntimeError as error:
        print(error)
    finally:
        coroutine.close()


async def left_behind():
    try:
        await asyncio.sleep(10)
    finally:
        await asyncio.sleep(0.05)
        print("cleaned up at the end")


async def spawns():
    global task
    task = asyncio.create_task(left_behind())
    await asyncio.sleep(0.05)
    return "main is done"


def by_hand():
    loop = asyncio.new_event_loop()
    try:
        print("by hand", loop.run_until_complete(once(7)), loop.is_running(), loop.is_closed())
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    print(loop.is_closed())


def main():
    for n in (1, 2):
        print(asyncio.run(once(n)))
    asyncio.run(nested())
    print(asyncio.run(spawns()), task.cancelled())
    with asyncio.Runner() as runner:
        print(runner.run(once(3)), runner.run(once(4)), runner.get_loop().is_closed())
    by_hand()
    try:
        asyncio.run(once)
    except (TypeError, ValueError):
        # CPython 3.14 raises TypeError, earlier ones ValueError.
        print("not a coroutine")


if __name__ == "__main__":
    main()
