"""Usage: ids that grow with time, sums, and when a quota is used up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from syncd.core.usage import AgentRequest, Quota, Spending, Usage, make_request_id, measure_requests, sum_up

NOW = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)


def make_request(*, outcome: str = "ok", refused: bool = False) -> AgentRequest:
    return AgentRequest(
        request_id=UUID(int=1), requested_at=NOW, key_id="k", tool="t", argument_hash=None, outcome=outcome,
        rows=2, bytes=10, tokens=3, milliseconds=1.5, refused=refused,
    )  # fmt: skip


def test_request_ids_are_uuids_of_version_7_and_grow_with_time() -> None:
    ids = [make_request_id(NOW + timedelta(milliseconds=step), b"\xff" * 10) for step in range(3)]
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {"specified in RFC 4122"}
    assert sorted(ids) == ids
    assert make_request_id(NOW, b"\0" * 10) != make_request_id(NOW, b"\1" * 10)


def test_a_request_counts_as_answered_failed_or_refused_and_as_one_of_them() -> None:
    answered, failed, refused = (
        measure_requests((make_request(),), recorded=True),
        measure_requests((make_request(outcome="not_found"),), recorded=True),
        measure_requests((make_request(outcome="rate_limited", refused=True),), recorded=False),
    )
    assert answered == Usage(calls=1, rows=2, bytes=10, tokens=3, milliseconds=1.5)
    total = answered + failed + refused
    assert (total.calls, total.failed, total.refused, total.unrecorded, total.tokens) == (3, 1, 1, 1, 9)


@pytest.mark.parametrize(
    ("quota", "exhausted"),
    [
        (Quota(), False),
        (Quota(calls_per_day=11), False),
        (Quota(calls_per_day=10), True),
        (Quota(tokens_per_day=100), True),
        (Quota(tokens_per_day=101), False),
        (Quota(calls_per_day=0), True),
    ],
)
def test_a_day_is_used_up_when_its_last_call_or_token_is_spent(quota: Quota, exhausted: bool) -> None:
    assert Spending(9, 99, quota).exhausts(calls=1, tokens=1) == exhausted


def test_sums_by_day_key_and_tool_hold_what_was_dropped_too() -> None:
    place, other = (NOW.date(), "k", "t"), (NOW.date(), "k", "other")
    dropped = {place: Usage(calls=1, unrecorded=1), other: Usage(calls=2, unrecorded=2)}
    sums = sum_up([make_request(), make_request(outcome="not_found")], dropped)
    assert sums == {
        place: Usage(calls=3, failed=1, rows=4, bytes=20, tokens=6, milliseconds=3.0, unrecorded=1),
        other: Usage(calls=2, unrecorded=2),
    }
