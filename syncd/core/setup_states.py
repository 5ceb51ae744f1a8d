"""The state that goes to GitHub and back when somebody installs the App: signed, bound to a tenant and an account, for a while.

GitHub warns that the installation id of the setup URL can be forged ("About the setup URL"): a state therefore also names the
account, and only an installation at that account is bound.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from syncd.core.ids import TenantId

STATE_SECONDS = 3600
_MAC_BYTES = 32
_HEAD_BYTES = 16 + 16 + 8
_STATE_MAX_CHARACTERS = 300
# GitHub's own rule, with what the names of Enterprise Managed Users add to it.
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class SetupState:
    """Who may bind the installation of which account, once (*nonce*), until when."""

    tenant_id: TenantId
    account: str
    nonce: UUID
    expires_at: datetime


def is_account(text: str) -> bool:
    """Return whether *text* can be the login of a user or an organisation."""
    return _ACCOUNT.fullmatch(text) is not None


def make_setup_state(state: SetupState, *, key: bytes) -> str:
    """Return *state* signed with *key*, as it goes into a URL."""
    body = state.tenant_id.bytes + state.nonce.bytes + int(state.expires_at.timestamp()).to_bytes(8, "big")
    body += state.account.lower().encode("ascii")
    return base64.urlsafe_b64encode(body + _sign(body, key)).decode("ascii").rstrip("=")


def parse_setup_state(text: str, *, keys: Sequence[bytes], now: datetime) -> SetupState | None:
    """Return the state that one of *keys* signed and that has not expired, or none."""
    signed = _decode(text)
    if signed is None or len(signed) <= _HEAD_BYTES + _MAC_BYTES:
        return None
    body, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _sign(body, key)) for key in keys):
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(body[32:_HEAD_BYTES], "big"), UTC)
    if expires_at <= now:
        return None
    return SetupState(
        TenantId(UUID(bytes=body[:16])), body[_HEAD_BYTES:].decode("ascii"), UUID(bytes=body[16:32]), expires_at
    )


def _sign(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"syncd github setup 1\0" + body, sha256).digest()


def _decode(text: str) -> bytes | None:
    if len(text) > _STATE_MAX_CHARACTERS or not text.isascii():
        return None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
