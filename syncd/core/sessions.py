"""Sessions as tokens: what a browser carries, and what becomes of a session when a token is shown.

A token names its tenant, so that it is looked up under that tenant's row security; naming another tenant finds nothing.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from hashlib import sha256
from uuid import UUID

from syncd.core.ids import TenantId

SESSION = timedelta(minutes=15)
IDLE = timedelta(days=14)
LONGEST = timedelta(days=30)
LINK = timedelta(hours=24)
# Requests that were under way when the tokens were replaced, and a second tab that refreshed at the same moment.
GRACE = timedelta(seconds=10)
SESSIONS_OF_A_USER = 50

SECRET_BYTES = 32
_HEAD_BYTES = 1 + 16 + 16 + 4
_TOKEN_CHARACTERS = 92


class TokenKind(StrEnum):
    """What a token is for: one kind is never taken for another."""

    SESSION = "s"
    REFRESH = "r"
    LINK = "l"


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. *subject*: the session or the link. *generation*: of a refresh token; else 0."""

    kind: TokenKind
    tenant_id: TenantId
    subject: UUID
    generation: int
    secret_hash: bytes


def make_token(kind: TokenKind, tenant_id: TenantId, subject: UUID, *, secret: bytes, generation: int = 0) -> str:
    """Return the token as it is carried. *secret* is 32 random bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a token needs 32 secret bytes")
    head = kind.encode("ascii") + tenant_id.bytes + subject.bytes + generation.to_bytes(4, "big")
    return base64.urlsafe_b64encode(head + secret).decode("ascii")


def parse_token(text: str, kind: TokenKind) -> Token | None:
    """Return what a well-formed token of *kind* says, or none. It may still be unknown, used, or of nobody."""
    if len(text) != _TOKEN_CHARACTERS or not text.isascii():
        return None
    try:
        content = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if content[:1] != kind.encode("ascii") or len(content) != _HEAD_BYTES + SECRET_BYTES:
        return None
    return Token(
        kind,
        TenantId(UUID(bytes=content[1:17])),
        UUID(bytes=content[17:33]),
        int.from_bytes(content[33:_HEAD_BYTES], "big"),
        sha256(content[_HEAD_BYTES:]).digest(),
    )


def make_csrf_token(session_id: UUID) -> str:
    """Return what a page of ours sends with every write: another site can make a browser send the cookie, and not know this."""
    return base64.urlsafe_b64encode(sha256(b"syncd csrf 1\0" + session_id.bytes).digest()).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class Refreshable:
    """What is known of a session's refresh tokens. *stands*: it was not ended, and its user may sign in."""

    user_id: UUID
    generation: int
    refresh_hash: bytes
    former_refresh_hash: bytes | None
    refreshed_at: datetime
    idle_until: datetime
    ends_at: datetime
    stands: bool


class Refreshing(Enum):
    """What becomes of a session when a refresh token is shown."""

    ROTATE = "replace the tokens"
    REPEAT = "change nothing: the same browser has just asked"
    STOLEN = "end the session: the token was used before, or is made up"
    REFUSE = "change nothing: the session is over"


def decide_refresh(session: Refreshable, token: Token, now: datetime) -> Refreshing:
    """Decide what a refresh token does. One that was replaced is a theft, since each is used once by who has it rightly."""
    if not session.stands or now >= min(session.idle_until, session.ends_at):
        return Refreshing.REFUSE
    if token.generation == session.generation and hmac.compare_digest(token.secret_hash, session.refresh_hash):
        return Refreshing.ROTATE
    is_former = (
        token.generation == session.generation - 1
        and session.former_refresh_hash is not None
        and hmac.compare_digest(token.secret_hash, session.former_refresh_hash)
    )
    # Whoever comes second within the grace gets no token, so a thief gains nothing by it.
    return Refreshing.REPEAT if is_former and now < session.refreshed_at + GRACE else Refreshing.STOLEN
