"""Lets the tests find `scripts`. Outside of the page, also loads the recorder that the checks ask."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import interleave  # noqa: F401
except ImportError:
    pytest_plugins = ["interleave_trace"]
