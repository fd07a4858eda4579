"""The heartbeat: it measures how long the program's event loop was blocked.

A beat is due every 20 ms, and comes when the loop is free. It is not a timer of the loop, so that the program cannot
see it, nothing changes its order, and it does not keep the loop alive: before each step, the beats that were due
since the last one are worked out from what the loop did. While the loop waits, beats come on time.
"""

from __future__ import annotations

from .columns import Record

PERIOD_US = 20_000
"""The time between two beats."""


class Heartbeat:
    """The beats of a run. All times are whole microseconds since the run's start."""

    def __init__(self, record: Record, *, only_late: bool = False):
        """`only_late`: beats that came on time are not recorded. A virtual hour would have 180,000 of them."""
        self._record = record
        self._only_late = only_late
        self._due_us = PERIOD_US

    def skip(self, now_us: int) -> None:
        """No loop was running until now, so no beats were due."""
        self._due_us = max(self._due_us, now_us + PERIOD_US)

    def before_step(self, now_us: int, free_until_us: int) -> None:
        """Records the beats that were due since the last step. The loop was free until `free_until_us`, then late."""
        while self._due_us <= free_until_us:
            if self._only_late:
                # On the virtual clock the loop is free for hours.
                self._due_us += PERIOD_US * ((free_until_us - self._due_us) // PERIOD_US + 1)
                break
            self._beat(0)
        self.after_step(now_us)

    def after_step(self, now_us: int) -> None:
        """Records the beat that was due while the loop was busy until now."""
        if self._due_us <= now_us:
            self._beat(now_us - self._due_us)

    def _beat(self, late_us: int) -> None:
        self._record.beat_due_us.append(self._due_us)
        self._record.beat_late_us.append(late_us)
        # Missed beats are skipped, as in `src/measure/heartbeat.rs`.
        self._due_us += PERIOD_US * (late_us // PERIOD_US + 1)
