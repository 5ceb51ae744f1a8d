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

from mcp_server.exchange import Refusal, make_challenge, refuse
from mcp_server.identity import READ_SCOPE, Caller
from mcp_server.ledger import Answered, Ledger
from mcp_server.limits import Overloaded, Pace, Places
from mcp_server.registry import TOOLS, Tool
from mcp_server.requests import Identify
from syncd.errors import RetryLater

# The protocol leaves -32000 to -32099 to servers.
RETRY_LATER = -32029
INSUFFICIENT_SCOPE = -32030
TOO_MANY_REQUESTS = 429
UNAVAILABLE = 503
# Nobody is kept from connecting, or from asking whether the server is there.
FREE = frozenset({"initialize", "ping", "server/discover"})
# A stream that listens does no work while nothing happens, so it holds no place of a call.
STREAMING = frozenset({"subscriptions/listen"})
_TOOLS = {tool.name: tool for tool in TOOLS}


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
            if caller is None or READ_SCOPE not in caller.scopes:
                return await call_next(ctx)  # nothing is served to nobody: each handler says so in its own words
            self._require_scope(ctx, caller)
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

    def _require_scope(self, ctx: ServerRequestContext[Any, Any], caller: Caller) -> None:
        """Raise `MCPError` with the challenge of RFC 6750 for a tool whose scope the caller lacks."""
        tool = _find_tool(ctx)
        if tool is None or tool.scope in caller.scopes:
            return
        self.ledger.note(caller, _make_answered(ctx, "insufficient_scope", 0.0, refused=True))
        needed = " ".join(dict.fromkeys((READ_SCOPE, tool.scope)))
        said = f"{tool.name} needs the scope {tool.scope}."
        refuse(ctx, make_challenge(403, "insufficient_scope", said, scope=needed))
        hint = f"`syncd key add --scope {tool.scope}` makes a key that has it."
        raise MCPError(INSUFFICIENT_SCOPE, f"{said} {hint}", {"scope": needed})

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
        tool = _find_tool(ctx)
        return "unknown_tool" if tool is None else tool.name
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


def _find_tool(ctx: ServerRequestContext[Any, Any]) -> Tool | None:
    name = (ctx.params or {}).get("name")
    return _TOOLS.get(name) if ctx.method == "tools/call" and isinstance(name, str) else None


def _get_cost(ctx: ServerRequestContext[Any, Any]) -> int:
    tool = _find_tool(ctx)
    return 1 if tool is None else tool.cost


def _make_refusal(context: ServerRequestContext[Any, Any], error: RetryLater) -> MCPError:
    seconds = max(1, ceil(error.after_seconds))
    status = TOO_MANY_REQUESTS if isinstance(error, Overloaded) and error.code != "overloaded" else UNAVAILABLE
    refuse(context, Refusal(status, (("retry-after", str(seconds)),)))
    said = f"{error.message} {error.hint}".strip()
    return MCPError(RETRY_LATER, f"{said} Retry after {seconds} s.", {"code": error.code, "retryAfterSeconds": seconds})
