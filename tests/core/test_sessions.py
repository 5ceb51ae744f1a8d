"""Tokens say what was put into them and nothing else, and a refresh token works once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from syncd.core.ids import TenantId
from syncd.core.sessions import (
    GRACE,
    Refreshable,
    Refreshing,
    Token,
    TokenKind,
    decide_refresh,
    make_csrf_token,
    make_token,
    parse_token,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = TenantId(UUID(int=1))
SUBJECT = UUID(int=2)
THIRD, SECOND, FIRST = (bytes([number]) * 32 for number in (3, 2, 1))


def hash_of(secret: bytes) -> bytes:
    return sha256(secret).digest()


SESSION = Refreshable(
    user_id=UUID(int=3),
    generation=3,
    refresh_hash=hash_of(THIRD),
    former_refresh_hash=hash_of(SECOND),
    refreshed_at=NOW,
    idle_until=NOW + timedelta(days=14),
    ends_at=NOW + timedelta(days=30),
    stands=True,
)


def show(
    secret: bytes, generation: int, *, after: timedelta = timedelta(minutes=5), of: Refreshable = SESSION
) -> Refreshing:
    token = Token(TokenKind.REFRESH, TENANT, SUBJECT, generation, hash_of(secret))
    return decide_refresh(of, token, NOW + after)


@given(
    st.sampled_from(TokenKind), st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1)
)
def test_a_token_says_what_was_put_into_it_to_its_kind_only(
    kind: TokenKind, tenant: UUID, subject: UUID, secret: bytes, generation: int
) -> None:
    text = make_token(kind, TenantId(tenant), subject, secret=secret, generation=generation)
    assert parse_token(text, kind) == Token(kind, TenantId(tenant), subject, generation, hash_of(secret))
    assert all(parse_token(text, other) is None for other in TokenKind if other is not kind)


@given(st.text(max_size=200))
def test_no_text_breaks_the_parsing_of_tokens(text: str) -> None:
    assert all(parse_token(text, kind) is None for kind in TokenKind)


def test_the_newest_refresh_token_replaces_the_tokens() -> None:
    assert show(THIRD, 3) is Refreshing.ROTATE


def test_the_one_before_does_nothing_for_seconds_and_is_a_theft_then() -> None:
    assert show(SECOND, 2, after=GRACE - timedelta(microseconds=1)) is Refreshing.REPEAT
    assert show(SECOND, 2, after=GRACE) is Refreshing.STOLEN


def test_an_older_one_and_a_made_up_one_are_thefts_at_once() -> None:
    assert show(FIRST, 1, after=timedelta()) is Refreshing.STOLEN
    assert show(FIRST, 2, after=timedelta()) is Refreshing.STOLEN
    assert show(FIRST, 3, after=timedelta()) is Refreshing.STOLEN
    assert show(THIRD, 4, after=timedelta()) is Refreshing.STOLEN


def test_a_session_that_is_over_is_not_refreshed() -> None:
    assert show(THIRD, 3, of=replace(SESSION, stands=False)) is Refreshing.REFUSE
    assert show(THIRD, 3, after=timedelta(days=14)) is Refreshing.REFUSE
    assert show(THIRD, 3, of=replace(SESSION, ends_at=NOW + timedelta(minutes=5))) is Refreshing.REFUSE


def test_a_new_session_has_no_former_token() -> None:
    fresh = replace(SESSION, generation=1, former_refresh_hash=None)
    assert show(SECOND, 0, after=timedelta(), of=fresh) is Refreshing.STOLEN


def test_each_session_has_its_own_csrf_token() -> None:
    assert make_csrf_token(SUBJECT) == make_csrf_token(SUBJECT) != make_csrf_token(UUID(int=4))
