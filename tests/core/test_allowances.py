"""Allowances: laws of a bucket that refills, over whole histories."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.allowances import Allowance, charge, spend

ALLOWANCE = Allowance(units_per_second=2.0, burst_units=8)
HISTORIES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=60)


def walk(history: list[tuple[int, int]]) -> list[tuple[float, int]]:
    """Return when how many units were taken. Steps are quarters of a second, so that nothing is rounded."""
    now, full_at, taken = 1000.0, 0.0, []
    for quarters, units in history:
        now += quarters / 4
        full_at, wait = spend(full_at, ALLOWANCE, units=units, now=now)
        if wait == 0:
            taken.append((now, min(units, 8)))
    return taken


def test_a_burst_is_taken_at_once_and_one_more_unit_is_not() -> None:
    full_at = 0.0
    for _ in range(8):
        full_at, wait = spend(full_at, ALLOWANCE, units=1, now=50.0)
        assert wait == 0
    assert spend(full_at, ALLOWANCE, units=1, now=50.0) == (full_at, 0.5)
    assert spend(full_at, ALLOWANCE, units=3, now=50.0) == (full_at, 1.5)


@given(HISTORIES)
def test_no_span_of_time_holds_more_than_a_burst_and_what_came_back(history: list[tuple[int, int]]) -> None:
    taken = walk(history)
    for first, (begin, _) in enumerate(taken):
        for last in range(first, len(taken)):
            units = sum(units for _, units in taken[first : last + 1])
            assert units <= 8 + 2 * (taken[last][0] - begin)


@given(st.floats(-10, 4), st.integers(1, 20), st.floats(0, 2000))
def test_who_waits_as_long_as_told_gets_it(lead: float, units: int, now: float) -> None:
    full_at = now + lead
    _, wait = spend(full_at, ALLOWANCE, units=units, now=now)
    assert spend(full_at, ALLOWANCE, units=units, now=now + wait + 0.001)[1] == 0


@given(HISTORIES)
def test_who_asks_no_faster_than_the_units_come_back_never_waits(history: list[tuple[int, int]]) -> None:
    paced = [(units * 2, units) for _, units in history if units <= 8]
    assert len(walk(paced)) == len(paced)


def test_a_clock_that_jumped_back_locks_nobody_out_for_longer_than_a_burst() -> None:
    assert spend(9000.0, ALLOWANCE, units=1, now=100.0) == (9000.0, 0.5)


def test_what_is_charged_beyond_a_burst_is_owed_and_no_more_than_a_burst_of_it() -> None:
    full_at, waits = 0.0, []
    for _ in range(20):
        full_at, wait = charge(full_at, ALLOWANCE, now=50.0)
        waits.append(wait)
    assert waits[:10] == [0.0] * 7 + [0.5, 1.0, 1.5]
    assert waits[15:] == [4.5] * 5
    assert charge(full_at, ALLOWANCE, now=50.0 + 4.5) == (50.0 + 8.5, 0.5)


@given(st.lists(st.integers(0, 8), min_size=40, max_size=80), st.integers(1, 6))
def test_who_is_let_in_at_several_doors_gets_hardly_more_than_at_one(steps: list[int], doors: int) -> None:
    now, full_at, charged = 1000.0, 0.0, 0
    closed_until = [0.0] * doors
    for step in steps:
        now += step / 4
        for door in range(doors):
            if closed_until[door] <= now:
                full_at, wait = charge(full_at, ALLOWANCE, now=now)
                closed_until[door] = now + wait
                charged += 1
    # A burst, one that is owed, what came back; and when no more can be owed, one at each door in 4.5 seconds.
    spans = (now - 1000.0) / 4.5 + 1
    assert charged <= 8 + 8 + 2 * (now - 1000.0) + doors * spans
