"""Waits in threads: together they take as long as the longest, with a limit as long as the rounds."""

import asyncio
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait


def work(seconds):
    time.sleep(seconds)
    return seconds


def timed(label, function):
    start = time.perf_counter()
    result = function()
    # A busy machine is late.
    print(label, int((time.perf_counter() - start) / 0.2 + 0.05), result)


def in_threads():
    threads = [threading.Thread(target=work, args=(0.2,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_pool(workers):
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(work, [0.2] * 4))


async def by_asyncio():
    return await asyncio.gather(*(asyncio.to_thread(work, 0.2) for _ in range(4)))


def completed():
    with ThreadPoolExecutor(max_workers=3) as pool:
        futures = [pool.submit(work, seconds) for seconds in (0.6, 0.2, 0.4)]
        return [future.result() for future in as_completed(futures)]


def first():
    with ThreadPoolExecutor(max_workers=3) as pool:
        futures = [pool.submit(work, seconds) for seconds in (0.6, 0.2)]
        done, rest = wait(futures, return_when=FIRST_COMPLETED)
        return [future.result() for future in done], len(rest), [future.running() for future in futures]


def joined():
    thread = threading.Thread(target=work, args=(0.4,))
    thread.start()
    thread.join(0.2)
    alive = thread.is_alive()
    thread.join()
    return alive, thread.is_alive()


if __name__ == "__main__":
    timed("inline", lambda: [work(0.2) for _ in range(3)])
    timed("threads", in_threads)
    timed("pool of 4", lambda: in_pool(4))
    timed("pool of 2", lambda: in_pool(2))
    timed("to_thread", lambda: asyncio.run(by_asyncio()))
    timed("as they end", completed)
    timed("the first", first)
    timed("joined", joined)
