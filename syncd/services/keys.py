"""API keys and platform keys as they are made and replaced: a secret is handed out once, and never stored."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.keys import NewKey, expire_key, insert_key
from syncd.adapters.postgres.platform_keys import add_platform_key, expire_platform_key
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import ProjectId, TenantId
from syncd.core.keys import PLATFORM, hash_secret, make_key, make_key_id

# How long a key goes on working beside its successor, unless it is said.
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """What a key is to be. *environment* stands in its text: whoever finds one knows where it is from."""

    name: str
    environment: str
    scopes: Sequence[str] = ()
    project_ids: Sequence[ProjectId] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was made. *text* is what its owner shows; it is nowhere else."""

    key_id: str
    text: str = field(repr=False)
    wanted: KeyRequest


@dataclass(frozen=True, slots=True)
class _Minted:
    key_id: str
    secret_hash: bytes
    text: str = field(repr=False)


def _mint(environment: str) -> _Minted:
    secret, key_id = secrets.token_bytes(32), make_key_id(secrets.token_bytes(32))
    return _Minted(key_id, hash_secret(secret), make_key(environment, key_id, secret))


async def create_key(pool: Pool, tenant_id: TenantId, wanted: KeyRequest) -> MadeKey:
    """Make a key of the tenant."""
    minted = _mint(wanted.environment)
    async with writing(pool, tenant_id) as connection:
        await insert_key(connection, _make_new(minted, wanted))
    return MadeKey(minted.key_id, minted.text, wanted)


async def rotate_key(
    pool: Pool, tenant_id: TenantId, key_id: str, *, environment: str, now: datetime, overlap: timedelta = OVERLAP
) -> MadeKey:
    """Make the successor of a key that works, which itself works for *overlap* more. Raises `NotFound`."""
    minted = _mint(environment)
    async with writing(pool, tenant_id) as connection:
        name, scopes, project_ids = await expire_key(connection, key_id, at=now + overlap, now=now)
        wanted = KeyRequest(name=name, environment=environment, scopes=scopes, project_ids=project_ids)
        await insert_key(connection, _make_new(minted, wanted))
    return MadeKey(minted.key_id, minted.text, wanted)


async def create_platform_key(pool: Pool, *, name: str, expires_at: datetime | None) -> MadeKey:
    """Make a key that acts for any tenant, over REST."""
    minted = _mint(PLATFORM)
    async with pool.acquire() as connection:
        await add_platform_key(
            connection, minted.key_id, secret_hash=minted.secret_hash, name=name, expires_at=expires_at
        )
    return MadeKey(minted.key_id, minted.text, KeyRequest(name=name, environment=PLATFORM, expires_at=expires_at))


async def rotate_platform_key(pool: Pool, key_id: str, *, now: datetime, overlap: timedelta = OVERLAP) -> MadeKey:
    """Make the successor of a platform key that works, which itself works for *overlap* more. Raises `NotFound`."""
    minted = _mint(PLATFORM)
    async with pool.acquire() as connection, connection.transaction():
        name = await expire_platform_key(connection, key_id, at=now + overlap, now=now)
        await add_platform_key(connection, minted.key_id, secret_hash=minted.secret_hash, name=name, expires_at=None)
    return MadeKey(minted.key_id, minted.text, KeyRequest(name=name, environment=PLATFORM))


def _make_new(minted: _Minted, wanted: KeyRequest) -> NewKey:
    return NewKey(
        key_id=minted.key_id,
        secret_hash=minted.secret_hash,
        name=wanted.name,
        scopes=tuple(wanted.scopes),
        project_ids=wanted.project_ids,
        expires_at=wanted.expires_at,
    )
