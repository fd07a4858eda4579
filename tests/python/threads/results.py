"""Results, errors and cancellation of calls in threads and processes."""

import asyncio
import contextvars
import functools
import multiprocessing
import os
import pickle
import threading
import time
from concurrent.futures import BrokenExecutor, CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, TimeoutError

NAME = contextvars.ContextVar("name", default="nobody")


def square(n):
    if n < 0:
        raise ValueError(f"{n} is negative")
    return n * n


def slow(n):
    time.sleep(0.2)
    return n


def add(a, b):
    return a + b


def fail():
    raise OSError("no data")


def say(result):
    print("callback", result)


def raised(function, *args):
    try:
        return function(*args)
    except (Exception, CancelledError) as error:
        return type(error).__name__, str(error)


def pools():
    for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
        with kind(2) as pool:
            print(list(pool.map(square, range(4))), pool.submit(add, 1, b=2).result())
            print(raised(pool.submit(square, -1).result))
            print(raised(lambda: list(pool.map(square, [1, -2, 3]))))
        print(raised(pool.submit, square, 1))
        print(raised(kind, 0))


def cancelled():
    with ThreadPoolExecutor(1) as pool:
        first, second = pool.submit(slow, 1), pool.submit(slow, 2)
        print(first.cancel(), second.cancel(), second.cancelled())
        print(raised(first.result, 0.1), first.result(), raised(second.result))
        third, fourth = pool.submit(slow, 3), pool.submit(slow, 4)
        time.sleep(0.1)
        pool.shutdown(cancel_futures=True)
        print(third.result(), fourth.cancelled())


def names():
    with ThreadPoolExecutor(1, thread_name_prefix="loader") as pool:
        print(pool.submit(lambda: threading.current_thread().name).result())
        print(pool.submit(threading.get_ident).result() != threading.get_ident(), threading.current_thread().name)
    local = threading.local()
    local.value = 1
    with ThreadPoolExecutor(1) as pool:
        print(pool.submit(hasattr, local, "value").result(), local.value)
    with ProcessPoolExecutor(1) as pool:
        print(pool.submit(os.getpid).result() != os.getpid())


def initialized():
    seen = threading.local()
    with ThreadPoolExecutor(1, initializer=setattr, initargs=(seen, "model", "loaded")) as pool:
        print(pool.submit(getattr, seen, "model").result())
    with ThreadPoolExecutor(1, initializer=fail) as pool:
        print(isinstance(pool.submit(square, 2).exception(), BrokenExecutor))


def pool_of_processes():
    with multiprocessing.Pool(2) as pool:
        print(pool.map(square, range(4)), pool.starmap(add, [(1, 2), (3, 4)]), pool.apply(add, (5, 6)))
        print(list(pool.imap(square, range(3))), sorted(pool.imap_unordered(square, range(3))))
        result = pool.apply_async(square, (7,), callback=say)
        print(result.get(), result.ready(), result.successful())
        print(raised(pool.map, square, [1, -1]))
    process = multiprocessing.Process(target=slow, args=(1,), name="trainer")
    process.start()
    print(process.is_alive(), process.exitcode)
    process.join()
    print(process.is_alive(), process.exitcode, process.name)


async def by_asyncio():
    NAME.set("somebody")
    print(await asyncio.to_thread(NAME.get))
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, functools.partial(add, 1, b=2)))
    with ProcessPoolExecutor(2) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, square, n) for n in range(3))))
    try:
        await asyncio.to_thread(square, -3)
    except ValueError as error:
        print(error)
    found = await asyncio.gather(asyncio.to_thread(fail), asyncio.to_thread(slow, 1), return_exceptions=True)
    print([str(it) for it in found])


if __name__ == "__main__":
    pools()
    cancelled()
    names()
    initialized()
    pool_of_processes()
    asyncio.run(by_asyncio())
    with ProcessPoolExecutor(1) as pool:
        print(isinstance(pool.submit(lambda: 1).exception(), (pickle.PicklingError, AttributeError)))
