"""The assignments of the site and of a teacher: everything that a check does not take from a learner.

A folder of the site has `starter`, `solution` and `tests`. One of a teacher is a program with a file `assignment.json`, as the
page saves it (docs/links.md).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
ASSIGNMENTS = STATIC / "assignments"

# Files for all assignments.
_SHARED = ("conftest.py", "pytest.ini")
_RECORDER = "interleave_trace.py"


# Files of a teacher's own program that the tests do not need. The description has the solution.
_NOT_GIVEN = ("assignment.json", "README.md")

_PART = re.compile(r"(Part \d{1,3}):")


@dataclass
class Assignment:
    """A part of the guide that learners write, or an assignment of a teacher."""

    heading: str
    """The title, with the part of the guide if there is one."""
    writes: list[str]
    """The files that learners write."""
    given: dict[str, bytes]
    """All other files of the program, by their paths."""
    solution: dict[str, bytes]
    """The files that learners write, as we wrote them."""
    test_files: list[str]
    """The files whose tests decide."""


def key_of(heading: str) -> str:
    """The part in a heading, whose title may change, or the title of a teacher's own assignment."""
    part = _PART.match(heading)
    return part[1] if part else heading.strip()


def read_all(folder: Path) -> dict[str, Assignment]:
    """The assignments in a folder, by the keys of their headings. Raises `ValueError`."""
    found = [_read(path.parent) for path in sorted(folder.glob("*/assignment.json"))]
    return {key_of(assignment.heading): assignment for assignment in found}


def _read(folder: Path) -> Assignment:
    about = json.loads((folder / "assignment.json").read_text(encoding="utf-8"))
    is_of_site = "part" in about
    heading = f"Part {about['part']}: {about['title']}" if is_of_site else about["title"]
    solution = _contents(folder / "solution") if is_of_site else _encoded(about.get("solution", {}))
    writes = about.get("writes") or [*solution]
    if not writes or not {*writes} <= {*solution}:
        raise ValueError(f"`{folder / 'assignment.json'}` has no solution for each file that learners write")
    files = _shared(folder.parent) | (_of_site(folder) if is_of_site else _of_teacher(folder))
    return Assignment(
        heading=heading,
        writes=writes,
        given={path: content for path, content in files.items() if path not in writes},
        solution={path: solution[path] for path in writes},
        test_files=[path for path in files if _is_test_file(path) and path not in writes],
    )


def _of_site(folder: Path) -> dict[str, bytes]:
    tests = {f"tests/{path}": content for path, content in _contents(folder / "tests").items()}
    return _contents(folder / "starter") | tests


def _of_teacher(folder: Path) -> dict[str, bytes]:
    """The files of a program with a description, as the page saves it. The recorder is always that of this project."""
    files = _contents(folder)
    return {path: content for path, content in files.items() if path not in (*_NOT_GIVEN, _RECORDER)}


def _encoded(texts: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in texts.items()}


def _shared(folder: Path) -> dict[str, bytes]:
    """The files that all programs have. A folder of a teacher can have its own."""
    places = {name: folder / name for name in _SHARED}
    files = {name: (own if own.is_file() else ASSIGNMENTS / name).read_bytes() for name, own in places.items()}
    return files | {_RECORDER: _recorder()}


def _recorder() -> bytes:
    """The recorder for CPython as one file, as the site has it (`tools/site/src/trace.rs`)."""
    main = STATIC / "trace" / _RECORDER
    paths = [path for folder in (main.parent, STATIC / "python" / "interleave") for path in folder.glob("*.py")]
    modules = {path.stem: path.read_text(encoding="utf-8") for path in paths if path != main}
    source = main.read_text(encoding="utf-8")
    return source.replace("\nMODULES = {}\n", f"\nMODULES = {json.dumps(modules)}\n", 1).encode()


def _contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _is_test_file(path: str) -> bool:
    return path.startswith("tests/") and path.rpartition("/")[2].startswith("test_") and path.endswith(".py")
