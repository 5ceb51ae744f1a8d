"""Requests of the protocol beside tools/call: who asks, one snapshot, and errors as the protocol has them."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST

from mcp_server.arguments import MAX_ID_CHARACTERS
from mcp_server.calls import Call
from mcp_server.identity import READ_SCOPE, Caller
from syncd.core.visible import make_visible
from syncd.errors import NotFound, Rejected, SyncdError

MAX_MESSAGE_CHARACTERS = 1_000

Identify = Callable[[ServerRequestContext], Awaitable[Caller | None]]

logger = logging.getLogger("mcp_server.requests")


@dataclass(frozen=True, slots=True)
class Requests:
    """Opens a `Call` for each request. *open_call* is the dispatcher's."""

    identify: Identify
    open_call: Callable[[Caller], AbstractAsyncContextManager[Call]]

    @asynccontextmanager
    async def open(self, context: ServerRequestContext) -> AsyncIterator[Call]:
        """Open the snapshot of whoever asks. Raises `MCPError` for whatever goes wrong inside, in words."""
        caller = await self.identify(context)
        if caller is None or READ_SCOPE not in caller.scopes:
            raise MCPError(INVALID_REQUEST, f"The API key is unknown, revoked, expired or lacks {READ_SCOPE}.")
        try:
            async with self.open_call(caller) as call:
                yield call
        except SyncdError as error:
            code = INVALID_PARAMS if isinstance(error, NotFound | Rejected) else INTERNAL_ERROR
            said = make_visible(f"{error.message} {error.hint}".strip()).text
            raise MCPError(code, said[:MAX_MESSAGE_CHARACTERS], _name_resource(context)) from error
        except MCPError:
            raise
        except Exception as error:  # the middleware of requests: the log gets the trace, a client a sentence
            logger.exception("request_failed", extra={"method": context.method})
            raise MCPError(INTERNAL_ERROR, "The server failed; it is not your request. Retry once.") from error


def _name_resource(context: ServerRequestContext) -> dict[str, str] | None:
    """Return what an error about a resource says beside its words: which one was asked for."""
    uri = (context.params or {}).get("uri")
    return {"uri": make_visible(uri).text} if isinstance(uri, str) and len(uri) <= MAX_ID_CHARACTERS else None
