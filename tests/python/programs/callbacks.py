"""Callbacks: `call_soon`, `call_later`, `call_at`, futures, handles, and errors in a callback."""

import asyncio


def report(loop, context):
    print("handler:", context["message"].split(" ")[0:3], repr(context.get("exception")))


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    order = []
    for n in range(3):
        loop.call_soon(order.append, n)
    loop.call_later(0.12, order.append, "later")
    loop.call_at(loop.time() + 0.06, order.append, "at")
    cancelled = loop.call_later(0.05, order.append, "never")
    cancelled.cancel()
    await asyncio.sleep(0)
    print(order, cancelled.cancelled())
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.18)
    print(order)
    future = loop.create_future()
    future.add_done_callback(lambda done: print("callback", done.result()))
    loop.call_later(0.05, future.set_result, 42)
    print(await future)
    failed = loop.create_future()
    loop.call_soon(failed.set_exception, LookupError("nothing"))
    try:
        await failed
    except LookupError as error:
        print(repr(error))
    task = asyncio.create_task(asyncio.sleep(0.05, "slept"))
    task.add_done_callback(lambda done: print(done is task, done.result()))
    await task
    await asyncio.sleep(0)
    loop.call_soon_threadsafe(print, "thread safe")
    await asyncio.sleep(0)


asyncio.run(main())
