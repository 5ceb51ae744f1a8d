"""The state of a set-up: whoever changes one bit of it, or comes late, has none."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.ids import TenantId
from syncd.core.setup_states import SetupState, is_account, make_setup_state, parse_setup_state

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEY, OLD_KEY = b"k" * 32, b"o" * 32
STATE = SetupState(TenantId(UUID(int=7)), "acme-docs", UUID(int=9), NOW + timedelta(hours=1))


def parse(text: str, *, now: datetime = NOW) -> SetupState | None:
    return parse_setup_state(text, keys=[KEY, OLD_KEY], now=now)


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_a_state_comes_back_as_it_was_made(key: bytes) -> None:
    assert parse(make_setup_state(replace(STATE, account="Acme-Docs"), key=key)) == STATE


def test_a_state_of_another_key_is_none() -> None:
    assert parse(make_setup_state(STATE, key=b"x" * 32)) is None


def test_a_state_ends_at_its_time() -> None:
    text = make_setup_state(STATE, key=KEY)
    assert parse(text, now=STATE.expires_at - timedelta(seconds=1)) == STATE
    assert parse(text, now=STATE.expires_at) is None


@given(st.integers(0, 1000))
def test_a_state_with_one_bit_changed_is_none(position: int) -> None:
    text = make_setup_state(STATE, key=KEY)
    signed = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    signed[position % len(signed)] ^= 1 << position % 8
    assert parse(base64.urlsafe_b64encode(signed).decode().rstrip("=")) is None


@given(st.text(max_size=400))
def test_anything_else_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_state_fits_into_a_url() -> None:
    text = make_setup_state(replace(STATE, account="a" * 100), key=KEY)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert parse(text) is not None


def test_an_account_is_a_login_of_github() -> None:
    assert [is_account(name) for name in ("acme", "Acme-2", "a_corp", "", "-a", "a/b", "a b", "a" * 101)] == [
        True,
        True,
        True,
        *[False] * 5,
    ]
