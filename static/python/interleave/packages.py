"""Packages from wheels. Each is unpacked into a folder of its own, which only programs that need it have on `sys.path`."""

from __future__ import annotations

import io
import re
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

# The folder of a wheel that is inspected.
_INSPECTED = "inspected-now"

_NAME = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_VERSION = re.compile("[0-9][A-Za-z0-9._+!-]{0,59}")
_MOST_METADATA_BYTES = 1 << 20

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
    # A package without `__init__.py` has only a path.
    filename = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
    return is_of_package(filename) and not filename.endswith(".so")


def folders(names: list[str]) -> list[str]:
    """The folders of packages that were unpacked, for `sys.path`."""
    return [str(ROOT / name) for name in names if (ROOT / name).is_dir()]


def install(name: str, content: bytes) -> Wheel:
    """Unpacks a wheel for programs that name it. Raises `BadWheel`."""
    # Most programs need no packages, so it does not make the start slower.
    import zipfile

    if not _NAME.fullmatch(name):
        raise BadWheel("its name is not that of a package")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            wheel = _described(archive)
            _unpack(archive, ROOT / name)
    except Exception as error:
        # A damaged archive can raise errors of every kind.
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
    """Describes a wheel as JSON: the fields of `Wheel`, or `why` if it cannot be used. Unpacks it for that, and removes it
    again."""
    try:
        return dumps(install(_INSPECTED, content)._asdict())
    except BadWheel as error:
        return dumps({"why": str(error)})
    finally:
        shutil.rmtree(ROOT / _INSPECTED, ignore_errors=True)


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
        is_relative = parts and not entry.filename.startswith("/") and ":" not in parts[0]
        if not is_relative or ".." in parts or "\\" in entry.orig_filename:
            raise BadWheel(f"the path `{entry.filename[:100]}` leaves its folder")
    names = [entry.filename for entry in entries]
    found = [name for name in names if name.count("/") == 1 and name.endswith(".dist-info/WHEEL")]
    if not found:
        raise BadWheel("it is a zip, but not a wheel: it has no `.dist-info/WHEEL`")
    info = found[0].partition("/")[0]
    _check_tags(_headers(archive.read(f"{info}/WHEEL")).get_all("Tag", []))
    if f"{info}/METADATA" not in names:
        raise BadWheel("it is a zip, but not a wheel: it has no `.dist-info/METADATA`")
    if archive.getinfo(f"{info}/METADATA").file_size > _MOST_METADATA_BYTES:
        raise BadWheel("its metadata is larger than 1 MB")
    metadata = _headers(archive.read(f"{info}/METADATA"))
    name, version = _normalized(str(metadata["Name"])), str(metadata["Version"])
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise BadWheel("its metadata has no valid name and version")
    modules = sorted(set(filter(None, map(_top_level_module, filter(None, map(_installed_path, names))))))
    taken = [name for name in modules if name in _OWN or name in sys.stdlib_module_names]
    if taken:
        raise BadWheel(f"its module `{taken[0]}` would take the place of Python's own")
    needs = sorted(set(filter(None, map(_required, metadata.get_all("Requires-Dist", [])))))
    return Wheel(name, version, modules, needs)


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


def _installed_path(path: str) -> str | None:
    """The path of a file once it is unpacked. None for one that is left out."""
    first, _, rest = path.partition("/")
    if first.endswith(".data"):
        kind, _, path = rest.partition("/")
        if kind not in ("purelib", "platlib"):
            return None
    return None if not path or path.endswith(("/", ".pth")) else path


def _top_level_module(path: str) -> str | None:
    first, slash, _ = path.partition("/")
    module = first if slash else first.partition(".")[0] if first.endswith(_SUFFIXES) else ""
    return module if module.isidentifier() else None


def _unpack(archive: ZipFile, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for entry in archive.infolist():
        path = _installed_path(entry.filename)
        if path is not None:
            target = folder.joinpath(*PurePosixPath(path).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))
