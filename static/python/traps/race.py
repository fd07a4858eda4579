"""A race between two awaits.

Between two awaits no other task runs, so code there needs no lock. But at each await any other task may run. What was read
before it may be out of date after it. Hold a lock from the reading to the writing.
"""

import asyncio


class Account:
    def __init__(self):
        self.balance = 100
        self.lock = asyncio.Lock()

    async def is_covered(self, amount):
        balance = self.balance
        await asyncio.sleep(0.1)
        return balance >= amount


async def broken(account):
    if await account.is_covered(60):
        account.balance -= 60


async def fixed(account):
    async with account.lock:
        if await account.is_covered(60):
            account.balance -= 60


async def check(version):
    """Two withdrawals of 60 from an account of 100: the balance must not become negative."""
    account = Account()
    await asyncio.gather(version(account), version(account))
    verdict = "passed" if account.balance >= 0 else "failed"
    print(f"{version.__name__}: {verdict}: the balance is {account.balance}")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
