"""Runs the server: over HTTP until it is told to stop, or over stdio until its client is gone."""

import hashlib
import hmac
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import uvicorn
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server

from mcp_server.admission import Admission
from mcp_server.asgi import HttpApplication, make_resource, make_security, open_application
from mcp_server.dispatch import CALL_SECONDS
from mcp_server.doors import Door, make_protocol
from mcp_server.exchange import identify_again, identify_request
from mcp_server.feed import ChangeFeed, open_feed
from mcp_server.identity import Caller, KeyVerifier, Tokens
from mcp_server.ledger import Ledger, open_ledger
from mcp_server.limits import Pace, Places, WrongKeys
from mcp_server.piped import offering_subscriptions
from mcp_server.requests import Identify
from mcp_server.server import make_server
from syncd.adapters.models.opening import open_helpers
from syncd.adapters.postgres.connections import Pool, open_pool
from syncd.adapters.postgres.migrations import list_migrations
from syncd.adapters.postgres.outages import check_schema
from syncd.adapters.postgres.standing import Standing, open_standing
from syncd.adapters.redis.allowances import SharedAllowances
from syncd.adapters.redis.locks import open_redis_client
from syncd.adapters.systemd import feeding_watchdog, open_notifier
from syncd.adapters.tokens import TokenRules, open_token_prover
from syncd.core.allowances import Allowance
from syncd.core.cursors import make_installation_key
from syncd.core.meaning import Helpers
from syncd.errors import BadUsage, Rejected
from syncd.settings import Settings, require_setting

KEEP_ALIVE_SECONDS = 75
KEY_SALT = b"syncd-mcp"
BACKLOG = 512
# A call takes milliseconds of a connection: what waits behind more than these would wait too long, and is told to come back.
CALLS_PER_CONNECTION = 16

logger = logging.getLogger("mcp_server.serving")


@dataclass(frozen=True, slots=True)
class _Reader:
    pool: Pool
    standing: Standing
    verifier: KeyVerifier
    feed: ChangeFeed
    pace: Pace
    wrong_keys: WrongKeys
    places: Places
    ledger: Ledger
    key: bytes
    helpers: Helpers

    async def make_server(
        self, settings: Settings, *, identify: Identify, identify_again: Identify
    ) -> Server[dict[str, Any]]:
        """Return the server for requests of which *identify* says whose they are."""
        return await make_server(
            self.pool,
            self.standing,
            self.feed,
            admission=Admission(identify, self.pace, self.places, self.ledger),
            identify_again=identify_again,
            installation_key=self.key,
            settings=settings,
            helpers=self.helpers,
        )


@asynccontextmanager
async def _open_reader(settings: Settings) -> AsyncIterator[_Reader]:
    url = require_setting(settings.read_database_url, "SYNCD_READ_DATABASE_URL")
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(open_pool(url, size=settings.pool_connections))
        await check_schema(pool, list_migrations())
        key = make_installation_key(url, salt=KEY_SALT)
        shared = await _open_shared(settings, stack)
        allowance = Allowance(settings.mcp_calls_per_minute / 60, settings.mcp_burst_calls)
        yield _Reader(
            pool,
            await stack.enter_async_context(open_standing(pool, seconds=CALL_SECONDS)),
            KeyVerifier(pool, now=_utc_now, monotonic=time.monotonic, tokens=await _open_tokens(settings, stack)),
            await stack.enter_async_context(open_feed(pool, url)),
            Pace(allowance, shared, monotonic=time.monotonic),
            WrongKeys(settings.mcp_wrong_keys_per_minute, shared, monotonic=time.monotonic),
            Places(settings.mcp_concurrency, settings.pool_connections * CALLS_PER_CONNECTION),
            await stack.enter_async_context(
                open_ledger(pool, key=hmac.digest(key, b"arguments", hashlib.sha256), clock=_utc_now)
            ),
            key,
            await stack.enter_async_context(
                open_helpers(settings.embedder, settings.reranker, monotonic=time.monotonic)
            ),
        )


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _open_tokens(settings: Settings, stack: AsyncExitStack) -> Tokens | None:
    if not settings.oauth_issuers or settings.mcp_url is None:
        return None
    rules = TokenRules(issuers=settings.oauth_issuers, audience=settings.mcp_url, algorithms=settings.oauth_algorithms)
    prover = await stack.enter_async_context(open_token_prover(rules, now=_utc_now, monotonic=time.monotonic))
    return Tokens(prover, settings.oauth_tenant_claim)


