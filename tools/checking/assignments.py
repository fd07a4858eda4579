"""The assignments of the site, or a teacher's own in the same form: everything that a check does not take from a learner."""

import json
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
ASSIGNMENTS = STATIC / "assignments"

# Files for all assignments.
_SHARED = ("conftest.py", "pytest.ini")
_RECORDER = "interleave_trace.py"


@dataclass
class Assignment:
    """A part of the guide that learners write."""

    part: int
    title: str
    writes: list[str]
    """The files that learners write."""
    given: dict[str, bytes]
    """All other files of the program, by their paths."""
    solution: dict[str, bytes]
    """The files that learners write, as we wrote them."""
    test_files: list[str]
    """The files whose tests decide."""


def read_all(folder: Path) -> dict[int, Assignment]:
    """The assignments in a folder, by their parts."""
    found = [_read(path.parent) for path in sorted(folder.glob("*/assignment.json"))]
    return {assignment.part: assignment for assignment in found}


def _read(folder: Path) -> Assignment:
    about = json.loads((folder / "assignment.json").read_text(encoding="utf-8"))
    writes = about["writes"]
    tests = {f"tests/{path}": content for path, content in _contents(folder / "tests").items()}
    given = _shared(folder.parent) | _contents(folder / "starter") | tests
    solution = _contents(folder / "solution")
    return Assignment(
        part=about["part"],
        title=about["title"],
        writes=writes,
        given={path: content for path, content in given.items() if path not in writes},
        solution={path: solution[path] for path in writes},
        test_files=[path for path in tests if _is_test_file(path)],
    )


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
    return path.rpartition("/")[2].startswith("test_") and path.endswith(".py")
