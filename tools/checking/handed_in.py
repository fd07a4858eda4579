"""The work in a learner's zip: the files, and what `README.md` says about them (`Assignment::readme` writes it)."""

import re
from dataclasses import dataclass
from pathlib import Path

from checking.zips import BadZip, files_of

README = "README.md"

_HEADING = re.compile(r"# (.*\S)")
_STUDENT = re.compile(r"Student:\s*(.+)")
_HELP = re.compile(r"Hints: (\d{1,3}) of (\d{1,3})\. Solution: (seen|not seen)\.")
_MOST_NAME = 100
_MOST_HEADING = 250


@dataclass
class Work:
    """What a learner handed in."""

    files: dict[str, bytes]
    heading: str
    """The heading of the assignment."""
    student: str
    """The name in `README.md`, or an empty text."""
    hints: str
    """Such as "1 of 5", or an empty text."""
    solution: str
    """ "seen", "not seen", or an empty text."""


def read(path: Path) -> Work:
    """Reads a zip. Raises `BadZip`."""
    files = files_of(path)
    if README not in files:
        raise BadZip(f"`{README}` is missing in the zip: it says which assignment this is.")
    lines = files[README].decode("utf-8", errors="replace").splitlines()
    heading = _HEADING.match(lines[0]) if lines else None
    if heading is None:
        raise BadZip(f"The first line of `{README}` does not say which assignment this is.")
    return Work(files, heading[1][:_MOST_HEADING], _student(lines), *_help(lines))


def _student(lines: list[str]) -> str:
    below = next((line for line in lines[1:] if line.strip()), "")
    found = _STUDENT.match(below.strip())
    return found[1].strip()[:_MOST_NAME] if found else ""


def _help(lines: list[str]) -> tuple[str, str]:
    found = next(filter(None, map(_HELP.match, reversed(lines))), None)
    return (f"{found[1]} of {found[2]}", found[3]) if found else ("", "")
