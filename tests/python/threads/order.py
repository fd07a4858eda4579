"""What threads print, in the order of time."""

import asyncio
import threading
import time


def work(name, seconds):
    print(f"{name} begins")
    time.sleep(seconds)
    print(f"{name} ends")
    return name


async def timeout():
    task = asyncio.create_task(asyncio.to_thread(work, "slow", 0.4))
    try:
        await asyncio.wait_for(task, 0.2)
    except TimeoutError:
        print("the timeout does not stop the thread")


async def beats():
    call = asyncio.create_task(asyncio.to_thread(work, "thread", 1.0))
    for number in range(3):
        await asyncio.sleep(0.4)
        print("beat", number, call.done())
    print(await call)


def daemon():
    time.sleep(5)
    print("never")


if __name__ == "__main__":
    asyncio.run(timeout())
    print("after asyncio.run")
    asyncio.run(beats())
    timers = [threading.Timer(0.2, print, ["timer"]), threading.Timer(0.2, print, ["cancelled"])]
    for timer in timers:
        timer.start()
    timers[1].cancel()
    threading.Thread(target=work, args=("last", 0.4)).start()
    threading.Thread(target=daemon, daemon=True).start()
    time.sleep(0.1)
    print("main ends")
