"""Reading the raw body of a request that nobody vouches for yet: bounded in bytes, in seconds, and in how many are large at once."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syncd.errors import BadUsage, RetryLater

LARGE_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads bodies within its limits. A large one is held in memory before it is proved, so few of them are read at once."""

    max_bytes: int
    small_bytes: int = 1024 * 1024
    seconds: float = 8.0
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))

    async def read(self, request: web.Request) -> bytes:
        """Return the body as it came. Raises aiohttp's 413 and 408, `BadUsage` for one that broke off, `RetryLater`."""
        length = request.content_length
        if length is not None and length > self.max_bytes:
            raise web.HTTPRequestEntityTooLarge(max_size=self.max_bytes, actual_size=length)
        if length is not None and length <= self.small_bytes:
            return await self._read_in_time(request)
        if self.large.locked():
            raise RetryLater(
                "too_many_large_bodies",
                "Other large requests are being read.",
                hint="Send it again.",
                after_seconds=self.seconds,
            )
        async with self.large:
            return await self._read_in_time(request)

    async def _read_in_time(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self.seconds):
                return await self._read_all(request)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        except (HttpProcessingError, OSError) as error:
            raise BadUsage("body_incomplete", "The body of the request broke off.", hint="Send it again.") from error

    async def _read_all(self, request: web.Request) -> bytes:
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > self.max_bytes:
                raise web.HTTPRequestEntityTooLarge(max_size=self.max_bytes, actual_size=len(body))
        return bytes(body)
