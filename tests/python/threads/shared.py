"""What threads share with the program: events, locks, queues, and its event loop."""

import asyncio
import queue
import threading
import time


def fifths(start):
    """The time since then in whole fifths of a second: a busy machine is late."""
    return int((time.perf_counter() - start) / 0.2 + 0.05)


class Loader(threading.Thread):
    """A thread with a method of its own, which fills a queue."""

    def __init__(self, found):
        super().__init__(name="loader")
        self.found = found

    def run(self):
        for number in range(3):
            time.sleep(0.2)
            self.found.put(number)
        self.found.put(None)


def consume():
    found = queue.Queue()
    start = time.perf_counter()
    Loader(found).start()
    while (item := found.get()) is not None:
        print(item, fifths(start))


def events():
    ready = threading.Event()

    def load():
        time.sleep(0.2)
        ready.set()
        time.sleep(0.2)

    start = time.perf_counter()
    thread = threading.Thread(target=load)
    thread.start()
    print(ready.is_set(), ready.wait(0.1), ready.wait(), ready.is_set(), thread.is_alive())
    print(fifths(start))
    thread.join()


def counter():
    lock, count = threading.Lock(), 0

    def add():
        nonlocal count
        for _ in range(100):
            with lock:
                count += 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(count, lock.locked())


async def from_a_thread():
    loop = asyncio.get_running_loop()
    got = asyncio.Event()
    names = []

    def work():
        time.sleep(0.2)
        loop.call_soon_threadsafe(names.append, "first")
        loop.call_soon_threadsafe(got.set)
        time.sleep(0.2)
        names.append("second")

    call = asyncio.create_task(asyncio.to_thread(work))
    await asyncio.wait_for(got.wait(), 1)
    print("first" in names, call.done())
    await call
    print(names[-1] if names[0] == "first" else names[0])


def own_loop(results):
    async def main():
        await asyncio.gather(*(asyncio.sleep(0.2) for _ in range(3)))
        return threading.current_thread().name

    results.append(asyncio.run(main()))


if __name__ == "__main__":
    consume()
    events()
    counter()
    asyncio.run(from_a_thread())
    results = []
    start = time.perf_counter()
    thread = threading.Thread(target=own_loop, args=(results,), name="loop")
    thread.start()
    thread.join()
    print(results, fifths(start))
    lock = threading.RLock()
    with lock, lock:
        print(lock.acquire(timeout=0.1))
    jobs = queue.Queue()
    for number in range(3):
        jobs.put(number)
    print(jobs.qsize(), jobs.get_nowait(), jobs.get(timeout=1), jobs.get())
    try:
        jobs.get(timeout=0.1)
    except queue.Empty:
        print("empty")
