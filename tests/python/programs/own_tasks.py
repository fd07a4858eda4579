"""A program that looks at its own tasks: coroutines, stacks, names and frames are its own."""

import asyncio
import traceback


async def inner():
    await asyncio.sleep(0.1)


async def outer():
    await inner()


class Named(asyncio.Task):
    pass


async def main():
    coroutine = outer()
    task = asyncio.create_task(coroutine, name="watched")
    plain = asyncio.create_task(inner())
    await asyncio.sleep(0.05)
    print(task.get_coro() is coroutine, coroutine.cr_code.co_name, type(coroutine).__name__)
    print([frame.f_code.co_name for frame in task.get_stack()])
    print(type(task) is asyncio.Task, repr(task).split(" coro=")[1].split(" at ")[0], task.get_name())
    print(sorted(other.get_name() for other in asyncio.all_tasks() if other is not plain)[-1])
    task.print_stack(file=open("stack.txt", "w"))
    print("await inner()" in open("stack.txt").read() or "outer" in open("stack.txt").read())
    print(asyncio.current_task().get_coro().__name__, asyncio.current_task() in asyncio.all_tasks())
    own = Named(inner(), loop=asyncio.get_running_loop(), name="own")
    print(type(own).__name__, own.get_name())
    await asyncio.gather(task, plain, own)
    asyncio.get_running_loop().set_task_factory(lambda loop, coro, **options: Named(coro, loop=loop, **options))
    made = asyncio.create_task(inner())
    print(type(made).__name__, len(traceback.extract_stack(made.get_coro().cr_frame)) > 0)
    made.set_name("renamed")
    await made
    print(made.get_name(), made.done())


asyncio.run(main())
