"""What every request passes before it is answered: who asks, how fast, and how much at once."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError

from mcp_server.exchange import Refusal, refuse
from mcp_server.limits import Overloaded, Pace, Places
from mcp_server.registry import TOOLS
from mcp_server.requests import Identify
from syncd.errors import RetryLater

# The protocol leaves -32000 to -32099 to servers.
RETRY_LATER = -32029
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
# Nobody is kept from connecting, or from asking whether the server is there.
FREE = frozenset({"initialize", "ping", "server/discover"})
# A stream that listens does no work while nothing happens, so it holds no place of a call.
STREAMING = frozenset({"subscriptions/listen"})
_COSTS = {tool.name: tool.cost for tool in TOOLS}


@dataclass(frozen=True, slots=True)
class Admission:
    """The server's middleware: it wraps every message of every transport, whatever answers it."""

    identify: Identify
    pace: Pace
    places: Places

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Answer one message, or refuse it saying when to come back."""
        if ctx.request_id is None or ctx.method in FREE:
            return await call_next(ctx)
        try:
            caller = await self.identify(ctx)
            if caller is None:
                return await call_next(ctx)  # nothing is served to nobody: each handler says so in its own words
            await self.pace.spend(caller.key_id, units=_get_cost(ctx))
            if ctx.method in STREAMING:
                return await call_next(ctx)
            async with self.places.hold(caller.key_id):
                return await call_next(ctx)
        except RetryLater as error:
            raise _make_refusal(ctx, error) from error


def _get_cost(context: ServerRequestContext[Any, Any]) -> int:
    name = (context.params or {}).get("name")
    return _COSTS.get(name, 1) if context.method == "tools/call" and isinstance(name, str) else 1


def _make_refusal(context: ServerRequestContext[Any, Any], error: RetryLater) -> MCPError:
    seconds = max(1, ceil(error.after_seconds))
    status = TOO_MANY_REQUESTS if isinstance(error, Overloaded) and error.code != "overloaded" else UNAVAILABLE
    refuse(context, Refusal(status, (("retry-after", str(seconds)),)))
    said = f"{error.message} {error.hint}".strip()
    return MCPError(RETRY_LATER, f"{said} Retry after {seconds} s.", {"code": error.code, "retryAfterSeconds": seconds})
