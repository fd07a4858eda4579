"""Plain generators as coroutines, with a small loop of the program's own."""

import asyncio, types, inspect


def gen():
    x = yield 1
    print("got", x)
    y = yield 2
    return "ret"


def delegating():
    r = yield from gen()
    print(r)


g = delegating()
print(next(g), g.send("a"))
try:
    g.send("b")
except StopIteration as e:
    print("stop", e.value)


async def co():
    return 1


c = co()
try:
    c.send(None)
except StopIteration as e:
    print(e.value)
print(inspect.iscoroutinefunction(co), asyncio.iscoroutine(c), inspect.isawaitable(c))


class MiniLoop:

    def __init__(self):
        self.ready = []

    def spawn(self, c):
        self.ready.append(c)

    def run(self):
        while self.ready:
            c = self.ready.pop(0)
            try:
                print("yielded", c.send(None))
                self.ready.append(c)
            except StopIteration:
                print("done")


@types.coroutine
def switch(x):
    yield x


async def job(n):
    for i in range(2):
        await switch((n, i))


m = MiniLoop()
m.spawn(job("a"))
m.spawn(job("b"))
m.run()
