"""Makes the package importable, and checks that a run leaves the interpreter as it was."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "static" / "python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

# A shell starts background jobs with SIGINT ignored, and their children inherit that: tests of Ctrl-C would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)
