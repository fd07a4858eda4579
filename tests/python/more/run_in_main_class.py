"""Several runs from methods, loops, `with` and comprehensions that `main` leads to."""

import asyncio


class App:

    def __init__(self):
        self.results = []

    async def step(self, n):
        await asyncio.sleep(0.01)
        self.results.append(n)

    async def _run(self):
        await asyncio.gather(*(self.step(i) for i in range(3)))

    def run(self):
        asyncio.run(self._run())
        return self

    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, *a):
        print("exit")


def main():
    with App() as app:
        app.run()
        print(app.results)
    for i in range(2):
        try:
            asyncio.run(App().step(i))
        except Exception as e:
            print(e)
        else:
            print("else")
    x = [asyncio.run(asyncio.sleep(0.01, i)) for i in range(2)]
    print(x, {i: asyncio.run(asyncio.sleep(0, i)) for i in range(2)})
    return (lambda: 0)()


if __name__ == "__main__":
    raise SystemExit(main())
