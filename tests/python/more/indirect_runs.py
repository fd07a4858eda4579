"""Functions that run asyncio and are called by decorators, from lists, from dictionaries and as keyword arguments."""

import argparse
import asyncio
import functools


def sync(function):
    @functools.wraps(function)
    def wrapper(*args):
        return asyncio.run(function(*args))

    return wrapper


@sync
async def main(n):
    print("main", n)


async def work():
    await asyncio.sleep(0.01)
    return 1


def first():
    print("first", asyncio.run(work()))


def second():
    print("second", asyncio.run(work()))


main(3)
for demo in (first, second):
    demo()
COMMANDS = {"one": first}
COMMANDS["one"]()

parser = argparse.ArgumentParser()
parser.set_defaults(function=second)
parser.parse_args([]).function()
