"""How simulated threads and processes share time: `interleave.simulation`."""

import pytest

from interleave.clock import START_S, VirtualClock
from interleave.simulation import MAIN_PROCESS, Kind, Simulation

COMPUTE, SLEEP = Kind.COMPUTE, Kind.SLEEP


def ends(processors, *threads):
    """When each thread ends, in seconds. A thread is its process and its steps."""
    clock = VirtualClock()
    simulation, found = Simulation(clock, processors), [None] * len(threads)
    for index, (process, *steps) in enumerate(threads):
        def end(moment, index=index):
            found[index] = round(moment - START_S, 6)

        simulation.play(process, [*steps, (Kind.RECORD, end)])
    clock.advance_to(START_S + 1000)
    assert clock.simulation is None
    return found


@pytest.mark.parametrize("processors, threads, expected", [
    (1, [("a", (SLEEP, 1.0)), ("a", (SLEEP, 2.0)), ("b", (SLEEP, 3.0))], [1, 2, 3]),
    # The threads of a process share one interpreter lock, whatever the number of processors.
    (4, [("a", (COMPUTE, 1.0))] * 4, [4, 4, 4, 4]),
    (4, [("a", (COMPUTE, 1.0)), ("a", (COMPUTE, 3.0))], [2, 4]),
    # Processes share the processors.
    (4, [(n, (COMPUTE, 1.0)) for n in range(3)], [1, 1, 1]),
    (4, [(n, (COMPUTE, 1.0)) for n in range(6)], [1.5] * 6),
    (2, [(n, (COMPUTE, 1.0)) for n in range(8)], [4] * 8),
    (1, [("a", (COMPUTE, 1.0)), ("a", (COMPUTE, 1.0)), ("b", (COMPUTE, 1.0))], [3, 3, 2]),
    # A thread that waits needs neither.
    (1, [("a", (SLEEP, 1.0), (COMPUTE, 1.0)), ("a", (COMPUTE, 1.0))], [2, 1]),
    (1, [("a", (COMPUTE, 1.0), (SLEEP, 1.0)), ("a", (COMPUTE, 1.0), (SLEEP, 1.0))], [3, 3]),
    (1, [("a",)], [0]),
])
def test_waits_overlap_and_computing_is_shared(processors, threads, expected):
    assert ends(processors, *threads) == pytest.approx(expected)


def test_effects_happen_in_the_order_of_time_while_the_program_waits():
    clock, found = VirtualClock(), []
    simulation = Simulation(clock, 1)
    for seconds in (3.0, 1.0, 2.0):
        effect = lambda seconds=seconds: found.append((seconds, round(clock.now - START_S, 6)))  # noqa: E731
        simulation.play(MAIN_PROCESS, [(SLEEP, seconds), (Kind.EFFECT, effect)])
    assert clock.next_change() == START_S + 1
    clock.advance_to(START_S + 2.5)
    assert found == [(1.0, 1.0), (2.0, 2.0)]
    clock.advance_to(START_S + 4)
    assert found[2:] == [(3.0, 3.0)]


def test_an_effect_can_start_a_thread():
    clock, found = VirtualClock(), []
    simulation = Simulation(clock, 1)

    def again():
        found.append(round(clock.now - START_S, 6))
        if len(found) < 3:
            simulation.play(MAIN_PROCESS, [(SLEEP, 1.0), (Kind.EFFECT, again)])

    again()
    clock.advance_to(START_S + 10)
    assert found == [0, 1, 2]


def test_what_the_program_computes_takes_longer_while_a_thread_computes():
    clock = VirtualClock()
    simulation = Simulation(clock, 4)
    simulation.play(MAIN_PROCESS, [(COMPUTE, 5.0)])
    clock.now += 1.0
    clock.settle()
    assert clock.now - START_S == pytest.approx(2)
    simulation.play("other", [(COMPUTE, 5.0)])
    clock.now += 1.0
    clock.settle()
    # Another process has a processor of its own.
    assert clock.now - START_S == pytest.approx(4)
    assert simulation.slowness(MAIN_PROCESS) == 2 and simulation.slowness("third") == 1
