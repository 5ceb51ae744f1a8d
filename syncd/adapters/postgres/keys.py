"""API keys in Postgres: from a secret's hash to a tenant, and a tenant's own list of keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.statements import load_statement
from syncd.adapters.postgres.transactions import reading, writing
from syncd.core.ids import ProjectId, TenantId
from syncd.errors import NotFound

_RESOLVE_KEY = load_statement("keys/resolve_key")
_ADD_KEY = load_statement("keys/add_key")
_LIST_KEYS = load_statement("keys/list_keys")
_REVOKE_KEY = load_statement("keys/revoke_key")
_LIST_KEYS_BY_ID = load_statement("keys/list_keys_by_id")
_EXPIRE_KEY = load_statement("keys/expire_key")


@dataclass(frozen=True, slots=True)
class ResolvedKey:
    """Who a caller is. *project_ids* is none where the key opens every project of its tenant."""

    tenant_id: TenantId
    tenant_name: str
    key_id: str
    scopes: frozenset[str]
    project_ids: frozenset[ProjectId] | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be stored. Its secret is not here: only its hash."""

    key_id: str
    secret_hash: bytes
    name: str
    scopes: Sequence[str]
    project_ids: Sequence[ProjectId] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as its tenant's operators see it."""

    key_id: str
    name: str
    scopes: frozenset[str]
    project_ids: frozenset[ProjectId] | None
    active: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


async def resolve_key(pool: Pool, key_id: str, secret_hash: bytes, now: datetime) -> ResolvedKey | None:
    """Return whose active and unexpired key this is, or none; the four ways to be no key look the same."""
    row = await pool.fetchrow(_RESOLVE_KEY, key_id, secret_hash, now)
    if row is None:
        return None
    return ResolvedKey(
        tenant_id=TenantId(row["tenant_id"]),
        tenant_name=row["tenant_name"],
        key_id=row["key_id"],
        scopes=frozenset(row["scopes"]),
        project_ids=_as_project_ids(row["project_ids"]),
        expires_at=row["expires_at"],
    )


async def add_key(pool: Pool, tenant_id: TenantId, key: NewKey) -> None:
    """Store *key* for the tenant."""
    async with writing(pool, tenant_id) as connection:
        await insert_key(connection, key)


async def insert_key(connection: Connection, key: NewKey) -> None:
    """Store *key* for the tenant of the transaction."""
    await connection.execute(
        _ADD_KEY,
        key.key_id,
        key.secret_hash,
        key.name,
        list(key.scopes),
        None if key.project_ids is None else list(key.project_ids),
        key.expires_at,
    )


async def list_keys(pool: Pool, tenant_id: TenantId) -> Sequence[StoredKey]:
    """Return the tenant's keys, revoked ones too, oldest first."""
    async with reading(pool, tenant_id) as connection:
        return tuple(_make_stored_key(row) for row in await connection.fetch(_LIST_KEYS))


async def list_keys_by_id(connection: Connection, *, after: str, limit: int) -> Sequence[StoredKey]:
    """Return at most *limit* keys of the tenant by id, beyond the id *after*."""
    return tuple(_make_stored_key(row) for row in await connection.fetch(_LIST_KEYS_BY_ID, after, limit))


def _make_stored_key(row: asyncpg.Record) -> StoredKey:
    return StoredKey(**{**row, "scopes": frozenset(row["scopes"]), "project_ids": _as_project_ids(row["project_ids"])})


async def revoke_key(pool: Pool, tenant_id: TenantId, key_id: str) -> None:
    """End a key of the tenant; once more changes nothing. Raises `NotFound` when the tenant has no such key."""
    async with writing(pool, tenant_id) as connection:
        revoked = await connection.fetchval(_REVOKE_KEY, key_id)
    if revoked is None:
        raise make_key_not_found(key_id)


async def expire_key(
    connection: Connection, key_id: str, *, at: datetime, now: datetime
) -> tuple[str, Sequence[str], Sequence[ProjectId] | None]:
    """Let a key that works end at *at* or earlier; return its name, scopes and projects. Raises `NotFound`."""
    row = await connection.fetchrow(_EXPIRE_KEY, key_id, at, now)
    if row is None:
        raise make_key_not_found(key_id)
    return row["name"], row["scopes"], row["project_ids"]


def make_key_not_found(key_id: str) -> NotFound:
    """Return the error for a key that is not there, not of this tenant, or ended where one that works is needed."""
    return NotFound(
        "key_not_found",
        f"There is no API key {key_id[:100]}.",
        hint="`syncd key list` shows the ids of this tenant's keys.",
    )


def _as_project_ids(column: list[ProjectId] | None) -> frozenset[ProjectId] | None:
    return None if column is None else frozenset(column)
