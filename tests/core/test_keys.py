import hashlib
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.keys import (
    KeyParts,
    format_base62,
    hash_secret,
    make_key,
    make_key_id,
    parse_base62,
    parse_key,
)

BASE62 = string.digits + string.ascii_letters
environments = st.text(string.ascii_lowercase, min_size=1, max_size=16)
key_ids = st.text(BASE62, min_size=12, max_size=12)
secrets = st.binary(min_size=32, max_size=32)


@given(environments, key_ids, secrets)
def test_a_made_key_parses_to_its_id_and_the_hash_of_its_secret(environment: str, key_id: str, secret: bytes) -> None:
    key = make_key(environment, key_id, secret)

    assert parse_key(key) == KeyParts(environment, key_id, hashlib.sha256(secret).digest())


@given(key_ids, secrets, st.data())
def test_a_key_with_one_character_changed_is_refused(key_id: str, secret: bytes, data: st.DataObject) -> None:
    key = make_key("production", key_id, secret)
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.sampled_from(BASE62 + "_ ").filter(lambda character: character != key[place]))

    assert parse_key(key[:place] + other + key[place + 1 :]) is None


@given(st.text(max_size=100))
def test_any_text_is_either_a_key_or_refused(text: str) -> None:
    assert parse_key(text) is None


def test_a_secret_of_more_than_256_bits_is_refused_though_its_checksum_holds() -> None:
    key = make_key("test", "a" * 12, b"\xff" * 32)
    too_large = format_base62(parse_base62(key.split("_")[3]) + 1, length=43)
    signed = f"syncd_test_{'a' * 12}_{too_large}"
    checksum = format_base62(zlib.crc32(signed.encode()), length=6)

    assert parse_key(f"{signed}_{checksum}") is None


@given(st.integers(0, 62**12 - 1))
def test_base62_gives_the_number_back(number: int) -> None:
    digits = format_base62(number, length=12)

    assert len(digits) == 12
    assert parse_base62(digits) == number


def test_base62_refuses_a_number_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        format_base62(62, length=1)
    with pytest.raises(ValueError, match="does not fit"):
        format_base62(-1, length=1)


@given(st.binary(min_size=16, max_size=32))
def test_a_key_id_has_twelve_base62_digits(random_bytes: bytes) -> None:
    key_id = make_key_id(random_bytes)

    assert len(key_id) == 12
    assert set(key_id) <= set(BASE62)


def test_too_little_randomness_makes_no_key_id() -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        make_key_id(b"short")


@pytest.mark.parametrize(
    ("environment", "key_id", "secret"),
    [("Test", "a" * 12, b"s" * 32), ("", "a" * 12, b"s" * 32), ("test", "a" * 11, b"s" * 32), ("test", "a" * 12, b"s")],
)
def test_a_key_is_not_made_of_wrong_parts(environment: str, key_id: str, secret: bytes) -> None:
    with pytest.raises(ValueError, match="a key is made of"):
        make_key(environment, key_id, secret)


def test_only_the_sha256_of_the_secret_is_kept() -> None:
    assert hash_secret(b"secret") == hashlib.sha256(b"secret").digest()
