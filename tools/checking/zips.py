"""Reads a zip that a learner handed in. Nothing in it is trusted, and nothing is written to the disk.

Sizes that a zip states can be wrong, so what comes out is counted while it is unpacked.
"""

import re
import stat
import unicodedata
import zipfile
from pathlib import Path

MOST_ZIP_BYTES = 10_000_000
MOST_FILES = 1_000
MOST_BYTES = 20_000_000
"""The maximum size of all unpacked files together."""

_CHUNK_BYTES = 65_536
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What macOS adds to a zip.
_MACOS_FOLDER = "__MACOSX/"


class BadZip(Exception):
    """A zip that is not read: the reason, as a sentence."""


def files_of(path: Path) -> dict[str, bytes]:
    """The files of a zip, by their paths. If all are in one folder, the paths are inside it. Raises `BadZip`."""
    if path.stat().st_size > MOST_ZIP_BYTES:
        raise BadZip(f"The zip is larger than {_megabytes(MOST_ZIP_BYTES)}.")
    if not zipfile.is_zipfile(path):
        raise BadZip("This is not a zip, or its end is missing.")
    try:
        with zipfile.ZipFile(path) as archive:
            return _without_common_folder(_unpacked(archive))
    except BadZip:
        raise
    # Damaged data can raise errors of many types.
    except Exception as error:
        raise BadZip(f"The zip is damaged: {type(error).__name__}.") from error


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise BadZip(f"The zip has more than {MOST_FILES} files.")
    _check_names(entries)
    files, left = {}, MOST_BYTES
    for entry in entries:
        _check_kind(entry)
        content = _content(archive, entry, left)
        left -= len(content)
        if not entry.is_dir() and not entry.filename.startswith(_MACOS_FOLDER):
            files[entry.filename] = content
    return files


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most_bytes: int) -> bytes:
    content = bytearray()
    with archive.open(entry) as file:
        while chunk := file.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > most_bytes:
                raise BadZip(f"The zip unpacks to more than {_megabytes(MOST_BYTES)}.")
    return bytes(content)


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    seen = set()
    for entry in entries:
        # `filename` ends before a zero byte, and can have other separators.
        _check_name(entry.orig_filename)
        # Some disks do not distinguish these.
        key = unicodedata.normalize("NFC", entry.filename).casefold().rstrip("/")
        if key in seen:
            raise BadZip(f"The zip has two files with the name {_shown(entry.filename)}.")
        seen.add(key)


def _check_name(name: str) -> None:
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        raise BadZip(f"The zip has a file with an absolute name: {_shown(name)}.")
    if "\\" in name:
        raise BadZip(f"The zip has a name with a backslash: {_shown(name)}.")
    if ".." in name.split("/"):
        raise BadZip(f"The zip has a name with `..`: {_shown(name)}.")
    if not name or not name.isprintable():
        raise BadZip(f"The zip has a name with characters that are not allowed: {_shown(name)}.")


def _check_kind(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise BadZip(f"The zip has a symbolic link: {_shown(entry.filename)}.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadZip(f"The zip has something that is not a file: {_shown(entry.filename)}.")
    if entry.flag_bits & 1:
        raise BadZip("The zip is encrypted.")
    # Others can need much memory.
    if entry.compress_type not in _METHODS:
        raise BadZip(f"The zip has a file with a compression that is not supported: {_shown(entry.filename)}.")


def _without_common_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    folders = {name.partition("/")[0] for name in files}
    if len(folders) != 1 or any("/" not in name for name in files):
        return files
    return {name.partition("/")[2]: content for name, content in files.items()}


def _shown(name: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in name)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _megabytes(count: int) -> str:
    return f"{count // 1_000_000} MB"
