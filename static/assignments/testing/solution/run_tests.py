"""Runs the tests, as `pytest tests/ -v` does."""

import sys

import pytest

sys.exit(pytest.main(["-v", "tests"]))
