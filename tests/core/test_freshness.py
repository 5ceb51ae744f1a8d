"""A change is as old as the first look that saw it."""

from datetime import UTC, datetime, timedelta

from syncd.core.freshness import FreshnessPoint, list_freshness
from syncd.core.runs import Outcome, Run

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_run(outcome: Outcome, begins: float, ends: float) -> Run:
    at = [NOON + timedelta(seconds=seconds) for seconds in (begins, ends)]
    return Run(outcome, None, None, None, 1, started_at=at[0], finished_at=at[1])


def list_seconds(*runs: Run) -> list[float | None]:
    return [point.seconds for point in list_freshness(runs)]


def test_a_run_that_publishes_at_once_is_as_long_as_itself() -> None:
    run = make_run(Outcome.CHANGED, 0, 2)
    assert list(list_freshness([run])) == [FreshnessPoint(run.finished_at, 2.0)]


def test_failures_before_it_count_and_those_before_a_success_do_not() -> None:
    failed, late = make_run(Outcome.FAILED, 0, 1), make_run(Outcome.CHANGED, 60, 62)
    assert list_seconds(failed, make_run(Outcome.FAILED, 30, 31), late) == [None, None, 62.0]
    assert list_seconds(failed, make_run(Outcome.NOOP, 30, 31), late) == [None, 2.0]
    assert list_seconds(failed, make_run(Outcome.CHANGED, 30, 31), late) == [None, 31.0, 2.0]


def test_a_clock_that_jumped_back_makes_no_change_younger_than_new() -> None:
    assert list_seconds(make_run(Outcome.CHANGED, 5, 1)) == [0.0]
