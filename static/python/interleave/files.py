"""The files of a program, and the imports that the page does not have for them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import NamedTuple

from . import imports, lift
from .errors import BadProgram


class Files(NamedTuple):
    """A program: the contents of its files by path, with `/` between folders, and the path of its main file."""

    contents: dict[str, str | bytes]
    main: str = "main.py"

    def trees(self) -> dict[str, ast.Module]:
        """The syntax trees of the Python files by path, the main file first.

        Raises `SyntaxError`, with file, line and column. Modules that cannot be read are left out: they may be unused.
        """
        found = {self.main: lift.parse(self.text(self.main), self.main)}
        for path in self.contents:
            if path.endswith(".py") and path != self.main:
                try:
                    found[path] = lift.parse(self.text(path), path)
                except (SyntaxError, ValueError):
                    continue
        return found

    def text(self, path: str) -> str:
        """The content of a Python file, decoded as Python does it."""
        content = self.contents[path]
        # Editors of other systems write a mark at the start. Python skips it in a file, but not in a text.
        if isinstance(content, str):
            return content.removeprefix("\ufeff")
        return importlib.util.decode_source(bytes(content))

    def mention(self, word: str) -> bool:
        """True if the text of a Python file contains this word."""
        python = (content for path, content in self.contents.items() if path.endswith(".py"))
        return any(word in content if isinstance(content, str) else word.encode() in content for content in python)

    def write(self, root: Path) -> None:
        """Writes all files below `root`. Raises `BadProgram` for a path that leaves it."""
        if self.main not in self.contents:
            raise BadProgram(f"the program has no file `{self.main}`")
        for path, content in self.contents.items():
            parts = path.split("/")
            if not all(parts) or ".." in parts or "\\" in path or "\0" in path:
                raise BadProgram(f"`{path}` is not a path inside the program's folder")
            target = root.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


def missing_imports(files: Files) -> list[imports.MissingImport]:
    """The imports that will fail, for the page to list before the run. Empty if the main file has a syntax error."""
    try:
        return imports.missing_imports(files.trees())
    except (SyntaxError, ValueError):
        return []
