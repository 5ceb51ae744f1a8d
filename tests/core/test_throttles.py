"""A burst, then one each interval, and no more."""

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.throttles import Rate, take_turn

RATE = Rate(interval_seconds=2.0, burst=3)


def test_a_burst_is_let_through_and_the_next_waits_for_one_interval() -> None:
    state, waits = 0.0, []
    for _ in range(5):
        state, wait = take_turn(RATE, state, 100.0)
        waits.append(wait)
    assert waits == [0.0, 0.0, 0.0, 2.0, 2.0]
    assert take_turn(RATE, state, 102.0)[1] == 0.0


@given(st.lists(st.floats(0, 5), max_size=200))
def test_no_span_of_time_lets_through_more_than_its_share(pauses: list[float]) -> None:
    now, state, taken = 1000.0, 0.0, []
    for pause in pauses:
        now += pause
        state, wait = take_turn(RATE, state, now)
        if wait == 0:
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = RATE.burst + (taken[last] - begin) / RATE.interval_seconds
            assert last - first + 1 <= allowed + 1e-6
