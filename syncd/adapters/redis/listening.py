"""Hears what happens to the locks of all projects, on one connection that is opened again whenever it ends."""

import asyncio
import logging
import re
from collections.abc import Callable
from uuid import UUID

from redis.asyncio import Redis

from syncd.adapters.redis.locks import explaining_redis, heeding_cancellation
from syncd.core.ids import ProjectId
from syncd.errors import SyncdError

log = logging.getLogger("syncd.redis")

RECONNECT_SECONDS = 2.0
# Not a narrower one: an ACL lets a user subscribe to the very patterns that it was given, and ours is this.
PATTERN = "syncd:*"
_CHANNEL = re.compile(r"syncd:\{p:([0-9a-f-]{36})\}:ev")


async def listen_to_projects(redis: Redis, on_notice: Callable[[ProjectId | None], None]) -> None:
    """Call *on_notice* with each project whose lock or progress changed, for ever; with none after each (re)connect.

    A notice is a hint: what was missed while the connection was away is found by looking, which none asks for.
    """
    while True:
        try:
            with explaining_redis():
                await _listen_once(redis, on_notice)
        except SyncdError as error:
            log.debug("listening to locks waits", extra={"code": error.code})
            await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(redis: Redis, on_notice: Callable[[ProjectId | None], None]) -> None:
    async with redis.pubsub() as notices:
        with heeding_cancellation():
            await notices.psubscribe(PATTERN)
        on_notice(None)
        while True:
            notice = await notices.get_message(ignore_subscribe_messages=True, timeout=None)
            heard = _CHANNEL.fullmatch(notice["channel"]) if notice else None
            if heard:
                on_notice(ProjectId(UUID(heard[1])))
