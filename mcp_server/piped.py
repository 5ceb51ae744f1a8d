"""resources/subscribe for the one client of a pipe.

The handshake protocols tell of changes outside of any request. That takes a connection that stays: over stdio it is there, over HTTP a
server without sessions has none, and does not offer it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    EmptyResult,
    SubscribeRequestParams,
    UnsubscribeRequestParams,
)

from mcp_server.feed import ChangeFeed
from mcp_server.identity import READ_SCOPE, Caller
from mcp_server.requests import Identify
from mcp_server.streams import Stream, Watched, parse_watched
from mcp_server.subscribing import LOOK_SECONDS, MAX_URI_CHARACTERS, MAX_URIS, begin_stream
from syncd.adapters.beside import beside
from syncd.adapters.postgres.connections import Pool
from syncd.errors import RetryLater


class PipedSubscriptions:
    """What the client of a pipe has subscribed to, and the one stream that tells it. *identify* says whose the pipe is at this moment."""

    def __init__(self, pool: Pool, feed: ChangeFeed, identify: Identify) -> None:
        self._pool = pool
        self._feed = feed
        self._identify = identify
        self._watched: dict[str, Watched] = {}
        self._stream: Stream | None = None
        self._context: ServerRequestContext[Any] | None = None
        self._begun = asyncio.Event()
        self._beginning = asyncio.Lock()

    async def subscribe(self, context: ServerRequestContext[Any], params: SubscribeRequestParams) -> EmptyResult:
        """Tell of changes of a document, a folder or a project from now on."""
        caller = await self._identify(context)
        if caller is None or READ_SCOPE not in caller.scopes:
            raise MCPError(INVALID_REQUEST, f"The API key is unknown, revoked, expired or lacks {READ_SCOPE}.")
        watched = parse_watched(params.uri) if len(params.uri) <= MAX_URI_CHARACTERS else None
        if watched is None:
            raise MCPError(INVALID_PARAMS, "Subscribe to doc://project/path, doc://project/folder/ or doc://project.")
        if len(self._watched) >= MAX_URIS and params.uri not in self._watched:
            raise MCPError(INVALID_PARAMS, f"At most {MAX_URIS} subscriptions; a folder's covers what is in it.")
        # What is acknowledged is told from then on, also to whoever subscribes twice at once.
        async with self._beginning:
            stream = self._stream or await self._begin(caller, context)
            self._watched[params.uri] = watched
            stream.watched = tuple(self._watched.values())
        return EmptyResult()

    async def _begin(self, caller: Caller, context: ServerRequestContext[Any]) -> Stream:
        stream = Stream(caller, (), lists=False)
        try:
            await begin_stream(self._pool, self._feed, stream)
        except BaseException:
            self._end(stream)
            raise
        self._stream, self._context = stream, context
        self._begun.set()
        return stream

    async def unsubscribe(self, _: ServerRequestContext[Any], params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell of it no more."""
        self._watched.pop(params.uri, None)
        if self._stream is not None:
            self._stream.watched = tuple(self._watched.values())
        return EmptyResult()

    async def run(self) -> None:
        """Send what the stream holds, for ever."""
        while True:
            await self._begun.wait()
            stream, context = self._stream, self._context
            assert stream is not None  # noqa: S101 - it is there once it has begun
            assert context is not None  # noqa: S101 - as is who began it
            await stream.wake.wait()
            if not await self._may_still_hear(context, stream):
                self._end(stream)
                continue
            events = stream.take()
            if stream.ended:
                # More came than it has room for: the client is to look at all of it again.
                events = tuple(ResourceUpdated(uri) for uri in self._watched)
                self._renew(stream)
            for event in events:
                if isinstance(event, ResourceUpdated):
                    await context.session.send_resource_updated(event.uri)

    async def _may_still_hear(self, context: ServerRequestContext[Any], stream: Stream) -> bool:
        while True:
            try:
                caller = await self._identify(context)
            except RetryLater:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return (
                    caller is not None
                    and READ_SCOPE in caller.scopes
                    and caller.project_ids == stream.caller.project_ids
                )

    def _renew(self, stream: Stream) -> None:
        # The new one first: what was told to the tenant is remembered as long as it has a stream.
        self._stream = Stream(stream.caller, stream.watched, lists=False)
        self._feed.streams.add(self._stream)
        self._feed.streams.remove(stream)

    def _end(self, stream: Stream) -> None:
        self._feed.streams.remove(stream)
        self._feed.leave(stream.caller.tenant_id)
        self._watched.clear()
        self._stream = None
        self._begun.clear()


@asynccontextmanager
async def offering_subscriptions(
    server: Server[dict[str, Any]], pool: Pool, feed: ChangeFeed, *, identify: Identify
) -> AsyncIterator[None]:
    """Have *server*, which serves one client over a pipe, offer resources/subscribe."""
    subscriptions = PipedSubscriptions(pool, feed, identify)
    server.add_request_handler("resources/subscribe", SubscribeRequestParams, subscriptions.subscribe)
    server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, subscriptions.unsubscribe)
    async with beside(subscriptions.run()):
        yield
