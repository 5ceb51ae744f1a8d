"""Forgets rows of all tenants that are old enough."""

from datetime import datetime
from typing import Literal, TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement

_REMOVE_OLD = load_statement("retention/remove_old")

ForgottenTable: TypeAlias = Literal[
    "lock_events", "sync_runs", "sessions", "sign_in_links", "idempotent_requests", "agent_sessions"
]


async def remove_old(connection: Connection, *, table: ForgottenTable, before: datetime, limit: int) -> int:
    """Forget at most *limit* rows that were over before *before*; return how many those were. Runs that a revision needs stay."""
    removed: int = await connection.fetchval(_REMOVE_OLD, table, before, limit)
    return removed
