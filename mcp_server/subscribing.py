"""subscriptions/listen: one call is one stream. It tells one tenant's changes, as long as its key is good."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import event_to_notification
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)

from mcp_server.feed import ChangeFeed
from mcp_server.identity import READ_SCOPE, Caller
from mcp_server.requests import Identify
from mcp_server.streams import Stream, Watched, parse_watched
from syncd.adapters.postgres.connections import Pool
from syncd.adapters.postgres.reading.limits import explaining_reads
from syncd.adapters.postgres.reading.projects import list_projects
from syncd.adapters.postgres.transactions import reading
from syncd.errors import RetryLater

MAX_URIS = 256
MAX_URI_CHARACTERS = 2_048
# With the time that a key is remembered this is within the five seconds after which a revoked key ends.
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How many streams may be open in this server, and how many of one tenant."""

    most: int
    most_per_tenant: int


@dataclass(frozen=True, slots=True)
class Listener:
    """Answers subscriptions/listen. *identify* says whose a context is at this moment."""

    pool: Pool
    feed: ChangeFeed
    identify: Identify
    limits: StreamLimits

    async def listen(
        self, context: ServerRequestContext[Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Acknowledge, and send events until the client goes, its key ends, or the server stops."""
        caller = await self.identify(context)
        if caller is None or READ_SCOPE not in caller.scopes:
            raise MCPError(INVALID_REQUEST, f"The API key is unknown, revoked, expired or lacks {READ_SCOPE}.")
        watched = _parse_uris(params.notifications.resource_subscriptions or [])
        lists = params.notifications.resources_list_changed is True
        stream = Stream(caller, watched, lists)
        self._require_room(caller)
        try:
            await begin_stream(self.pool, self.feed, stream)
            meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: context.request_id}
            await _acknowledge(context, stream, meta)
            await self._send(context, stream, meta)
            return SubscriptionsListenResult(_meta=meta)
        finally:
            self.feed.streams.remove(stream)
            self.feed.leave(caller.tenant_id)

    def _require_room(self, caller: Caller) -> None:
        streams = self.feed.streams
        if len(streams) >= self.limits.most or streams.count(caller.tenant_id) >= self.limits.most_per_tenant:
            raise MCPError(INTERNAL_ERROR, "Too many streams are open. Close one, or ask docs_changes now and then.")

    async def _send(self, context: ServerRequestContext[Any], stream: Stream, meta: dict[str, Any]) -> None:
        while await self._is_still_allowed(context, stream):
            for event in stream.take():
                await context.session.send_notification(
                    event_to_notification(event, meta), related_request_id=context.request_id
                )
            if stream.ended:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stream.wake.wait()

    async def _is_still_allowed(self, context: ServerRequestContext[Any], stream: Stream) -> bool:
        try:
            caller = await self.identify(context)
        except RetryLater:
            # Without the database nothing is revoked, and there is nothing to tell.
            return not stream.events
        return caller is not None and caller.project_ids == stream.caller.project_ids


async def begin_stream(pool: Pool, feed: ChangeFeed, stream: Stream) -> None:
    """Have *feed* tell *stream* of everything from now on; whoever ends it removes it from the feed's streams, however this ends."""
    # Among the streams before its beginning is read: nothing is lost in between.
    feed.streams.add(stream)
    with explaining_reads():
        async with reading(pool, stream.caller.tenant_id) as connection:
            feed.begin(stream.caller.tenant_id, await list_projects(connection))


def _parse_uris(uris: list[str]) -> list[Watched]:
    if len(uris) > MAX_URIS or any(len(uri) > MAX_URI_CHARACTERS for uri in uris):
        raise MCPError(
            INVALID_PARAMS,
            f"At most {MAX_URIS} URIs of {MAX_URI_CHARACTERS} characters; a folder's covers what is in it.",
        )
    return [watched for uri in dict.fromkeys(uris) if (watched := parse_watched(uri)) is not None]


async def _acknowledge(context: ServerRequestContext[Any], stream: Stream, meta: dict[str, Any]) -> None:
    # Tools and prompts never change while the server runs, so nobody waits for that.
    honored = SubscriptionFilter(
        resources_list_changed=True if stream.lists else None,
        resource_subscriptions=[watched.uri for watched in stream.watched] or None,
    )
    params = SubscriptionsAcknowledgedNotificationParams(notifications=honored, _meta=meta)
    await context.session.send_notification(
        SubscriptionsAcknowledgedNotification(params=params), related_request_id=context.request_id
    )