async def _open_shared(settings: Settings, stack: AsyncExitStack) -> SharedAllowances | None:
    if settings.redis_url is None:
        return None
    redis = await stack.enter_async_context(open_redis_client(settings.redis_url.get_secret_value()))
    return SharedAllowances(redis)


@asynccontextmanager
async def open_http_application(settings: Settings, *, host: str) -> AsyncIterator[HttpApplication]:
    """Open everything that HTTP serving needs but the socket."""
    async with _open_reader(settings) as reader:
        server = await reader.make_server(settings, identify=identify_request, identify_again=identify_again)
        security = make_security(
            host, allowed_hosts=settings.mcp_allowed_hosts, allowed_origins=settings.mcp_allowed_origins
        )
        async with open_application(
            server,
            reader.verifier,
            reader.wrong_keys,
            trusted_proxies=settings.trusted_proxies,
            security=security,
            check_ready=partial(check_schema, reader.pool, list_migrations()),
            resource=make_resource(settings.mcp_url, settings.oauth_issuers),
            end_streams=reader.feed.streams.end_all,
        ) as application:
            yield application


async def run_http(settings: Settings, listener: socket.socket) -> None:
    """Serve on a bound *listener* until SIGTERM or Ctrl-C, then finish what is under way."""
    host, port = listener.getsockname()[:2]
    with open_notifier() as notifier:
        async with open_http_application(settings, host=host) as application, feeding_watchdog(notifier):
            server = make_http_server(application, settings)
            # Before uvicorn takes the signal over this ends it; afterwards uvicorn puts it back and raises the signal again: drained by then.
            signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
            logger.info("serving", extra={"url": f"http://{_as_host(host)}:{port}/mcp"})
            # The socket listens already: who comes before uvicorn does waits in line.
            notifier.ready()
            await server.serve(sockets=[listener])
            notifier.stopping()


class _Server(uvicorn.Server):
    """uvicorn that has open streams end before it waits for what is under way; it offers no other hook between the two."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._end_streams()
        await super().shutdown(sockets)


def make_http_server(application: HttpApplication, settings: Settings) -> uvicorn.Server:
    """Return uvicorn over httptools; what is under way when it is told to stop has the drain seconds to end."""
    door = Door(
        settings.mcp_connections,
        settings.mcp_connections_per_address,
        header_seconds=settings.mcp_header_seconds,
        write_seconds=settings.mcp_write_seconds,
    )
    config = uvicorn.Config(
        application,
        http=make_protocol(door),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.drain_seconds),
    )
    return _Server(config, application.end_streams)


async def run_stdio(settings: Settings) -> None:
    """Serve the client at standard input and output, for the key of SYNCD_API_KEY."""
    key = require_setting(settings.api_key, "SYNCD_API_KEY")
    async with _open_reader(settings) as reader:
        if await reader.verifier.find_caller(key) is None:
            raise Rejected(
                "key_refused",
                "The key in SYNCD_API_KEY is malformed, unknown, revoked or expired.",
                hint="`syncd key add` makes a new one.",
            )

        async def identify(_: ServerRequestContext) -> Caller | None:
            # Asked anew for each call: a key that is revoked ends a running process too.
            return await reader.verifier.find_caller(key)

        server = await reader.make_server(settings, identify=identify, identify_again=identify)
        async with (
            offering_subscriptions(server, reader.pool, reader.feed, identify=identify),
            stdio_server() as (incoming, outgoing),
        ):
            await server.run(incoming, outgoing, server.create_initialization_options())


def open_listener(host: str, port: int) -> socket.socket:
    """Bind HOST:PORT. Raises `BadUsage` saying why it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio turns Nagle's algorithm off only where it reads TCP here; with it each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # From here on clients wait in line instead of being refused.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise BadUsage(
            "address_unavailable",
            f"Cannot listen on {_as_host(host)}:{port}: {error.strerror or error}.",
            hint="Choose another with --listen HOST:PORT; port 0 takes a free one.",
        ) from error
    return listener


def inherit_listener(descriptor: int) -> socket.socket:
    """Return the listening socket that the parent process left open. Raises `BadUsage` when it is none."""
    try:
        listener = socket.socket(fileno=descriptor)
        listener.getsockname()
    except OSError as error:
        raise BadUsage(
            "descriptor_invalid",
            f"File descriptor {descriptor} is no listening socket.",
            hint="Use --listen HOST:PORT.",
        ) from error
    return listener


def _as_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
