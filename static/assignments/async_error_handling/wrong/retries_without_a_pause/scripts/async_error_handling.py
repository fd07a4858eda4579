"""Part 6, error handling: a task that fails takes nothing from the others, and is tried again.

    python scripts/async_error_handling.py
"""

import asyncio
import functools
import time

# In seconds.
DELAY = 0.03


async def risky_operation(number):
    """Waits DELAY seconds. Raises ValueError with the text "sample <number> is damaged" if the number is divisible by 3,
    and ConnectionError with "server <number> is gone" if by 5 and not by 3. Otherwise returns "result <number>"."""
    await asyncio.sleep(DELAY)
    if number % 3 == 0:
        raise ValueError(f"sample {number} is damaged")
    if number % 5 == 0:
        raise ConnectionError(f"server {number} is gone")
    return f"result {number}"


async def safe_risky_operation(number):
    """Calls risky_operation. Returns a pair: ("success", its result), ("failed", the text of a ValueError), or
    ("error", the text of any other Exception)."""
    try:
        return "success", await risky_operation(number)
    except ValueError as error:
        return "failed", str(error)
    except Exception as error:
        return "error", str(error)


async def run_tasks_with_error_handling(numbers):
    """Calls risky_operation for all numbers at once. Returns a dict with three lists, each in the order of the numbers:
    "success" with results, "failed" with the texts of ValueErrors, and "error" with the texts of other Exceptions."""
    outcomes = await asyncio.gather(*[risky_operation(number) for number in numbers], return_exceptions=True)
    found = {"success": [], "failed": [], "error": []}
    for outcome in outcomes:
        if isinstance(outcome, ValueError):
            found["failed"].append(str(outcome))
        elif isinstance(outcome, Exception):
            found["error"].append(str(outcome))
        else:
            found["success"].append(outcome)
    return found


def retry_async(attempts, pause):
    """Returns a decorator for coroutine functions. A call that raises an Exception is made again, up to `attempts` calls
    in all. Before the second one it waits `pause` seconds, then twice as long each time. The last Exception is raised."""

    def decorate(function):
        @functools.wraps(function)
        async def retried(*args, **kwargs):
            for attempt in range(attempts):
                try:
                    return await function(*args, **kwargs)
                except Exception:
                    if attempt == attempts - 1:
                        raise

        return retried

    return decorate


def main():
    start = time.perf_counter()
    found = asyncio.run(run_tasks_with_error_handling(range(1, 11)))
    for category, texts in found.items():
        print(f"{category:10}{len(texts)}  {texts}")
    print(f"10 tasks  {time.perf_counter() - start:.3f} s")

    attempts = []

    @retry_async(attempts=3, pause=0.05)
    async def fails_twice():
        attempts.append(time.perf_counter())
        return await risky_operation([5, 5, 7][len(attempts) - 1])

    print(f"{asyncio.run(fails_twice())} in attempt {len(attempts)}, after {attempts[-1] - attempts[0]:.3f} s")


if __name__ == "__main__":
    main()
