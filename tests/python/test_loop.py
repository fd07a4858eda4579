"""The two event loops."""

import asyncio
import time

import pytest

from interleave.clock import START_S, VirtualClock
from interleave.errors import CannotWait, Deadlock, NoNetwork, NotInBrowser
from interleave.loop import Loop, VirtualLoop


def drive(loop, coro):
    """Steps a loop until the coroutine has ended. Returns its result and what each step returned."""
    dues = []
    loop.open()
    task = loop.create_task(coro)
    task.add_done_callback(lambda _: loop.stop())
    while True:
        dues.append(loop.step())
        if loop.has_stopped:
            break
        if dues[-1]:
            time.sleep(dues[-1])
    loop.close_steps()
    loop.close()
    return task.result(), dues


async def sleeper():
    await asyncio.sleep(0.05)
    return asyncio.get_running_loop()


def on_virtual_clock(coro):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coro)


def test_a_step_returns_the_time_until_the_next_one_is_due():
    loop = Loop()
    result, dues = drive(loop, sleeper())
    assert result is loop
    assert 0 < dues[0] <= 0.05 and dues[-1] == 0


def test_a_loop_with_nothing_scheduled_is_due_at_no_time():
    loop = Loop()
    loop.open()
    assert loop.step() is None
    loop.close_steps()
    loop.close()


def test_the_host_is_called_when_something_becomes_ready_outside_of_a_step():
    calls = []
    loop = Loop(on_ready=lambda: calls.append("ready"))
    future = loop.create_future()
    future.add_done_callback(lambda _: None)
    loop.open()
    loop.step()
    calls.clear()
    future.set_result(1)
    assert calls == ["ready"]
    loop.step()
    loop.close_steps()
    loop.close()


class SetTime(Loop):
    """A loop whose time the test sets."""

    now = 0.0

    def time(self):
        return self.now


def step_late(program, wakes):
    """Steps a loop while something is ready, then again at each of these times. Returns what the program printed."""
    loop, lines = SetTime(), []
    loop.open()
    task = loop.create_task(program(loop, lines.append))
    for now in (0.0, *wakes):
        loop.now = max(now, loop.now)
        while loop.step() == 0:
            pass
    assert task.done()
    loop.close_steps()
    loop.close()
    return lines


async def waits_in_time(loop, say):
    try:
        async with asyncio.timeout(0.15):
            await asyncio.gather(asyncio.sleep(0.06), asyncio.sleep(0.02))
            say("in time")
    except TimeoutError:
        say("too late")


def test_a_late_host_does_not_change_the_order_of_deadlines():
    assert step_late(waits_in_time, [0.021, 0.061]) == ["in time"]
    for late in (0.2, 10, 1_000_000):
        assert step_late(waits_in_time, [late]) == ["in time"]


def test_the_same_if_something_else_wakes_the_loop():
    async def is_woken(loop, say):
        loop.wake = loop.create_future()
        await asyncio.gather(waits_in_time(loop, say), loop.wake)

    loop, lines = SetTime(), []
    loop.open()
    task = loop.create_task(is_woken(loop, lines.append))
    while loop.step() == 0:
        pass
    loop.now = 10
    loop.wake.set_result(None)
    while loop.step() == 0:
        pass
    assert task.done() and lines == ["in time"]
    loop.close_steps()
    loop.close()


def test_a_loop_that_is_blocked_by_the_program_misses_its_timeouts_as_with_cpython():
    async def blocks(loop, say):
        async def block():
            await asyncio.sleep(0.01)
            loop.now += 1

        blocker = loop.create_task(block())
        await waits_in_time(loop, say)
        await blocker

    assert step_late(blocks, [0.01]) == ["too late"]
    assert step_late(blocks, [10]) == ["too late"]


def test_timers_of_a_loop_that_never_waits_fire_in_time_after_a_late_step():
    async def spins(loop, say):
        await asyncio.sleep(0.05)
        start = loop.time()
        timer = loop.create_task(asyncio.sleep(0.1))
        while not timer.done():
            loop.now += 0.01
            await asyncio.sleep(0)
        say(round(loop.time() - start, 3) <= 0.15)

    assert step_late(spins, [100]) == [True]


def test_what_was_due_before_the_loop_was_opened_runs_together_as_with_cpython():
    loop, calls = SetTime(), []
    loop.call_later(0.1, calls.append, "first")
    loop.call_later(0.5, calls.append, "second")
    loop.now = 1.0
    loop.open()
    loop.step()
    assert calls == ["first", "second"]
    loop.close_steps()
    loop.close()


def test_a_resolution_that_the_program_sets_is_kept():
    loop = Loop()
    loop._clock_resolution = 0.25
    loop.open()
    loop.step()
    assert loop._clock_resolution == 0.25
    loop.close_steps()
    loop.close()


def test_between_steps_no_loop_is_running():
    loop = Loop()
    loop.open()
    loop.call_soon(lambda: None)
    loop.step()
    assert asyncio._get_running_loop() is None and loop.is_running()
    loop.close_steps()
    loop.close()


def test_a_stepped_loop_refuses_to_block():
    loop = Loop()
    with pytest.raises(CannotWait, match="loop.run_until_complete"):
        loop.run_until_complete(sleeper())
    loop.close()


def test_hours_of_sleep_take_no_time_on_the_virtual_clock():
    async def hours():
        start = asyncio.get_running_loop().time()
        await asyncio.gather(*(asyncio.sleep(3600 * n) for n in range(1, 4)))
        return asyncio.get_running_loop().time() - start

    # Never less, and about a nanosecond more for each move.
    assert 0 <= on_virtual_clock(hours()) - 10_800 < 1e-7


def test_virtual_loops_can_share_a_clock():
    clock = VirtualClock()
    for _ in range(2):
        with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock=clock)) as runner:
            runner.run(asyncio.sleep(5))
    assert clock.now - START_S == pytest.approx(10)


def test_a_program_that_would_wait_forever_is_a_deadlock():
    with pytest.raises(Deadlock):
        on_virtual_clock(asyncio.Event().wait())


@pytest.mark.parametrize("call, error", [
    (lambda loop: loop.create_connection(asyncio.Protocol, "host", 80), NoNetwork),
    (lambda loop: loop.create_server(asyncio.Protocol, "host", 80), NoNetwork),
    (lambda loop: asyncio.open_connection("host", 80), NoNetwork),
    (lambda loop: asyncio.create_subprocess_exec("ls"), NotInBrowser),
    (lambda loop: asyncio.create_subprocess_shell("ls"), NotInBrowser),
])
def test_what_a_browser_cannot_do_says_so(call, error):
    async def main():
        await call(asyncio.get_running_loop())

    with pytest.raises(error):
        on_virtual_clock(main())


def test_a_signal_handler_raises_what_programs_guard_against():
    async def main():
        with pytest.raises(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(2, print)

    on_virtual_clock(main())
