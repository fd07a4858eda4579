"""Disks for the tests: a slow one, on which each operation of a file takes 0.1 s, and one that takes no time."""

import asyncio
import inspect
import sys
from pathlib import Path

import aiofiles
from scripts import async_file_io

DELAY = 0.1


def replace_open(monkeypatch, replacement):
    """Replaces `aiofiles.open` in a test, also under the names that the script has imported it by."""
    aiofiles_open = aiofiles.open
    for module in (aiofiles, async_file_io):
        for name, value in list(vars(module).items()):
            if value is aiofiles_open:
                monkeypatch.setattr(module, name, replacement)


class SlowDisk:
    """Replaces `aiofiles.open` in a test, and knows the files that were opened."""

    def __init__(self, monkeypatch):
        self.files = []
        self.peak = 0  # most files open at once
        self._open = aiofiles.open
        replace_open(monkeypatch, self.open)

    def open(self, path, *args, **kwargs):
        caller = sys._getframe(1)
        line = f"scripts/{Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
        return SlowFile(self, Path(path).name, line, self._open(path, *args, **kwargs))

    def check_closed(self, after):
        """Fails if a file is still open after something, such as "the return"."""
        assert self.files, "no file was opened with `aiofiles.open`"
        for file in self.files:
            assert file.closed, f"{file.line}: `{file.name}` was opened here, and is still open after {after}"


class SlowFile:
    """A file of `aiofiles`, whose operations take time."""

    def __init__(self, disk, name, line, opening):
        self.name, self.line = name, line
        self._disk, self._opening = disk, opening

    async def _opened(self):
        await asyncio.sleep(DELAY)
        self._file = await self._opening
        self._disk.files.append(self)
        self._disk.peak = max(self._disk.peak, sum(not file.closed for file in self._disk.files))
        return self

    def __await__(self):
        return self._opened().__await__()

    async def __aenter__(self):
        return await self._opened()

    async def __aexit__(self, *error):
        await self._file.close()

    async def close(self):
        await self._file.close()

    def __getattr__(self, name):
        found = getattr(self._file, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def slow(*args):
            await asyncio.sleep(DELAY)
            return await found(*args)

        return slow

    def __aiter__(self):
        return self._file.__aiter__()


class TextInMemory:
    """A file that takes no time."""

    def __init__(self, text):
        self._lines = text.splitlines(keepends=True)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    def __await__(self):
        return self.__aenter__().__await__()

    async def read(self):
        return "".join(self._lines)

    async def readlines(self):
        return self._lines

    async def __aiter__(self):
        for line in self._lines:
            yield line

    async def close(self):
        pass
