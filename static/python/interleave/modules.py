"""Loads the program's own modules on the real clock, so that their functions get twins (see `lift`)."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
from collections.abc import Callable
from pathlib import Path


class LiftingFinder:
    """Finds the program's own modules, so that their functions get twins."""

    def __init__(self, root: Path, lift_module: Callable[[str, str], ast.Module]):
        self._root = root
        self._lift_module = lift_module

    def find_spec(self, name: str, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        is_own = spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader)
        if is_own and str(spec.origin).startswith(f"{self._root}/"):
            spec.loader = _LiftingLoader(name, spec.origin, self._lift_module)
            return spec
        return None


class _LiftingLoader(importlib.machinery.SourceFileLoader):
    """Loads a module of the program after its functions have got twins."""

    def __init__(self, name: str, path: str, lift_module: Callable[[str, str], ast.Module]):
        super().__init__(name, path)
        self._lift_module = lift_module

    def get_code(self, fullname: str):
        # Without the cache of bytecode, which would be that of the unchanged source.
        source = importlib.util.decode_source(self.get_data(self.path))
        return compile(self._lift_module(source, self.path), self.path, "exec", dont_inherit=True)
