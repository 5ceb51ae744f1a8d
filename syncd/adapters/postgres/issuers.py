"""Which tokens of which OAuth authorization servers speak for which tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import TenantId

_RESOLVE_ISSUER = load_statement("issuers/resolve_issuer")
_ADD_ISSUER = load_statement("issuers/add_issuer")
_REMOVE_ISSUER = load_statement("issuers/remove_issuer")
_LIST_ISSUERS = load_statement("issuers/list_issuers")


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Tokens that a tenant trusts: those of *issuer* in which the tenant's claim has this value."""

    issuer: str
    claim_value: str
    trusted_at: datetime


async def resolve_issuer(pool: Pool, issuer: str, claim_value: str) -> TenantId | None:
    """Return the tenant for which proved tokens speak, or none."""
    tenant_id = await pool.fetchval(_RESOLVE_ISSUER, issuer, claim_value)
    return None if tenant_id is None else TenantId(tenant_id)


async def add_issuer(connection: Connection, issuer: str, claim_value: str) -> bool:
    """Let the tenant of this transaction trust tokens; false when they are trusted already, by it or by another."""
    return await connection.fetchval(_ADD_ISSUER, issuer, claim_value) is not None


async def remove_issuer(connection: Connection, issuer: str, claim_value: str) -> bool:
    """Take a trust of the tenant away; false when there was none."""
    return await connection.fetchval(_REMOVE_ISSUER, issuer, claim_value) is not None


async def list_issuers(connection: Connection) -> Sequence[TrustedIssuer]:
    """Return what the tenant trusts."""
    return [TrustedIssuer(**row) for row in await connection.fetch(_LIST_ISSUERS)]
