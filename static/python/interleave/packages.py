"""Packages from wheels. Each is unpacked into a folder of its own, which only programs that need it have on `sys.path`."""

from __future__ import annotations

import io
import shutil
import sys
from json import dumps
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from email.message import Message
    from zipfile import ZipFile

MOST_FILES = 5_000
MOST_BYTES = 256 << 20
"""The maximum size of an unpacked wheel."""

# Where the page's interpreter has them. Tests use other folders.
ROOT = Path("/lib/packages")

_OWN = frozenset({"interleave", "interleave_trace"})
_SUFFIXES = (".py", ".so")


class BadWheel(ValueError):
    """A wheel that cannot be used: the reason, as a sentence without its full stop."""


BadWheel.__module__ = "builtins"


class Wheel(NamedTuple):
    """A wheel that was unpacked."""

    name: str
    version: str
    modules: list[str]
    """The top-level modules that it has."""
    needs: list[str]
    """The names of the packages that it needs."""


def is_of_package(filename: str) -> bool:
    """True for a file of a package."""
    return filename.startswith(f"{ROOT}/")


def is_pure_package(module) -> bool:
    """True for a module of a package that is written in Python. One in C cannot be loaded twice."""
    filename = getattr(module, "__file__", None) or ""
    return is_of_package(filename) and not filename.endswith(".so")


def folders(names: list[str]) -> list[str]:
    """The folders of packages that were unpacked, for `sys.path`."""
    return [str(ROOT / name) for name in names if (ROOT / name).is_dir()]


def install(name: str, content: bytes) -> Wheel:
    """Unpacks a wheel for programs that name it. Raises `BadWheel`."""
    # Most programs need no packages, so it does not make the start slower.
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wheel = _described(archive)
            _unpack(archive, ROOT / name)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        shutil.rmtree(ROOT / name, ignore_errors=True)
        if isinstance(error, BadWheel):
            raise
        raise BadWheel(f"it is not a zip, or it is damaged ({error})") from None
    return wheel


def refusal(name: str, content: bytes) -> str | None:
    """Unpacks a wheel. Returns the reason if it cannot be used."""
    try:
        install(name, content)
    except BadWheel as error:
        return str(error)
    return None


def inspected(content: bytes) -> str:
    """What a wheel has, as JSON: the fields of `Wheel`, or `why` if it cannot be used. It is unpacked for that, and removed
    again."""
    try:
        return dumps(install("_inspected", content)._asdict())
    except BadWheel as error:
        return dumps({"why": str(error)})
    finally:
        shutil.rmtree(ROOT / "_inspected", ignore_errors=True)


def _normalized(name: str) -> str:
    """The name of a package as indexes compare it."""
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))


def _required(requirement: str) -> str | None:
    """The name in a requirement such as `yarl<2.0; python_version < "3.13"`. None for an extra."""
    package, _, condition = requirement.partition(";")
    length = next((n for n, char in enumerate(package) if not (char.isalnum() or char in "-_.")), len(package))
    return None if "extra" in condition else _normalized(package[:length])


def _described(archive: ZipFile) -> Wheel:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise BadWheel(f"it has {len(entries):,} files, and the limit is {MOST_FILES:,}")
    # A reader of the archive stops at the size that is given here.
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise BadWheel(f"it unpacks to {size >> 20:,} MB, and the limit is {MOST_BYTES >> 20} MB")
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        if not parts or entry.filename.startswith("/") or ".." in parts or "\\" in entry.orig_filename or ":" in parts[0]:
            raise BadWheel(f"the path `{entry.filename[:100]}` leaves its folder")
    names = [entry.filename for entry in entries]
    info = next((name.partition("/")[0] for name in names if name.count("/") == 1 and name.endswith(".dist-info/WHEEL")), None)
    if info is None:
        raise BadWheel("it is a zip, but not a wheel: it has no `.dist-info/WHEEL`")
    _check_tags(_headers(archive.read(f"{info}/WHEEL")).get_all("Tag", []))
    try:
        metadata = _headers(archive.read(f"{info}/METADATA"))
    except KeyError:
        raise BadWheel("it is a zip, but not a wheel: it has no `.dist-info/METADATA`") from None
    modules = sorted(set(filter(None, map(_top_level_module, names))))
    taken = [name for name in modules if name in _OWN or name in sys.stdlib_module_names]
    if taken:
        raise BadWheel(f"its module `{taken[0]}` would take the place of Python's own")
    needs = sorted(set(filter(None, map(_required, metadata.get_all("Requires-Dist", [])))))
    return Wheel(_normalized(str(metadata["Name"])), str(metadata["Version"]), modules, needs)


def _headers(content: bytes) -> Message:
    from email import message_from_bytes

    return message_from_bytes(content)


def _check_tags(tags: list[str]) -> None:
    """A wheel is for any platform, or for Pyodide (`pyemscripten_<year>_<number>_wasm32`) and this Python."""
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    parts = [tag.strip().split("-") for tag in tags]
    for python, abi, platform in (part for part in parts if len(part) == 3):
        is_pure = abi == "none" and platform == "any" and python.startswith(("py3", "cp3"))
        is_stable = abi == "abi3" and python.startswith("cp3")
        if is_pure or "emscripten" in platform and (python == version or is_stable):
            return
    found = "-".join(parts[0]) if parts else "nothing"
    raise BadWheel(
        f"it is for another platform or another Python (`{found[:100]}`). Here, a wheel must be pure Python, or built for "
        f"Pyodide with Python {sys.version_info.major}.{sys.version_info.minor}"
    )


def _top_level_module(path: str) -> str | None:
    first, slash, _ = path.partition("/")
    if first.endswith((".dist-info", ".data")):
        return None
    if slash:
        return first if first.isidentifier() else None
    return first.partition(".")[0] if first.endswith(_SUFFIXES) else None


def _unpack(archive: ZipFile, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or path.suffix == ".pth":
            continue
        if path.parts[0].endswith(".data"):
            if len(path.parts) < 3 or path.parts[1] not in ("purelib", "platlib"):
                continue
            path = PurePosixPath(*path.parts[2:])
        target = folder.joinpath(*path.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(archive.read(entry))
