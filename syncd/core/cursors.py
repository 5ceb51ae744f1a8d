"""Opaque cursors: where a list goes on, sealed to one tenant, one list and one set of arguments."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from syncd.core.ids import TenantId
from syncd.errors import BadUsage

_SEAL_BYTES = 16


def make_open_cursor(position: bytes) -> str:
    """Return a cursor that anybody may make: of a list in which every place is the caller's own to see."""
    return base64.urlsafe_b64encode(position).decode()


def read_open_cursor(cursor: str) -> bytes:
    """Return the position in such a cursor. Raises `BadUsage` for what is none."""
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise make_foreign_cursor_error() from error


def make_foreign_cursor_error() -> BadUsage:
    """Return what is said of a cursor that leads nowhere in the list."""
    return BadUsage("cursor_invalid", "The cursor is not one of this list.", hint="Begin without a cursor.")


def make_installation_key(database_url: str, *, salt: bytes) -> bytes:
    """Return a key that is the same in every replica, since it is made of the password they share.

    scrypt, because callers see what is sealed with it: who sees a seal must not be able to try passwords on it.
    """
    secret = urlsplit(database_url).password or database_url
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


@dataclass(frozen=True, slots=True)
class CursorSealer:
    """Seals and opens cursors with the installation's key, so that any replica can go on."""

    key: bytes

    def seal(self, position: list[str | int], *, tenant_id: TenantId, purpose: str) -> str:
        """Return the cursor that opens to *position* for the same tenant and *purpose* only."""
        content = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._seal_of(content, tenant_id, purpose) + content).decode().rstrip("=")

    def open(self, cursor: str, *, tenant_id: TenantId, purpose: str) -> list[str | int]:
        """Return the position that was sealed. Raises `BadUsage` for any other cursor, whatever is wrong with it."""
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            sealed = b""
        seal, content = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal_of(content, tenant_id, purpose)):
            raise BadUsage(
                "cursor_invalid",
                "This cursor does not belong to this call.",
                hint="Pass the cursor of the last answer with the same arguments, or leave it out to begin again.",
            )
        position: list[str | int] = json.loads(content)
        return position

    def _seal_of(self, content: bytes, tenant_id: TenantId, purpose: str) -> bytes:
        message = tenant_id.bytes + hashlib.sha256(purpose.encode()).digest() + content
        return hmac.digest(self.key, message, hashlib.sha256)[:_SEAL_BYTES]
