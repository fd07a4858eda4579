"""Makes the package importable, and checks that a run leaves the interpreter as it was."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "static" / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
