"""OAuth: tokens are proved by the keys of a trusted issuer, made for us, in time, signed as we allow; and open one tenant."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcp_server.identity import CACHE_SECONDS, KeyVerifier, Tokens
from syncd.adapters import tokens
from syncd.adapters.postgres.issuers import add_issuer, remove_issuer
from syncd.adapters.postgres.transactions import writing
from syncd.adapters.tokens import TokenProver, TokenRules, open_token_prover
from syncd.errors import RetryLater
from tests.mcp_server.agents import open_agent, post, request, text_of
from tests.mcp_server.issuer import AUDIENCE, Issuer, open_issuer
from tests.mcp_server.serve import serving
from tests.mcp_server.worlds import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LIST_TOOLS = request("tools/list")


@dataclass(slots=True)
class Clocks:
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """An issuer, a prover that believes it, and the clocks of both."""

    issuer: Issuer
    prover: TokenProver
    clocks: Clocks


@pytest_asyncio.fixture(loop_scope="session")
async def bench() -> AsyncIterator[Bench]:
    clocks = Clocks()
    async with open_issuer() as issuer:
        rules = TokenRules(issuers=(issuer.url,), audience=AUDIENCE, algorithms=ALGORITHMS)
        async with open_token_prover(rules, now=clocks.now, monotonic=clocks.monotonic) as prover:
            yield Bench(issuer, prover, clocks)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_is_proved_by_the_published_key(bench: Bench, algorithm: str) -> None:
    bench.issuer.add_key("two", algorithm)
    proved = await bench.prover.prove(bench.issuer.sign("two", aud=["other", AUDIENCE]))
    assert proved is not None
    assert (proved.issuer, proved.subject, proved.claims["org_id"]) == (bench.issuer.url, "ann", "org-acme")
    assert proved.scopes == {"docs:read", "openid"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example.com/mcp"},
        {"aud": None},
        {"iss": "https://evil.example.com"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"nbf": 4_000_000_000},
        {"scope": 7},
    ],
    ids=str,
)
async def test_a_token_of_which_anything_does_not_hold_is_refused(bench: Bench, claims: dict[str, Any]) -> None:
    assert await bench.prover.prove(bench.issuer.sign(**claims)) is None


async def test_a_token_that_is_forged_is_refused(bench: Bench) -> None:
    token = bench.issuer.sign()
    head, body, signature = token.split(".")
    key, _ = bench.issuer.keys["one"]
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token, options={"verify_signature": False})
    secret = public.replace(b"PUBLIC KEY", b"PUBLIC  KEY")  # PyJWT refuses to sign with a key that looks like one
    stranger = Issuer(url=bench.issuer.url)
    stranger.add_key("one")
    forged = [
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "one"}),
        stranger.sign(),
        bench.issuer.sign(headers={"kid": "unknown"}),
        bench.issuer.sign(headers={"typ": "logout+jwt"}),
        bench.issuer.sign(headers={"crit": ["exp"]}),
        bench.issuer.sign(padding="x" * tokens.MAX_TOKEN_CHARACTERS),
        "a.b.c",
        "",
    ]
    assert [await bench.prover.prove(one) for one in forged] == [None] * len(forged)
    assert await bench.prover.prove(token) is not None


async def test_an_algorithm_that_is_not_allowed_is_refused(bench: Bench) -> None:
    rules = TokenRules(issuers=(bench.issuer.url,), audience=AUDIENCE, algorithms=("ES256",))
    async with open_token_prover(rules, now=bench.clocks.now, monotonic=bench.clocks.monotonic) as prover:
        assert await prover.prove(bench.issuer.sign()) is None


async def test_keys_are_remembered_and_a_new_one_is_fetched_no_oftener_than_allowed(bench: Bench) -> None:
    for _ in range(3):
        assert await bench.prover.prove(bench.issuer.sign()) is not None
    assert bench.issuer.asked.count("/keys") == 1
    bench.issuer.add_key("two")
    assert await bench.prover.prove(bench.issuer.sign("two")) is None
    bench.clocks.seconds = tokens.RETRY_SECONDS
    assert await bench.prover.prove(bench.issuer.sign("two")) is not None
    assert await bench.prover.prove(bench.issuer.sign(headers={"kid": "never"})) is None
    assert bench.issuer.asked.count("/keys") == 2


async def test_a_key_that_is_withdrawn_proves_nothing_once_keys_are_looked_at_again(bench: Bench) -> None:
    token = bench.issuer.sign()
    assert await bench.prover.prove(token) is not None
    del bench.issuer.keys["one"]
    bench.issuer.add_key("two")
    bench.clocks.seconds = tokens.KEYS_SECONDS + 1
    bench.clocks.started -= timedelta(seconds=tokens.KEYS_SECONDS + 1)
    assert await bench.prover.prove(token) is None


async def test_while_the_issuer_is_away_its_old_keys_serve_for_a_day(bench: Bench) -> None:
    token = bench.issuer.sign(exp=4_000_000_000)
    assert await bench.prover.prove(token) is not None
    bench.issuer.broken = True
    bench.clocks.seconds = tokens.KEYS_SECONDS + 1
    assert await bench.prover.prove(token) is not None
    bench.clocks.seconds = tokens.STALE_SECONDS + 1
    with pytest.raises(RetryLater, match="cannot be had"):
        await bench.prover.prove(token)


async def test_discovery_falls_back_to_openid_and_believes_no_other_issuer(bench: Bench) -> None:
    bench.issuer.openid_only = True
    assert await bench.prover.prove(bench.issuer.sign()) is not None
    assert "/.well-known/openid-configuration" in bench.issuer.asked
    bench.issuer.metadata = {"issuer": "https://evil.example.com"}
    bench.clocks.seconds = tokens.RETRY_SECONDS
    bench.issuer.add_key("two")
    assert await bench.prover.prove(bench.issuer.sign("two")) is None


@pytest.mark.parametrize(
    "jwks_uri", ["http://example.com/keys", "https://user@example.com/keys", "file:///etc/passwd", ""]
)
async def test_keys_are_fetched_over_https_only(bench: Bench, jwks_uri: str) -> None:
    bench.issuer.metadata = {"jwks_uri": jwks_uri}
    with pytest.raises(RetryLater):
        await bench.prover.prove(bench.issuer.sign())


async def trust(world: World, issuer: Issuer, value: str = "org-acme") -> None:
    mirror = world.acme.mirror
    async with writing(mirror.web_pool, mirror.tenant_id) as connection:
        assert await add_issuer(connection, issuer.url, value)


async def test_a_token_opens_the_tenant_that_trusts_it_with_its_scopes(world: World) -> None:
    async with open_issuer() as issuer:
        await trust(world, issuer)
        settings = {"mcp_url": AUDIENCE, "oauth_issuers": (issuer.url,)}
        async with serving(world.database.read_url, **settings) as origin:
            async with open_agent(origin, issuer.sign()) as client:
                assert "guide" in text_of(await client.call_tool("docs_projects", {}))
            other = await post(origin, issuer.sign(org_id="org-other"), LIST_TOOLS)
            odd = await post(origin, issuer.sign(org_id=["org-acme"]), LIST_TOOLS)
            none = await post(origin, None, LIST_TOOLS)
            narrow = await post(origin, issuer.sign(scope="openid"), LIST_TOOLS)
            listed = await post(origin, issuer.sign(scope=None, scp=["docs:read", "admin"]), LIST_TOOLS)
            key = await post(origin, world.globex.api_key, LIST_TOOLS)
    assert [status for status, _, _ in (other, odd, none, narrow, listed, key)] == [401, 401, 401, 403, 200, 200]
    metadata = 'resource_metadata="https://docs.example.com/.well-known/oauth-protected-resource/mcp"'
    assert metadata in none[1]["www-authenticate"]
    assert metadata in narrow[1]["www-authenticate"]
    assert 'scope="docs:read"' in narrow[1]["www-authenticate"]


async def test_a_token_ends_within_five_seconds_of_its_trust_and_at_its_own_end(world: World) -> None:
    clocks = Clocks()
    async with open_issuer() as issuer:
        await trust(world, issuer)
        rules = TokenRules(issuers=(issuer.url,), audience=AUDIENCE, algorithms=ALGORITHMS)
        async with open_token_prover(rules, now=clocks.now, monotonic=clocks.monotonic) as prover:
            pool = world.acme.mirror.read_pool
            verifier = KeyVerifier(pool, now=clocks.now, monotonic=clocks.monotonic, tokens=Tokens(prover, "org_id"))
            token = issuer.sign()
            caller = await verifier.find_caller(token)
            assert caller is not None
            assert (caller.tenant_id, caller.scopes) == (world.acme.mirror.tenant_id, frozenset({"docs:read"}))
            short = issuer.sign(exp=int(clocks.now().timestamp()) + 1)
            assert await verifier.find_caller(short) is not None
            clocks.seconds = 1 + tokens.LEEWAY_SECONDS
            assert await verifier.find_caller(short) is None
            assert await verifier.find_caller(token) is not None
            mirror = world.acme.mirror
            async with writing(mirror.web_pool, mirror.tenant_id) as connection:
                assert await remove_issuer(connection, issuer.url, "org-acme")
            clocks.seconds += CACHE_SECONDS
            assert await verifier.find_caller(token) is None
            # What cannot be a token of ours is not asked about, nor remembered.
            assert await verifier.find_caller("a.b.c") is None


async def test_tokens_open_one_tenant_only(world: World) -> None:
    async with open_issuer() as issuer:
        await trust(world, issuer)
        globex = world.globex.mirror
        async with writing(globex.web_pool, globex.tenant_id) as connection:
            assert not await add_issuer(connection, issuer.url, "org-acme")


async def test_the_metadata_of_the_resource_is_open_where_tokens_are_taken(world: World) -> None:
    issuer = "https://login.example.com"
    path = "/.well-known/oauth-protected-resource"
    async with (
        serving(world.database.read_url, mcp_url=AUDIENCE, oauth_issuers=(issuer,)) as origin,
        aiohttp.ClientSession() as session,
    ):
        for place in (path, f"{path}/mcp"):
            async with session.get(f"{origin}{place}") as answer:
                assert answer.status == 200
                document = json.loads(await answer.text())
        async with session.post(f"{origin}{path}") as refused:
            assert refused.status == 405
        async with session.get(f"{world.mcp_url}{path}") as absent:
            assert absent.status == 404
    assert document == {
        "resource": AUDIENCE,
        "resource_name": "syncd docs",
        "authorization_servers": [issuer],
        "scopes_supported": ["docs:read", "docs:sync", "locks:write"],
        "bearer_methods_supported": ["header"],
    }


async def test_strangers_are_turned_away_by_host_and_origin_before_their_key_is_looked_at(world: World) -> None:
    assert (await post(world.mcp_url, None, LIST_TOOLS, headers={"Host": "evil.example"}))[0] == 421
    assert (await post(world.mcp_url, None, LIST_TOOLS, headers={"Origin": "https://evil.example"}))[0] == 403
