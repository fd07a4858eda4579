"""Tests of `scripts/async_basics.py`."""
