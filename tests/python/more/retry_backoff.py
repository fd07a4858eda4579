"""Retries with a growing delay and seeded jitter."""

import asyncio, random
from dataclasses import dataclass, field

random.seed(42)


class TransientError(Exception): ...


@dataclass
class Flaky:
    fails: int
    calls: list = field(default_factory=list)

    async def __call__(self, x):
        self.calls.append(x)
        await asyncio.sleep(0.01)
        if len(self.calls) <= self.fails:
            raise TransientError(f"attempt {len(self.calls)}")
        return x * 2


def retry(times, base=0.01):

    def deco(fn):

        async def wrapper(*a, **k):
            for i in range(times):
                try:
                    return await fn(*a, **k)
                except TransientError as e:
                    d = base * 2**i * (1 + random.random())
                    print(f"retry {i}: {e} wait {d:.4f}")
                    await asyncio.sleep(d)
            raise TransientError("gave up")

        return wrapper

    return deco


async def main():
    f = Flaky(2)
    print(await retry(4)(f)(21))
    try:
        await retry(2)(Flaky(5))(1)
    except TransientError as e:
        print("error:", e)


if __name__ == "__main__":
    asyncio.run(main())
