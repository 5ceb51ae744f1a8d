"""A credential opens for its own tenant, project and column, under a key of the ring, and for nothing else."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.adapters.encryption import KeyRing, make_master_key, parse_key_ring
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import BadUsage, Stalled

_KEYS = [make_master_key() for _ in range(2)]
_RING = parse_key_ring(f"a:{_KEYS[0]}")
_TENANT, _PROJECT = TenantId(uuid4()), ProjectId(uuid4())
_SECRET = "ghp_canary"


def _encrypt(ring: KeyRing = _RING, secret: str = _SECRET) -> bytes:
    return ring.encrypt(secret, tenant_id=_TENANT, project_id=_PROJECT, column="token")


def _decrypt(frame: bytes, ring: KeyRing = _RING) -> str:
    return ring.decrypt(frame, tenant_id=_TENANT, project_id=_PROJECT, column="token")


@given(st.text())
def test_what_is_encrypted_comes_back(secret: str) -> None:
    frame = _encrypt(secret=secret)
    assert _decrypt(frame) == secret
    assert len(secret) < 4 or secret.encode() not in frame


def test_no_two_ciphertexts_are_equal() -> None:
    assert _encrypt() != _encrypt()


def test_a_ciphertext_moved_to_another_tenant_project_or_column_is_refused() -> None:
    frame = _encrypt()
    for tenant_id, project_id, column in [
        (TenantId(uuid4()), _PROJECT, "token"),
        (_TENANT, ProjectId(uuid4()), "token"),
        (_TENANT, None, "token"),
        (_TENANT, _PROJECT, "other"),
    ]:
        with pytest.raises(Stalled) as refusal:
            _RING.decrypt(frame, tenant_id=tenant_id, project_id=project_id, column=column)
        assert refusal.value.code == "credential_unreadable"


def test_a_credential_of_a_whole_tenant_needs_no_project() -> None:
    frame = _RING.encrypt(_SECRET, tenant_id=_TENANT, project_id=None, column="token")
    assert _RING.decrypt(frame, tenant_id=_TENANT, project_id=None, column="token") == _SECRET


def test_every_changed_or_missing_byte_is_noticed() -> None:
    frame = _encrypt()
    for index in range(len(frame)):
        for damaged in (frame[:index], frame[:index] + bytes([frame[index] ^ 1]) + frame[index + 1 :]):
            with pytest.raises(Stalled, match="cannot be decrypted"):
                _decrypt(damaged)


def test_after_a_rotation_old_ciphertexts_open_and_new_ones_take_the_first_key() -> None:
    old = _encrypt()
    ring = parse_key_ring(f"b:{_KEYS[1]}, a:{_KEYS[0]}")
    assert _decrypt(old, ring) == _SECRET
    assert ring.needs_rotation(old)
    new = _encrypt(ring)
    assert not ring.needs_rotation(new)
    with pytest.raises(Stalled, match="'b', which is not in the ring"):
        _decrypt(new)


def test_the_same_id_with_another_key_opens_nothing() -> None:
    with pytest.raises(Stalled):
        _decrypt(_encrypt(), parse_key_ring(f"a:{_KEYS[1]}"))


def test_a_ring_never_shows_its_keys() -> None:
    shown = f"{_RING!r} {_RING}"
    assert _KEYS[0] not in shown
    assert "\\x" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nokey",
        ":{0}",
        "a:",
        "a:{0},",
        "a:{0},a:{1}",
        "a:AAAA",
        "a:{0}é!",
        "a b:{0}",
        "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk:{0}",
    ],
)
def test_a_bad_ring_is_refused_without_showing_a_key(text: str) -> None:
    with pytest.raises(BadUsage) as refusal:
        parse_key_ring(text.format(*_KEYS))
    assert refusal.value.code == "bad_master_keys"
    assert _KEYS[0][:20] not in f"{refusal.value} {refusal.value.hint}"


def test_a_derived_key_is_one_for_each_master_key_and_purpose() -> None:
    ring = parse_key_ring(f"new:{make_master_key()},old:{make_master_key()}")
    new, old = ring.derive_keys("a")
    assert ring.derive_keys("a") == [new, old]
    assert len({new, old, *ring.derive_keys("b")}) == 4
    assert {len(key) for key in (new, old)} == {32}
