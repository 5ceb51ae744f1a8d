"""One HTTP exchange, as both its ends know it: who asks, and with which status a refusal leaves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mcp.server import ServerRequestContext
from starlette.types import Message, Scope, Send

from mcp_server.identity import Caller

_EXCHANGE = "syncd.exchange"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The status and headers that say over HTTP what the error of the protocol says in words."""

    status: int
    headers: tuple[tuple[str, str], ...]


def make_challenge(
    status: int, error: str, description: str, *, scope: str, metadata_url: str | None = None
) -> Refusal:
    """Return the refusal of RFC 6750: what is missing, and by RFC 9728 where it can be had."""
    parts = [f'error="{error}"', f'error_description="{description}"', f'scope="{scope}"']
    if metadata_url is not None:
        parts.append(f'resource_metadata="{metadata_url}"')
    return Refusal(status, (("www-authenticate", f"Bearer {', '.join(parts)}"),))


@dataclass(slots=True)
class Exchange:
    """What a request and its answer share."""

    caller: Caller
    identify: Callable[[], Awaitable[Caller | None]]
    refusal: Refusal | None = None


def begin_exchange(scope: Scope, caller: Caller, identify: Callable[[], Awaitable[Caller | None]]) -> Exchange:
    """Note in *scope* whose request it is; *identify* says whose it still is a while later."""
    exchange = Exchange(caller, identify)
    scope[_EXCHANGE] = exchange
    return exchange


async def identify_request(context: ServerRequestContext) -> Caller | None:
    """Return whose HTTP request a context is: what this very request proved, nothing remembered of another."""
    exchange = _find_exchange(context)
    return None if exchange is None else exchange.caller


async def identify_again(context: ServerRequestContext) -> Caller | None:
    """Return whose a context still is: none once its key is revoked or has expired. Raises `RetryLater`: nobody could say."""
    exchange = _find_exchange(context)
    return None if exchange is None else await exchange.identify()


def refuse(context: ServerRequestContext, refusal: Refusal) -> None:
    """Let the answer leave with the status and headers of *refusal*, where there is HTTP and nothing has left yet."""
    exchange = _find_exchange(context)
    if exchange is not None:
        exchange.refusal = refusal


def refusing(exchange: Exchange, send: Send) -> Send:
    """Return *send*, with the status and headers of the exchange's refusal once there is one."""

    async def send_refused(message: Message) -> None:
        refusal = exchange.refusal
        if refusal is not None and message["type"] == "http.response.start":
            added = [(name.encode(), value.encode()) for name, value in refusal.headers]
            message = {**message, "status": refusal.status, "headers": [*message["headers"], *added]}
        await send(message)

    return send_refused


def _find_exchange(context: ServerRequestContext) -> Exchange | None:
    request: Any = context.request
    exchange: Exchange | None = None if request is None else request.scope.get(_EXCHANGE)
    return exchange
