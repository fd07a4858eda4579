"""Checks the assignments that learners hand in, see `tools/check_work` and `docs/teaching.md`."""
