import asyncio
import random

LIMIT = asyncio.Semaphore(4)


async def ask(prompt):
    """Waits for an answer, as for a model server. Some connections break."""
    await asyncio.sleep(random.uniform(0.1, 0.5))
    if random.random() < 0.15:
        raise ConnectionError("reset by peer")
    return f"answer to {prompt}"


async def score(prompt):
    async with LIMIT:
        for attempt in range(4):
            try:
                answer = await ask(prompt)
                break
            except ConnectionError:
                await asyncio.sleep(0.1 * 2**attempt)
        else:
            return 0
    return len(answer)


async def main():
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(score(n), name=f"score {n}") for n in range(14)]
    print("mean", sum(task.result() for task in tasks) / len(tasks))


asyncio.run(main())
