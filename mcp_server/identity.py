"""Who calls: from a bearer key to a tenant. Remembered for four seconds: a stream asks each second, and a revoked key ends everywhere within five."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.issuers import resolve_issuer
from syncd.adapters.postgres.keys import resolve_key
from syncd.adapters.postgres.reading.limits import explaining_reads
from syncd.adapters.tokens import TokenProver
from syncd.core.ids import ProjectId, TenantId
from syncd.core.keys import parse_key

CACHE_SECONDS = 4.0
CACHED_KEYS = 10_000
READ_SCOPE = "docs:read"
# What a token can open here; administration is for keys and people.
TOKEN_SCOPES = frozenset({"docs:read", "docs:sync", "locks:write"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose rows a request may read. *project_ids* is none where its key opens every project of the tenant."""

    tenant_id: TenantId
    key_id: str
    scopes: frozenset[str]
    project_ids: frozenset[ProjectId] | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """How OAuth tokens are proved, and the claim that names their tenant."""

    prover: TokenProver
    tenant_claim: str


@dataclass(frozen=True, slots=True)
class _Remembered:
    caller: Caller | None
    until: float


class KeyVerifier:
    """Resolves keys by the database and tokens by their signature, and remembers answers, also the refusals, for four seconds."""

    def __init__(
        self,
        pool: Pool,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        tokens: Tokens | None = None,
    ) -> None:
        self._pool = pool
        self._tokens = tokens
        self._now = now
        self._monotonic = monotonic
        # By hash: a dump of this process holds no key longer than its request.
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def find_caller(self, key: str) -> Caller | None:
        """Return who *key* belongs to; none when it is malformed, unknown, revoked or expired. Raises `RetryLater`: nobody could say."""
        digest = hashlib.sha256(key.encode()).digest()
        remembered = self._remembered.get(digest)
        if remembered is None or remembered.until <= self._monotonic():
            # What cannot be a key or a token is not worth remembering.
            if parse_key(key) is None and (self._tokens is None or self._tokens.prover.find_issuer(key) is None):
                return None
            remembered = _Remembered(await self._resolve(key), self._monotonic() + CACHE_SECONDS)
            self._remember(digest, remembered)
        caller = remembered.caller
        if caller is not None and caller.expires_at is not None and caller.expires_at <= self._now():
            return None
        return caller

    def knew(self, key: str) -> bool:
        """Return whether *key* was good when it was last looked up here, and that is not forgotten."""
        remembered = self._remembered.get(hashlib.sha256(key.encode()).digest())
        return remembered is not None and remembered.caller is not None

    async def _resolve(self, text: str) -> Caller | None:
        parts = parse_key(text)
        if parts is None:
            return None if self._tokens is None else await self._resolve_token(self._tokens, text)
        with explaining_reads():
            key = await resolve_key(self._pool, parts.key_id, parts.secret_hash, self._now())
        if key is None:
            return None
        return Caller(key.tenant_id, key.key_id, key.scopes, key.project_ids, key.expires_at)

    async def _resolve_token(self, tokens: Tokens, text: str) -> Caller | None:
        token = await tokens.prover.prove(text)
        if token is None:
            return None
        value = token.claims.get(tokens.tenant_claim)
        if not isinstance(value, str) or not value.isprintable():
            return None
        with explaining_reads():
            tenant_id = await resolve_issuer(self._pool, token.issuer, value)
        if tenant_id is None:
            return None
        # A name that can be stored and shown, whatever the subject is; the same for every token of one subject.
        subject = hashlib.sha256(f"{token.issuer}\n{token.subject}".encode(errors="replace")).hexdigest()[:16]
        return Caller(tenant_id, f"oauth:{subject}", token.scopes & TOKEN_SCOPES, None, token.expires_at)

    def _remember(self, digest: bytes, remembered: _Remembered) -> None:
        self._remembered[digest] = remembered
        self._remembered.move_to_end(digest)
        if len(self._remembered) > CACHED_KEYS:
            self._remembered.popitem(last=False)
