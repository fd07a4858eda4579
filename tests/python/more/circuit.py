"""A circuit breaker that is opened by errors, and logs to standard output."""

import asyncio, enum, logging, sys

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
log = logging.getLogger("breaker")


class State(enum.Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF = "half"


class Breaker:

    def __init__(self, limit, reset):
        self.limit, self.reset, self.fails, self.state = (limit, reset, 0, State.CLOSED)

    async def call(self, fn):
        if self.state is State.OPEN:
            raise ConnectionError("open")
        try:
            r = await fn()
        except OSError:
            self.fails += 1
            if self.fails >= self.limit:
                self.state = State.OPEN
                log.warning("opened")
                asyncio.get_running_loop().call_later(self.reset, self._half)
            raise
        self.fails = 0
        self.state = State.CLOSED
        return r

    def _half(self):
        self.state = State.HALF
        log.info("half open")


async def main():
    b = Breaker(2, 0.1)
    up = False

    async def fn():
        await asyncio.sleep(0.01)
        if not up:
            raise OSError("down")
        return "ok"

    for i in range(4):
        try:
            print(await b.call(fn))
        except OSError as e:
            print(type(e).__name__, e)
    up = True
    await asyncio.sleep(0.15)
    print(await b.call(fn), b.state)


asyncio.run(main())
