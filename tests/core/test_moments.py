"""What `--at` may say."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from syncd.core.moments import AtCommit, AtRevision, AtTime, Moment, parse_moment
from syncd.errors import BadUsage


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("r1", AtRevision(1)),
        ("r42", AtRevision(42)),
        ("ABCDEF0", AtCommit("abcdef0")),
        ("0123456789" * 4, AtCommit("0123456789" * 4)),
        ("20261120", AtCommit("20261120")),
        ("2026-11-20", AtTime(datetime(2026, 11, 20, tzinfo=UTC))),
        ("2026-11-20T22:00:00Z", AtTime(datetime(2026, 11, 20, 22, tzinfo=UTC))),
        ("2026-11-20T22:00:00+02:00", AtTime(datetime(2026, 11, 20, 22, tzinfo=timezone(timedelta(hours=2))))),
    ],
)
def test_a_revision_a_commit_or_a_time_is_understood(text: str, moment: Moment) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "r0", "r", "r-1", "r1234567890", "42", "abcdef", "a" * 41, "main", "2026-13-01", "r4\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadUsage) as refused:
        parse_moment(text)
    assert refused.value.code == "bad_revision"
