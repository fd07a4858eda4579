"""Finalizers, `__del__` at the end, context variables, the context of `decimal`: nothing is left for the next run."""

import asyncio
import contextvars
import decimal
import weakref

closed = []
variable = contextvars.ContextVar("variable", default="default")


class Resource:
    def __del__(self):
        closed.append(self)
        print("closed", len(closed))


class Connection:
    def __del__(self):
        print("connection closed")


async def fail():
    connection = Connection()
    raise ValueError(f"broken {type(connection).__name__}")


async def show():
    print(variable.get())


async def change():
    variable.set("changed")


async def main():
    task = asyncio.create_task(fail())
    try:
        await task
    except ValueError as error:
        print("error", error)
    del task
    await asyncio.sleep(0.05)
    print("end of main")


weakref.finalize(Connection(), print, "finalized")
print([it.name for it in contextvars.copy_context()])
print(decimal.Decimal(1) / 3)
decimal.getcontext().prec = 3
variable.set("at the top level")
with asyncio.Runner() as runner:
    runner.run(change())
    runner.run(show(), context=contextvars.Context())
resource = Resource()
asyncio.run(main())
