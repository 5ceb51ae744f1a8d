"""Encrypt credentials at rest: AES-256-GCM under a ring of keys, each ciphertext bound to its tenant, project and column."""

import base64
import binascii
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from syncd.core.ids import ProjectId, TenantId
from syncd.errors import BadUsage, Stalled

KEY_BYTES = 32
# Written before every ciphertext, so that another cipher can follow this one.
_VERSION = 1
# 96 random bits for each message (NIST SP 800-38D, 8.2.2): good for 2^32 messages under one key.
_NONCE_BYTES = 12
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The master keys by id. The first encrypts, all decrypt."""

    _keys: dict[str, bytes] = field(repr=False)

    def encrypt(self, plaintext: str, *, tenant_id: TenantId, project_id: ProjectId | None, column: str) -> bytes:
        """Return version, key id, nonce and ciphertext in one frame, which opens for this tenant, project and column only."""
        kid, key = next(iter(self._keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        bound = _make_bound(kid, tenant_id=tenant_id, project_id=project_id, column=column)
        framed = bytes([_VERSION, len(kid)]) + kid.encode("ascii") + nonce
        return framed + AESGCM(key).encrypt(nonce, plaintext.encode(), bound)

    def decrypt(self, frame: bytes, *, tenant_id: TenantId, project_id: ProjectId | None, column: str) -> str:
        """Return the plaintext; Stalled where the key is gone, the frame is damaged, or it belongs elsewhere."""
        kid = _parse_kid(frame)
        key = self._keys.get(kid)
        if key is None:
            raise _make_unreadable_error(f"it is encrypted under the master key {kid!r}, which is not in the ring")
        nonce, sealed = frame[2 + len(kid) :][:_NONCE_BYTES], frame[2 + len(kid) + _NONCE_BYTES :]
        try:
            bound = _make_bound(kid, tenant_id=tenant_id, project_id=project_id, column=column)
            return AESGCM(key).decrypt(nonce, sealed, bound).decode()
        except (InvalidTag, ValueError) as error:
            raise _make_unreadable_error("it is damaged, or it was encrypted for another project or key") from error

    def derive_keys(self, purpose: str) -> Sequence[bytes]:
        """Return a key for *purpose* from each master key, the newest first: who has one cannot tell the master key from it."""
        return [hmac.new(key, b"syncd derive 1\0" + purpose.encode(), sha256).digest() for key in self._keys.values()]

    def needs_rotation(self, frame: bytes) -> bool:
        """Return whether *frame* is encrypted under another key than the first."""
        return _parse_kid(frame) != next(iter(self._keys))


def parse_key_ring(text: str) -> KeyRing:
    """Return the ring written as `kid:base64key[,kid2:base64key]` (SYNCD_MASTER_KEYS); BadUsage, without the keys, if bad."""
    keys: dict[str, bytes] = {}
    for number, written in enumerate(text.split(","), start=1):
        kid, _, encoded = written.strip().partition(":")
        if not _KID.fullmatch(kid):
            raise _bad_ring(f"entry {number} has no key id of 1 to 32 letters, digits, '-' or '_' before a colon")
        if kid in keys:
            raise _bad_ring(f"the key id {kid!r} stands twice")
        keys[kid] = _parse_key(kid, encoded)
    return KeyRing(keys)


def make_master_key() -> str:
    """Return a fresh master key in base64, to be written after its id and a colon."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")


def _parse_key(kid: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        # Not `from`: the message of the decoder could hold a part of the key.
        raise _bad_ring(f"the key {kid!r} is not base64") from None
    if len(key) != KEY_BYTES:
        raise _bad_ring(f"the key {kid!r} has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _parse_kid(frame: bytes) -> str:
    if len(frame) < 2 or frame[0] != _VERSION:
        raise _make_unreadable_error("it is not in a form that this version knows")
    return frame[2 : 2 + frame[1]].decode("ascii", "replace")


def _make_bound(kid: str, *, tenant_id: TenantId, project_id: ProjectId | None, column: str) -> bytes:
    return f"{tenant_id}|{project_id or ''}|{column}|{kid}".encode()


def _bad_ring(why: str) -> BadUsage:
    return BadUsage(
        "bad_master_keys",
        f"SYNCD_MASTER_KEYS cannot be used: {why}.",
        hint="Write kid:base64key, the newest key first.",
    )


def _make_unreadable_error(why: str) -> Stalled:
    return Stalled(
        "credential_unreadable",
        f"The stored credential cannot be decrypted: {why}.",
        hint="Put the master key back into SYNCD_MASTER_KEYS, or set the project's credential again.",
    )
