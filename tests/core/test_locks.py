"""What people may say of a lock, and what is odd about one."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.lock_oddities import find_oddities
from syncd.core.locks import REASON_MAX_CHARACTERS, Holder, Lease, check_until, parse_reason, parse_until
from syncd.errors import BadUsage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEASE_SECONDS = 30.0


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("30s", NOW + timedelta(seconds=30)),
        ("90m", NOW + timedelta(minutes=90)),
        ("2h", NOW + timedelta(hours=2)),
        (" 3d ", NOW + timedelta(days=3)),
        ("1w", NOW + timedelta(weeks=1)),
        ("2026-11-20T22:00:00Z", datetime(2026, 11, 20, 22, tzinfo=UTC)),
        ("2026-11-20 22:00", datetime(2026, 11, 20, 22, tzinfo=UTC)),
        ("2026-11-20T22:00:00+02:00", datetime(2026, 11, 20, 20, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_time_or_a_span(text: str, until: datetime) -> None:
    assert parse_until(text, NOW) == until


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0h",
        "-1h",
        "1y",
        "12:00",
        "2026-11-20T12:00:00Z",
        "2020-01-01",
        "999999w",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_end_is_refused(text: str) -> None:
    with pytest.raises(BadUsage) as refused:
        parse_until(text, NOW)
    assert refused.value.code == "lock_until_invalid"


@given(st.text(max_size=60))
def test_any_text_is_an_end_to_come_or_refused(text: str) -> None:
    try:
        until = parse_until(text, NOW)
    except BadUsage:
        return
    assert until > NOW
    assert check_until(until, NOW) is until


@given(st.text(max_size=2 * REASON_MAX_CHARACTERS))
def test_a_reason_is_one_line_that_can_be_stored_or_refused(text: str) -> None:
    try:
        reason = parse_reason(text)
    except BadUsage:
        assert not 1 <= len(" ".join(text.split())) <= REASON_MAX_CHARACTERS or not reason_letters(text)
        return
    assert 1 <= len(reason) <= REASON_MAX_CHARACTERS
    assert len(reason.splitlines()) == 1
    assert "\0" not in reason
    assert reason.encode()
    assert parse_reason(reason) == reason


def reason_letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).strip()


def make_lease(*, fence: int = 7, holder: str | None = None, age: float = 100.0, frozen: bool = False) -> Lease:
    moment = NOW - timedelta(seconds=age)
    return Lease(
        fence=fence,
        holder=holder,
        acquired_at=moment,
        is_frozen=frozen,
        freeze_id=uuid4() if frozen else None,
        frozen_by="ada" if frozen else None,
        frozen_at=moment if frozen else None,
        freeze_until=None,
        freeze_reason="release" if frozen else None,
    )


def make_holder(*, kind: str = "sync", fence: int | None = 7, left: float | None = 20.0) -> Holder:
    return Holder("b", NOW, NOW, "poll", kind, fence, "host", NOW, left)


@pytest.mark.parametrize(
    ("lease", "holder", "codes"),
    [
        (make_lease(), None, []),
        (make_lease(holder="b"), make_holder(), []),
        (make_lease(holder="b"), make_holder(fence=None), []),
        (make_lease(holder="b", fence=8), make_holder(), ["redis_disagrees"]),
        (make_lease(holder="b", fence=8, age=1), make_holder(), []),  # another took it between the two questions
        (make_lease(holder="b", fence=6, age=1), make_holder(), ["redis_disagrees"]),  # Postgres never gave that fence
        (make_lease(holder="b"), None, ["holder_past_deadline"]),
        (make_lease(holder="b", age=29), None, []),
        (make_lease(holder="b"), make_holder(left=3600), ["clock_clamp"]),
        (make_lease(holder="b"), make_holder(left=31), []),
        (make_lease(frozen=True), make_holder(kind="freeze", left=None), []),
        (make_lease(frozen=True), None, ["redis_disagrees"]),
        (make_lease(frozen=True, age=1), None, []),  # Redis is being told
        (make_lease(frozen=True, fence=8), make_holder(kind="freeze", left=None), ["redis_disagrees"]),
        (make_lease(frozen=True), make_holder(), ["redis_disagrees"]),
        (make_lease(), make_holder(kind="freeze", left=None), ["redis_disagrees"]),
    ],
)
def test_what_differs_between_redis_and_postgres_is_odd(lease: Lease, holder: Holder | None, codes: list[str]) -> None:
    assert [odd.code for odd in find_oddities(lease, holder, lease_seconds=LEASE_SECONDS, now=NOW)] == codes


def test_a_time_in_another_zone_is_told_in_utc() -> None:
    until = parse_until("2026-11-20T22:00:00-05:00", NOW)
    assert until.tzinfo == UTC
    assert until == datetime(2026, 11, 20, 22, tzinfo=timezone(timedelta(hours=-5)))
