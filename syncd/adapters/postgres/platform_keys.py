"""Platform keys in Postgres: they act for any tenant, over REST only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.keys import make_key_not_found
from syncd.adapters.postgres.statements import load_statement

_RESOLVE_PLATFORM_KEY = load_statement("platform/resolve_platform_key")
_ADD_PLATFORM_KEY = load_statement("platform/add_platform_key")
_LIST_PLATFORM_KEYS = load_statement("platform/list_platform_keys")
_REVOKE_PLATFORM_KEY = load_statement("platform/revoke_platform_key")
_EXPIRE_PLATFORM_KEY = load_statement("platform/expire_platform_key")


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A platform key as operators see it."""

    key_id: str
    name: str
    active: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


async def resolve_platform_key(pool: Pool, key_id: str, secret_hash: bytes, now: datetime) -> bool:
    """Return whether this is an active and unexpired platform key."""
    return bool(await pool.fetchval(_RESOLVE_PLATFORM_KEY, key_id, secret_hash, now))


async def add_platform_key(
    connection: Connection, key_id: str, *, secret_hash: bytes, name: str, expires_at: datetime | None
) -> None:
    """Store a platform key; only the hash of its secret."""
    await connection.execute(_ADD_PLATFORM_KEY, key_id, secret_hash, name, expires_at)


async def list_platform_keys(connection: Connection) -> Sequence[PlatformKey]:
    """Return the platform keys, revoked ones too, oldest first."""
    return tuple(PlatformKey(**row) for row in await connection.fetch(_LIST_PLATFORM_KEYS))


async def revoke_platform_key(connection: Connection, key_id: str) -> None:
    """End a platform key; once more changes nothing. Raises `NotFound`."""
    if await connection.fetchval(_REVOKE_PLATFORM_KEY, key_id) is None:
        raise make_key_not_found(key_id)


async def expire_platform_key(connection: Connection, key_id: str, *, at: datetime, now: datetime) -> str:
    """Let a platform key that works end at *at* or earlier, and return its name. Raises `NotFound`."""
    name: str | None = await connection.fetchval(_EXPIRE_PLATFORM_KEY, key_id, at, now)
    if name is None:
        raise make_key_not_found(key_id)
    return name
