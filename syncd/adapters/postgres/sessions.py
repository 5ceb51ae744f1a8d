"""Sessions and sign-in links in Postgres, always under the tenant that the token names."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import UserId
from syncd.core.sessions import GRACE, Refreshable, Token

_ADD_SESSION = load_statement("sessions/add_session")
_FIND_SESSION = load_statement("sessions/find_session")
_LOCK_SESSION = load_statement("sessions/lock_session")
_ROTATE_SESSION = load_statement("sessions/rotate_session")
_END_SESSION = load_statement("sessions/end_session")
_END_SESSIONS = load_statement("sessions/end_sessions")
_REMOVE_SESSIONS = load_statement("sessions/remove_sessions")
_PUT_LINK = load_statement("links/put_link")
_REMOVE_LINK = load_statement("links/remove_link")
_USE_LINK = load_statement("links/use_link")


@dataclass(frozen=True, slots=True)
class LiveSession:
    """Who is signed in."""

    tenant_name: str
    user_id: UserId
    username: str
    display_name: str
    role: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What is stored of the two tokens of a session, and until when they work."""

    secret_hash: bytes
    refresh_hash: bytes
    expires_at: datetime
    idle_until: datetime


async def add_session(
    connection: Connection, session_id: UUID, user_id: UserId, secrets: Secrets, *, ends_at: datetime, now: datetime
) -> None:
    """Open a session."""
    await connection.execute(
        _ADD_SESSION,
        session_id,
        user_id,
        secrets.secret_hash,
        secrets.refresh_hash,
        secrets.expires_at,
        secrets.idle_until,
        ends_at,
        now,
    )


async def find_session(connection: Connection, token: Token, now: datetime) -> LiveSession | None:
    """Return whose session a token opens; unknown, expired, ended and of a disabled user look the same."""
    row = await connection.fetchrow(_FIND_SESSION, token.subject, token.secret_hash, now, now - GRACE)
    return LiveSession(**row) if row else None


async def lock_session(connection: Connection, session_id: UUID) -> Refreshable | None:
    """Return what is known of the session's refresh tokens; nobody else decides on them before this transaction ends."""
    row = await connection.fetchrow(_LOCK_SESSION, session_id)
    return Refreshable(**row) if row else None


async def rotate_session(connection: Connection, session_id: UUID, secrets: Secrets, now: datetime) -> None:
    """Replace the tokens of a session."""
    await connection.execute(
        _ROTATE_SESSION,
        session_id,
        secrets.secret_hash,
        secrets.refresh_hash,
        now,
        secrets.expires_at,
        secrets.idle_until,
    )


async def end_session(connection: Connection, session_id: UUID, now: datetime) -> None:
    """End a session; once more changes nothing."""
    await connection.execute(_END_SESSION, session_id, now)


async def end_sessions(
    connection: Connection, user_id: UserId, now: datetime, *, but: UUID | None = None, keep: int = 0
) -> None:
    """End the sessions of a user, except *but* and the *keep* newest."""
    await connection.execute(_END_SESSIONS, user_id, now, but, keep)


async def remove_sessions(connection: Connection, before: datetime, *, limit: int) -> None:
    """Forget sessions of the tenant that were over before *before*."""
    await connection.execute(_REMOVE_SESSIONS, before, limit)


async def put_link(
    connection: Connection,
    link_id: UUID,
    user_id: UserId,
    *,
    secret_hash: bytes,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Store a user's link in the place of the one before."""
    await connection.execute(_PUT_LINK, link_id, user_id, secret_hash, expires_at, now)


async def remove_link(connection: Connection, user_id: UserId) -> None:
    """Take a user's link back."""
    await connection.execute(_REMOVE_LINK, user_id)


async def use_link(connection: Connection, token: Token, now: datetime) -> UserId | None:
    """Use a link up, and return whom it signs in; unknown, used and expired look the same."""
    user_id = await connection.fetchval(_USE_LINK, token.subject, token.secret_hash, now)
    return None if user_id is None else UserId(user_id)
