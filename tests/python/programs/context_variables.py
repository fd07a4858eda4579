"""Context variables: every task has a copy, tokens, and tasks and callbacks in a given context."""

import asyncio
import contextvars

user = contextvars.ContextVar("user", default="nobody")


async def handle(name):
    token = user.set(name)
    await asyncio.sleep(0.05)
    await log("handled")
    user.reset(token)
    return user.get()


async def log(text):
    await asyncio.sleep(0)
    print(text, "for", user.get())


async def main():
    print(await asyncio.gather(handle("ann"), handle("bob")), user.get())
    context = contextvars.copy_context()
    context.run(user.set, "given")
    await asyncio.create_task(log("in context"), context=context)
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: print("callback", user.get()), context=context)
    user.set("main")
    loop.call_later(0.05, lambda: print("later", user.get()))
    await asyncio.sleep(0.1)
    async with asyncio.TaskGroup() as group:
        group.create_task(log("group"), context=context)
        group.create_task(log("group"))


asyncio.run(main())
print(user.get())
