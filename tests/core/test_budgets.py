"""Whether a request may go: a table of states, and laws over whole histories."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.budgets import (
    LONGEST_PAUSE_SECONDS,
    PAUSE_JITTER,
    SLOT_SECONDS,
    Full,
    Go,
    Hour,
    Rules,
    Standing,
    State,
    Verdict,
    Wait,
    ask,
    list_standings,
    make_pause_seconds,
    tell,
)
from syncd.core.rates import Report, Window

NOW = 1000.0
ONE = UUID(int=1)
TWO = UUID(int=2)
RULES = Rules(
    concurrency=2,
    points_per_second=10.0,
    burst_points=5,
    reserve_share=0.1,
    bulk_reserve_share=0.5,
    longest_pace_seconds=3.0,
)


def hours(remaining: int, *, ends_at: float = NOW + 600) -> dict[str, Hour]:
    return {"core": Hour(100, remaining, 5000, ends_at)}


@pytest.mark.parametrize(
    ("state", "bulk", "verdict"),
    [
        (State(), False, Go(0.0)),
        (State(hours=hours(11)), False, Go(0.0)),
        (State(hours=hours(10)), False, Wait(600.0, "primary")),
        (State(hours=hours(10, ends_at=NOW)), False, Go(0.0)),
        (State(hours=hours(51)), True, Go(0.0)),
        (State(hours=hours(50)), True, Wait(600.0, "primary")),
        (State(hours={"graphql": Hour(100, 0, 5000, NOW + 600)}), False, Go(0.0)),
        (State(hours=hours(11), slots={TWO: NOW + 1}), False, Full()),
        (State(slots={UUID(int=3): NOW + 1, TWO: NOW + 1}), False, Full()),
        (State(slots={UUID(int=3): NOW + 1, TWO: NOW}), False, Go(0.0)),
        (State(paused_until=NOW + 7, pause_reason="retry_after"), False, Wait(7.0, "retry_after")),
        (State(paused_until=NOW, pause_reason="secondary"), False, Go(0.0)),
        (State(arrivals={"core": NOW + 1.0}), False, Go(0.6)),
        (State(arrivals={"core": NOW + 3.5}), False, Wait(3.1, "pace")),
    ],
)
def test_a_request_goes_is_paced_or_waits(state: State, bulk: bool, verdict: Verdict) -> None:
    told, _ = ask(state, RULES, ONE, resource="core", bulk=bulk, points=1, now=NOW)
    match told, verdict:
        case (Go(after), Go(wanted)) | (Wait(after, _), Wait(wanted, _)):
            assert after == pytest.approx(wanted)
        case _:
            pass
    assert (type(told), getattr(told, "reason", "")) == (type(verdict), getattr(verdict, "reason", ""))


def test_a_request_that_asks_twice_has_one_slot_and_one_turn() -> None:
    _, state = ask(State(arrivals={"core": NOW + 1}), RULES, ONE, resource="core", bulk=False, points=1, now=NOW)
    again, same = ask(state, RULES, ONE, resource="core", bulk=False, points=1, now=NOW + 0.2)
    assert isinstance(again, Go)
    assert again.after_seconds == pytest.approx(0.4)
    assert same == state


def test_an_answer_gives_its_slot_back_and_a_dead_process_loses_it() -> None:
    _, state = ask(State(), RULES, ONE, resource="core", bulk=False, points=1, now=NOW)
    assert list(state.slots) == [ONE]
    assert not tell(state, ONE, None, now=NOW, fraction=0).slots
    _, later = ask(state, RULES, TWO, resource="core", bulk=False, points=1, now=NOW + SLOT_SECONDS)
    assert list(later.slots) == [TWO]


def window(remaining: int, *, reset: int = 5000, limit: int = 100) -> Report:
    return Report("core", Window(limit, remaining, reset, 600.0))


@pytest.mark.parametrize(
    ("report", "remaining"),
    [
        (window(40), 40),
        (window(60), 50),  # overtaken by a later answer
        (window(60, reset=5060), 50),  # two machines of GitHub, one hour
        (window(99, reset=5061), 99),  # the next hour
        (window(10, reset=4939), 50),  # the hour before
        (window(900, limit=1000), 900),  # a larger limit
        (Report("core", None), 50),
    ],
)
def test_answers_that_overtake_each_other_leave_the_least(report: Report, remaining: int) -> None:
    state = tell(State(hours=hours(50)), ONE, report, now=NOW, fraction=0)
    assert state.hours["core"].remaining == remaining


LIMITED = Report("core", None, limited=True)


def test_a_stated_wait_is_kept_and_the_longest_counts() -> None:
    long = Report("core", None, limited=True, retry_after_seconds=90.0)
    short = Report("core", None, limited=True, retry_after_seconds=5.0)
    state = tell(tell(State(), ONE, long, now=NOW, fraction=0), TWO, short, now=NOW, fraction=0)
    assert (state.paused_until, state.pause_reason, state.strikes) == (NOW + 90, "retry_after", 0)


def test_an_unstated_limit_waits_a_minute_then_two_and_success_forgets() -> None:
    first = tell(State(), ONE, LIMITED, now=NOW, fraction=0)
    assert (first.paused_until, first.pause_reason) == (NOW + 60, "secondary")
    together = tell(first, TWO, LIMITED, now=NOW + 1, fraction=0)
    assert together == first
    second = tell(first, ONE, LIMITED, now=NOW + 60, fraction=0)
    assert second.paused_until == NOW + 60 + 120
    meanwhile = tell(second, ONE, window(50), now=NOW + 61, fraction=0)
    assert meanwhile.strikes == 2
    assert tell(second, ONE, window(50), now=NOW + 200, fraction=0).strikes == 0


def test_an_hour_that_is_used_up_is_no_strike() -> None:
    report = Report("core", Window(100, 0, 5000, 600.0), limited=True)
    state = tell(State(), ONE, report, now=NOW, fraction=0)
    assert (state.paused_until, state.strikes) == (0.0, 0)
    assert ask(state, RULES, ONE, resource="core", bulk=False, points=1, now=NOW)[0] == Wait(600.0, "primary")


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_less_than_a_minute_and_never_for_ever(strikes: int, fraction: float) -> None:
    assert 60 <= make_pause_seconds(strikes, fraction=fraction) <= LONGEST_PAUSE_SECONDS * (1 + PAUSE_JITTER)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=200))
def test_no_minute_sees_more_than_the_rules_allow(steps: list[tuple[float, bool]]) -> None:
    rules, state, now, starts = Rules(concurrency=1000), State(), NOW, []
    for number, (pause, bulk) in enumerate(steps):
        now += pause / 50
        verdict, state = ask(state, rules, UUID(int=number), resource="core", bulk=bulk, points=10, now=now)
        if isinstance(verdict, Go):
            starts.append(now + verdict.after_seconds)
    for start in starts:
        assert 10 * sum(start <= other < start + 60 for other in starts) <= 900 + 1e-6


def test_the_published_limits_hold_by_default() -> None:
    rules = Rules()
    assert rules.concurrency <= 100
    assert rules.points_per_second * 60 + rules.burst_points <= 900
    assert rules.graphql_points_per_second * 60 + rules.burst_points <= 2000


def test_a_standing_says_what_is_left_and_why_nothing_goes() -> None:
    state = State(hours=hours(50) | {"graphql": Hour(9, 9, 1, NOW)}, paused_until=NOW + 5, pause_reason="secondary")
    assert list_standings(state, shared=False, now=NOW) == [
        Standing("core", 100, 50, NOW + 600, NOW + 5, "secondary", shared=False)
    ]
    assert list_standings(state, shared=True, now=NOW + 5) == [
        Standing("core", 100, 50, NOW + 600, 0.0, "", shared=True)
    ]
