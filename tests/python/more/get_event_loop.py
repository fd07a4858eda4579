"""A loop that the program creates, runs and stops itself."""

import asyncio, warnings

warnings.simplefilter("ignore")


async def main():
    loop = asyncio.get_event_loop()
    print(loop is asyncio.get_running_loop(), loop.is_running())
    f = loop.create_future()
    loop.call_soon(f.set_result, 3)
    return await f


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
try:
    print(asyncio.get_event_loop() is loop)
    print(loop.run_until_complete(main()))
    t = loop.create_task(asyncio.sleep(0.02, "x"))
    t.add_done_callback(lambda t: loop.stop())
    loop.run_forever()
    print(t.result())
    try:
        loop.call_later(0.01, loop.stop)
        loop.run_until_complete(asyncio.sleep(1))
    except RuntimeError as e:
        print(e)
    for t in asyncio.all_tasks(loop):
        t.cancel()
    loop.run_until_complete(asyncio.sleep(0))
finally:
    loop.close()
    asyncio.set_event_loop(None)
