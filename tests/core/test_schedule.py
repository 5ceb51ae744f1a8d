"""When to look again: the pace of polls, and what comes of trouble."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.schedule import (
    HOOK_TRUSTED_SECONDS,
    LONGEST_BACKOFF_SECONDS,
    STALLED_SECONDS,
    Pace,
    choose_poll_seconds,
    is_comparison_due,
    next_poll,
    next_retry,
    next_stalled_look,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PACE = Pace(60.0, 300.0, 86_400.0)
FRACTIONS = st.floats(0, 1, exclude_max=True)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("delivered_at", "least_seconds", "seconds"),
    [
        (None, 0.0, 60.0),
        (NOW, 0.0, 300.0),
        (ago(HOOK_TRUSTED_SECONDS - 1), 0.0, 300.0),
        (ago(HOOK_TRUSTED_SECONDS), 0.0, 60.0),
        (None, 600.0, 600.0),
        (NOW, 600.0, 600.0),
        (None, 30.0, 60.0),
        (ago(-1), 0.0, 300.0),
    ],
)
def test_a_working_hook_and_a_thrifty_source_are_polled_seldom(
    delivered_at: datetime | None, least_seconds: float, seconds: float
) -> None:
    assert choose_poll_seconds(PACE, NOW, delivered_at=delivered_at, least_seconds=least_seconds) == seconds


def test_a_hook_never_makes_polls_more_frequent() -> None:
    assert choose_poll_seconds(Pace(900.0), NOW, delivered_at=NOW, least_seconds=0.0) == 900.0


@pytest.mark.parametrize(
    ("compared_at", "is_due"), [(None, False), (NOW, False), (ago(86_399), False), (ago(86_400), True)]
)
def test_docs_are_compared_once_a_day_although_nothing_moved(compared_at: datetime | None, is_due: bool) -> None:
    assert is_comparison_due(PACE, NOW, compared_at=compared_at) is is_due


@given(st.floats(1, 86_400), FRACTIONS)
def test_a_poll_comes_within_a_tenth_of_its_time(poll_seconds: float, fraction: float) -> None:
    pause = (next_poll(NOW, poll_seconds=poll_seconds, fraction=fraction) - NOW).total_seconds()
    assert poll_seconds * 0.9 - 1e-3 <= pause <= poll_seconds * 1.1 + 1e-3


@given(st.integers(0, 1000), st.floats(0, 3600), FRACTIONS)
def test_a_retry_never_comes_before_its_time_and_at_most_a_quarter_of_an_hour_after(
    failures: int, after_seconds: float, fraction: float
) -> None:
    pause = next_retry(NOW, failures=failures, after_seconds=after_seconds, fraction=fraction) - NOW
    assert after_seconds - 1e-3 <= pause.total_seconds() <= after_seconds + LONGEST_BACKOFF_SECONDS + 1e-3


@given(st.floats(1, 86_400), FRACTIONS)
def test_a_stalled_project_is_looked_at_seldom(poll_seconds: float, fraction: float) -> None:
    at = next_stalled_look(NOW, poll_seconds=poll_seconds, fraction=fraction)
    assert at == next_poll(NOW, poll_seconds=max(poll_seconds, STALLED_SECONDS), fraction=fraction)
