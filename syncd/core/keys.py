"""API keys as text: syncd_<env>_<id>_<secret>_<checksum>, a shape that secret scanners can find."""

import hashlib
import re
import zlib
from dataclasses import dataclass

SECRET_BYTES = 32
KEY_ID_LENGTH = 12
ALL_SCOPES = ("docs:read", "docs:sync", "locks:write", "admin")
# The environment that stands in the text of a platform key: only such a text is looked up among them.
PLATFORM = "platform"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE_OF = {digit: value for value, digit in enumerate(_DIGITS)}
# 43 digits of base 62 are the fewest that hold 256 bits; 6 are the fewest that hold 32.
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
_KEY = re.compile(
    rf"(?P<signed>syncd_(?P<environment>[a-z]{{1,16}})_(?P<key_id>[0-9A-Za-z]{{{KEY_ID_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}}))_(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)
_ENVIRONMENT = re.compile(r"[a-z]{1,16}")
_KEY_ID = re.compile(rf"[0-9A-Za-z]{{{KEY_ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class KeyParts:
    """What a key says: whose it claims to be, and the hash that proves it."""

    environment: str
    key_id: str
    secret_hash: bytes


def make_key_id(random_bytes: bytes) -> str:
    """Return a key id from at least 16 random bytes."""
    if len(random_bytes) < 16:
        raise ValueError("a key id needs at least 16 random bytes")
    return format_base62(int.from_bytes(random_bytes) % 62**KEY_ID_LENGTH, length=KEY_ID_LENGTH)


def make_key(environment: str, key_id: str, secret: bytes) -> str:
    """Return the key as its owner sees it, once. *secret* is 32 random bytes."""
    if len(secret) != SECRET_BYTES or not _ENVIRONMENT.fullmatch(environment) or not _KEY_ID.fullmatch(key_id):
        raise ValueError("a key is made of a lower-case environment, an id of 12 base-62 digits and 32 secret bytes")
    signed = f"syncd_{environment}_{key_id}_{format_base62(int.from_bytes(secret), length=_SECRET_LENGTH)}"
    return f"{signed}_{_checksum(signed)}"


def parse_key(text: str) -> KeyParts | None:
    """Return the parts of a well-formed key whose checksum holds, or none. It may still be unknown, revoked or expired."""
    match = _KEY.fullmatch(text)
    if match is None or _checksum(match["signed"]) != match["checksum"]:
        return None
    secret = parse_base62(match["secret"])
    if secret.bit_length() > SECRET_BYTES * 8:
        return None
    return KeyParts(match["environment"], match["key_id"], hash_secret(secret.to_bytes(SECRET_BYTES)))


def is_key_id(text: str) -> bool:
    """Return whether *text* can be the id of a key."""
    return _KEY_ID.fullmatch(text) is not None


def hash_secret(secret: bytes) -> bytes:
    """Return what is stored of a secret. 256 random bits need no slow hash."""
    return hashlib.sha256(secret).digest()


def format_base62(number: int, *, length: int) -> str:
    """Return *number* in *length* digits of base 62. Raises ValueError when it does not fit."""
    if not 0 <= number < 62**length:
        raise ValueError(f"the number does not fit {length} digits of base 62")
    digits = []
    for _ in range(length):
        number, value = divmod(number, 62)
        digits.append(_DIGITS[value])
    return "".join(reversed(digits))


def parse_base62(digits: str) -> int:
    """Return the number that *digits* write in base 62."""
    number = 0
    for digit in digits:
        number = number * 62 + _VALUE_OF[digit]
    return number


def _checksum(signed: str) -> str:
    return format_base62(zlib.crc32(signed.encode()), length=_CHECKSUM_LENGTH)
