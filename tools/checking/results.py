"""The table of results, a CSV file that is written row by row. Rows that it has are not checked again."""

import csv
import hashlib
import os
import unicodedata
from pathlib import Path

COLUMNS = [
    "student", "task", "checks", "passed", "failed", "hints", "solution", "problem", "zip", "sha256",
]  # fmt: skip

_MOST_CHARACTERS = 1_000
# A spreadsheet runs a cell that begins with one of these. The last four are those of Asian keyboards.
_FORMULAS = tuple("=+-@＝＋－＠")


class Results:
    """The table in a file. It is created if it is missing, and continued if it exists."""

    def __init__(self, path: Path):
        self._path = path
        self._done = set()
        if path.exists() and path.stat().st_size:
            self._continue()
        else:
            self._append(COLUMNS)

    def has(self, name: str, sha256: str) -> bool:
        """True if a zip with this name and content has a row."""
        return (cell(name), sha256) in self._done

    def add(self, row: dict[str, str]) -> None:
        """Writes a row. It is on the disk when this returns."""
        self._append([cell(row.get(column, "")) for column in COLUMNS])
        self._done.add((cell(row["zip"]), row["sha256"]))

    def _continue(self) -> None:
        content = self._path.read_bytes()
        # A row that was interrupted is checked again. A cell has no line breaks.
        whole = content[: content.rfind(b"\n") + 1]
        rows = list(csv.reader(whole.decode("utf-8-sig").splitlines()))
        if not rows or rows[0] != COLUMNS:
            raise ValueError(f"`{self._path}` is not a table of this command: it has other columns")
        if whole != content:
            os.truncate(self._path, len(whole))
        self._done = {(row[-2], row[-1]) for row in rows[1:] if len(row) == len(COLUMNS)}

    def _append(self, cells: list[str]) -> None:
        # Excel needs the mark at the beginning to read UTF-8.
        is_new = not self._path.exists() or not self._path.stat().st_size
        with self._path.open("a", encoding="utf-8-sig" if is_new else "utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(cells)
            file.flush()
            os.fsync(file.fileno())


def cell(text: str) -> str:
    """A text as a cell: one line, and never a formula."""
    line = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character for character in text)
    line = line.strip()[:_MOST_CHARACTERS]
    return f"'{line}" if line.startswith(_FORMULAS) else line


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
