"""Proves access tokens (RFC 9068) of OAuth authorization servers by their published keys (RFC 7517)."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt

from syncd.errors import RetryLater

LEEWAY_SECONDS = 30
FETCH_SECONDS = 5.0
MAX_DOCUMENT_BYTES = 256 * 1024
MAX_TOKEN_CHARACTERS = 8 * 1024
# Keys are looked at again after ten minutes, and at once for a key that is not known, but no sooner than every 30 s: a stranger can
# name unknown keys all day. While the server is away its old keys serve for a day.
KEYS_SECONDS = 600.0
RETRY_SECONDS = 30.0
STALE_SECONDS = 86_400.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")

logger = logging.getLogger("syncd.tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """Which tokens are believed: of which issuers, for which audience, signed how."""

    issuers: Sequence[str]
    audience: str
    algorithms: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProvedToken:
    """What a token whose signature, issuer, audience and times hold says."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    expires_at: datetime
    claims: Mapping[str, Any]


@dataclass(slots=True)
class _Keys:
    """The keys of one issuer, by id, and when they were fetched and last asked for."""

    by_id: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")


class TokenProver:
    """Proves tokens. *now* is UTC; *monotonic* says how old the keys are."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        rules: TokenRules,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._session = session
        self._rules = rules
        self._now = now
        self._monotonic = monotonic
        self._keys = {issuer: _Keys() for issuer in rules.issuers}

    def find_issuer(self, token: str) -> str | None:
        """Return the issuer that *token* claims to be of, if it is one of ours and the token could be believed; proves nothing."""
        if len(token) > MAX_TOKEN_CHARACTERS:
            return None
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        kind = str(header.get("typ", "JWT")).lower()
        if header.get("alg") not in self._rules.algorithms or kind not in {"jwt", "at+jwt", "application/at+jwt"}:
            return None
        return issuer if issuer in self._keys else None

    async def prove(self, token: str) -> ProvedToken | None:
        """Return what *token* says, or none where anything of it does not hold. Raises `RetryLater`: its keys cannot be had."""
        issuer = self.find_issuer(token)
        if issuer is None:
            return None
        header = jwt.get_unverified_header(token)
        key = await self._find_key(issuer, header.get("kid"))
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self._rules.audience,
                issuer=issuer,
                # Times are held against our own clock, below.
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            return self._read(issuer, claims)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            return None

    def _read(self, issuer: str, claims: Mapping[str, Any]) -> ProvedToken | None:
        now = self._now().timestamp()
        expires_at = float(claims["exp"])
        if expires_at + LEEWAY_SECONDS <= now or float(claims.get("nbf", 0)) - LEEWAY_SECONDS > now:
            return None
        said = claims.get("scope", claims.get("scp", ""))
        scopes = said.split() if isinstance(said, str) else [str(one) for one in said]
        until = datetime.fromtimestamp(expires_at + LEEWAY_SECONDS, UTC)
        return ProvedToken(issuer, str(claims["sub"]), frozenset(scopes), until, claims)

    async def _find_key(self, issuer: str, key_id: object) -> jwt.PyJWK | None:
        keys, now = self._keys[issuer], self._monotonic()
        known = _choose(keys, key_id)
        if (known is None or now - keys.fetched_at > KEYS_SECONDS) and now - keys.tried_at >= RETRY_SECONDS:
            keys.tried_at = now
            try:
                keys.by_id = await self._fetch_keys(issuer)
                keys.fetched_at = self._monotonic()
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                logger.warning("issuer_unreachable", extra={"issuer": issuer, "error": type(error).__name__})
        if now - keys.fetched_at > STALE_SECONDS:
            raise RetryLater(
                "issuer_unreachable",
                f"The keys of {issuer} cannot be had, so its tokens cannot be proved.",
                hint="Check SYNCD_OAUTH_ISSUERS and that the server can reach it.",
                after_seconds=RETRY_SECONDS,
            )
        return _choose(keys, key_id)

    async def _fetch_keys(self, issuer: str) -> dict[str, jwt.PyJWK]:
        metadata = await self._fetch_metadata(issuer)
        found = await self._fetch(_require_safe(str(metadata.get("jwks_uri")), issuer))
        by_id: dict[str, jwt.PyJWK] = {}
        for number, entry in enumerate(found.get("keys") or ()):
            if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") == "oct":
                continue
            try:
                by_id[str(entry.get("kid", f"#{number}"))] = jwt.PyJWK(entry)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue  # of a kind that we do not know: others may serve
        return by_id

    async def _fetch_metadata(self, issuer: str) -> dict[str, Any]:
        """Return the metadata of RFC 8414, or of OpenID Connect discovery where there is none."""
        parts = urlsplit(issuer)
        path = parts.path.rstrip("/")
        places = (
            f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
            f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        )
        for number, place in enumerate(places, 1):
            try:
                metadata = await self._fetch(_require_safe(place, issuer))
            except (aiohttp.ClientResponseError, ValueError):
                if number == len(places):
                    raise
                continue
            # RFC 8414 3.3: a document that names another issuer must not be used.
            if metadata.get("issuer") == issuer:
                return metadata
        raise ValueError("the metadata names another issuer")

    async def _fetch(self, url: str) -> dict[str, Any]:
        async with self._session.get(
            url, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=FETCH_SECONDS), raise_for_status=True
        ) as answer:
            if answer.status != 200:
                raise ValueError(f"{url} answered {answer.status}")
            body = await answer.content.read(MAX_DOCUMENT_BYTES + 1)
            while len(body) <= MAX_DOCUMENT_BYTES and (more := await answer.content.read(MAX_DOCUMENT_BYTES + 1)):
                body += more
        if len(body) > MAX_DOCUMENT_BYTES:
            raise ValueError(f"{url} is larger than {MAX_DOCUMENT_BYTES} bytes")
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError(f"{url} is no JSON object")  # noqa: TRY004 - a fault of the document, as the others are
        return document


def _choose(keys: _Keys, key_id: object) -> jwt.PyJWK | None:
    if key_id is None and len(keys.by_id) == 1:
        return next(iter(keys.by_id.values()))
    return keys.by_id.get(key_id) if isinstance(key_id, str) else None


def _require_safe(url: str, issuer: str) -> str:
    """Return *url*. Raises ValueError unless it is https, or http on this machine where the issuer is here too."""
    parts, origin = urlsplit(url), urlsplit(issuer)
    here = parts.hostname in LOOPBACK and origin.hostname in LOOPBACK
    if (parts.scheme != "https" and not (parts.scheme == "http" and here)) or parts.username or not parts.hostname:
        raise ValueError(f"{url[:200]} is no https address")
    return url


@asynccontextmanager
async def open_token_prover(
    rules: TokenRules, *, now: Callable[[], datetime], monotonic: Callable[[], float]
) -> AsyncIterator[TokenProver]:
    """Open a prover with an HTTP client of its own, which follows no redirect and takes no proxy from the environment."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield TokenProver(session, rules, now=now, monotonic=monotonic)
