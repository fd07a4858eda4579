"""Values of a program as short texts. A `__repr__` or `__str__` that fails, is slow or returns much does no harm."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_VALUE = 200
"""The number of characters at which a value is cut."""

LONGEST_ERROR = 1_000
"""The number of characters at which the message of an error is cut."""

_perf_counter = time.perf_counter


def cut(text: str, most: int) -> str:
    """The text with at most this number of characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def shown(value: object) -> str:
    """A value as text, cut at `LONGEST_VALUE`."""
    if isinstance(value, str | bytes | bytearray):
        # Otherwise the text of a long value would first be made in full.
        value = value[:LONGEST_VALUE]
    elif type(value) in (list, tuple, dict, set, frozenset) and len(value) > LONGEST_VALUE:
        return f"<{type(value).__name__} with {len(value):,} items>"
    try:
        return cut(repr(value), LONGEST_VALUE)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return f"<{type(value).__name__}, whose repr failed with {type(error).__name__}>"


def shown_error(error: BaseException | None) -> str:
    """The type and the message of an error, cut at `LONGEST_ERROR`."""
    name = type(error).__name__
    try:
        message = str(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as other:
        message = f"its message could not be made: {type(other).__name__}"
    return cut(f"{name}: {message}" if message else name, LONGEST_ERROR)


class Budget:
    """A limit on the time for many texts: after it, values are no longer asked for theirs."""

    def __init__(self, seconds: float, now: Callable[[], float] = _perf_counter):
        self._now = now
        self._until = now() + seconds

    def shown(self, value: object) -> str:
        """As `shown`, or only the type of the value if the time is used up."""
        if self._now() > self._until:
            return f"<{type(value).__name__}>"
        return shown(value)
