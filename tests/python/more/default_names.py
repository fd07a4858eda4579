"""Tasks with names like those that asyncio gives, and an eager task that waits at once."""

import asyncio


async def name():
    return asyncio.current_task().get_name()


async def job():
    await asyncio.sleep(0)


async def main():
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(*(loop.create_task(name(), name=f"Task-{n}") for n in range(3))))
    if hasattr(asyncio, "eager_task_factory"):
        loop.set_task_factory(asyncio.eager_task_factory)
    await asyncio.create_task(job())


asyncio.run(main())
