"""What every request passes before it is answered: who asks, how fast, and how much at once."""

import json
import time
from dataclasses import dataclass
from math import ceil
from typing import Any

from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from mcp_types.methods import SPEC_CLIENT_METHODS
from pydantic import ValidationError

from mcp_server.exchange import Refusal, refuse
from mcp_server.identity import Caller
from mcp_server.ledger import Answered, Ledger
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
    ledger: Ledger

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Answer one message, or refuse it saying when to come back."""
        if ctx.request_id is None or ctx.method in FREE:
            return await call_next(ctx)
        started = time.monotonic()
        caller = None
        try:
            caller = await self.identify(ctx)
            if caller is None:
                return await call_next(ctx)  # nothing is served to nobody: each handler says so in its own words
            await self.ledger.require_quota(caller.tenant_id)
            await self.pace.spend(caller.key_id, units=_get_cost(ctx))
            if ctx.method in STREAMING:
                return await self._answer(ctx, call_next, caller)
            async with self.places.hold(caller.key_id):
                return await self._answer(ctx, call_next, caller)
        except RetryLater as error:
            if caller is not None:
                self.ledger.note(caller, _make_answered(ctx, error.code, time.monotonic() - started, refused=True))
            raise _make_refusal(ctx, error) from error

    async def _answer(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext, caller: Caller) -> HandlerResult:
        started = time.monotonic()
        outcome, result = "broken_off", None
        try:
            result = await call_next(ctx)
            outcome = "ok"
        except MCPError as error:
            outcome = f"error_{abs(error.code)}"
            raise
        except ValidationError:
            outcome = "wrong_arguments"
            raise
        finally:
            # A tool that answered has noted its call itself: it knows more of it.
            if ctx.method != "tools/call" or outcome != "ok":
                text = _read_text(result)
                self.ledger.note(caller, _make_answered(ctx, outcome, time.monotonic() - started, text=text))
        return result


def _make_answered(
    ctx: ServerRequestContext[Any, Any], outcome: str, seconds: float, *, text: str = "", refused: bool = False
) -> Answered:
    params = {name: value for name, value in (ctx.params or {}).items() if name != "_meta"}
    return Answered(
        tool=_get_name(ctx),
        arguments=params,
        outcome=outcome,
        seconds=seconds,
        rows=1 if text else 0,
        text=text,
        refused=refused,
    )


def _get_name(ctx: ServerRequestContext[Any, Any]) -> str:
    """Return what the accounts call a request. Only names that are ours: a caller could name a method anything."""
    if ctx.method == "tools/call":
        name = (ctx.params or {}).get("name")
        return name if isinstance(name, str) and name in _COSTS else "unknown_tool"
    return ctx.method if ctx.method in SPEC_CLIENT_METHODS else "unknown_method"


def _read_text(result: HandlerResult) -> str:
    """Return the text of what a request other than of a tool was answered with, as its tokens are counted."""
    match result:
        case {"contents": [*contents]}:
            return "".join(str(content.get("text", "")) for content in contents)
        case dict():
            return json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=str)
        case _:
            return ""


def _get_cost(context: ServerRequestContext[Any, Any]) -> int:
    name = (context.params or {}).get("name")
    return _COSTS.get(name, 1) if context.method == "tools/call" and isinstance(name, str) else 1


def _make_refusal(context: ServerRequestContext[Any, Any], error: RetryLater) -> MCPError:
    seconds = max(1, ceil(error.after_seconds))
    status = TOO_MANY_REQUESTS if isinstance(error, Overloaded) and error.code != "overloaded" else UNAVAILABLE
    refuse(context, Refusal(status, (("retry-after", str(seconds)),)))
    said = f"{error.message} {error.hint}".strip()
    return MCPError(RETRY_LATER, f"{said} Retry after {seconds} s.", {"code": error.code, "retryAfterSeconds": seconds})
