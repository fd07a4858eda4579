"""Random draws that do not depend on the order in which tasks run.

Until a program seeds module `random`, its functions draw from (seed, task, n-th draw). A task is identified by its
parent and its place among the parent's children. So a run on the real clock and one on the virtual clock draw the
same values. After `random.seed` or `random.setstate`, they behave exactly as in CPython.

The draws of a task are SplitMix64 (Steele, Lea and Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import random
from collections.abc import Callable

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15

FUNCTIONS = (
    "betavariate", "binomialvariate", "choice", "choices", "expovariate", "gammavariate", "gauss", "getrandbits",
    "getstate", "lognormvariate", "normalvariate", "paretovariate", "randbytes", "randint", "random", "randrange",
    "sample", "seed", "setstate", "shuffle", "triangular", "uniform", "vonmisesvariate", "weibullvariate",
)
"""The functions of module `random` that share one generator."""


def mixed(number: int) -> int:
    """A number of 64 bits whose every bit depends on every bit of `number`."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _MASK
    return number ^ number >> 31


class TaskRandom(random.Random):
    """A generator for the functions of module `random`.

    `current` returns the number of the task that draws; `path` returns the places of a task and its ancestors,
    outermost first.
    """

    def __init__(self, seed: int, current: Callable[[], int], path: Callable[[int], list[int]]):
        self._is_seeded = True
        self._seed = seed
        self._current = current
        self._path = path
        self._states: dict[int, int] = {}
        """The state of each task that has drawn."""
        super().__init__(0)
        self._is_seeded = False

    def seed(self, a=None, version=2):
        self._is_seeded = True
        super().seed(a, version)

    def setstate(self, state):
        self._is_seeded = True
        super().setstate(state)

    def random(self) -> float:
        if self._is_seeded:
            return super().random()
        return (self._draw() >> 11) * 2.0**-53

    def getrandbits(self, k: int, /) -> int:
        if self._is_seeded or k <= 0:
            # CPython raises its own error for a negative number of bits.
            return super().getrandbits(k)
        bits = 0
        for _ in range(-(-k // 64)):
            bits = bits << 64 | self._draw()
        return bits >> -k % 64

    @property
    def gauss_next(self) -> float | None:
        # `gauss` makes two values and keeps one for the next call, which may be another task's.
        return self.__dict__.get("gauss_next") if self._is_seeded else None

    @gauss_next.setter
    def gauss_next(self, value: float | None) -> None:
        self.__dict__["gauss_next"] = value

    def _draw(self) -> int:
        task = self._current()
        state = self._states.get(task)
        if state is None:
            state = mixed(self._seed)
            for place in self._path(task):
                state = mixed(state + place * _GOLDEN & _MASK)
        self._states[task] = state = state + _GOLDEN & _MASK
        return mixed(state)


def replacements(
    seed: int, current: Callable[[], int], path: Callable[[int], list[int]]
) -> list[tuple[object, str, object]]:
    """Owner, name and function for each function of module `random`. The arguments are as in `TaskRandom`."""
    generator = TaskRandom(seed, current, path)
    names = (name for name in FUNCTIONS if hasattr(random, name))
    return [(random, "_inst", generator), *((random, name, getattr(generator, name)) for name in names)]
