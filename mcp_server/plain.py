"""Plain calls of tools over HTTP, answered beside the SDK's machinery: most of what that costs is for what a plain call does not need.

What is not plain in any way, the SDK reads and answers; what is plain is answered with the very bytes that the SDK would send.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from mcp.server import Server, ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.server.runner import modern_error_data
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
    CallToolRequestParams,
    CallToolResult,
    ErrorData,
    JSONRPCError,
    JSONRPCResponse,
)
from mcp_types.methods import serialize_server_result
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from opentelemetry import trace
from pydantic_core import from_json
from starlette.requests import Request
from starlette.types import Scope, Send

from mcp_server.calls import report_to_nobody
from mcp_server.registry import TOOLS

logger = logging.getLogger("mcp_server.plain")

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_METHOD = "tools/call"
_TOOL_NAMES = frozenset(tool.name for tool in TOOLS)
_ACCEPTED = frozenset({b"application/json, text/event-stream", b"text/event-stream, application/json", b"*/*"})
_OLDER_VERSIONS = {version.encode(): version for version in HANDSHAKE_PROTOCOL_VERSIONS}
_MODERN_VERSION = LATEST_MODERN_VERSION.encode()
_ENVELOPE = {"jsonrpc", "id", "method", "params"}
_PARAMS = {"name", "arguments", "_meta"}
_META = {PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY}
_CLIENT_INFO = {"name", "title", "version"}
_NO_CLIENT = {"name": "", "version": ""}
_SCALARS = (str, int, float, bool, type(None))
_MOST_ID = 2**53
_MOST_ID_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class PlainCall:
    """A call of one of our tools that needs nothing but its answer."""

    request_id: int | str
    version: str
    params: Mapping[str, Any]


def read_plain_call(scope: Scope, body: bytes) -> PlainCall | None:
    """Return what a POST calls where it is plain: each header once and as clients write them, a body without anything beside the call."""
    headers = dict(scope["headers"])
    if (
        len(headers) != len(scope["headers"])
        or headers.get(b"content-type") != b"application/json"
        or headers.get(b"accept") not in _ACCEPTED
        or any(name.startswith(b"mcp-param-") for name in headers)
    ):
        return None
    message = _parse(body)
    if message is None:
        return None
    request_id, params = message["id"], message["params"]
    version = headers.get(b"mcp-protocol-version", b"")
    if version == _MODERN_VERSION:
        named = headers.get(b"mcp-method") == _METHOD.encode() and headers.get(b"mcp-name") == params["name"].encode()
        return (
            PlainCall(request_id, LATEST_MODERN_VERSION, params)
            if named and _is_plain_meta(params.get("_meta"))
            else None
        )
    older = _OLDER_VERSIONS.get(version)
    return None if older is None or "_meta" in params else PlainCall(request_id, older, params)


def _parse(body: bytes) -> dict[str, Any] | None:
    # Escaped halves of pairs are text to one of the SDK's two parsers and an error to the other.
    if b"\\ud" in body or b"\\uD" in body:
        return None
    try:
        message = from_json(body)
    except ValueError:
        return None
    match message:
        case {"jsonrpc": "2.0", "id": int() | str() as request_id, "method": "tools/call", "params": dict() as params}:
            plain = message.keys() == _ENVELOPE and _is_plain_id(request_id) and _are_plain_params(params)
            return message if plain else None
        case _:
            return None


def _is_plain_id(request_id: int | str) -> bool:
    if isinstance(request_id, str):
        return request_id.isascii() and request_id.isprintable() and len(request_id) <= _MOST_ID_CHARACTERS
    return not isinstance(request_id, bool) and abs(request_id) < _MOST_ID


def _are_plain_params(params: dict[str, Any]) -> bool:
    arguments, name = params.get("arguments"), params.get("name")
    return (
        params.keys() <= _PARAMS
        and isinstance(name, str)
        and name in _TOOL_NAMES
        and isinstance(arguments, dict)
        and all(_is_plain_value(value) for value in arguments.values())
    )


def _is_plain_value(value: object) -> bool:
    return isinstance(value, _SCALARS) or (isinstance(value, list) and all(isinstance(one, _SCALARS) for one in value))


def _is_plain_meta(meta: object) -> bool:
    if not isinstance(meta, dict) or not meta.keys() <= _META:
        return False
    client = meta.get(CLIENT_INFO_META_KEY, _NO_CLIENT)
    return (
        meta.get(PROTOCOL_VERSION_META_KEY) == LATEST_MODERN_VERSION
        and meta.get(CLIENT_CAPABILITIES_META_KEY) == {}
        and isinstance(client, dict)
        and _NO_CLIENT.keys() <= client.keys() <= _CLIENT_INFO
        and all(isinstance(value, str) for value in client.values())
    )


class _SilentSession:
    """What a handler tells a client by the way: this one has not asked to hear of progress, so the SDK would not tell it either."""

    report_progress = staticmethod(report_to_nobody)


_SILENT = _SilentSession()


@dataclass(frozen=True, slots=True)
class PlainCalls:
    """Answers plain calls by the handler and the middleware of *server*. *stamp* is what it says of itself in each answer."""

    server: Server[dict[str, Any]]
    stamp: Mapping[str, Any]

    async def answer(self, call: PlainCall, scope: Scope, send: Send) -> None:
        """Answer a call, as the SDK would have."""
        context: ServerRequestContext[Any, Any] = ServerRequestContext(
            session=cast("Any", _SILENT),
            lifespan_context={},
            method=_METHOD,
            params=call.params,
            request_id=call.request_id,
            meta=None,
            protocol_version=call.version,
            request=Request(scope),
        )
        handle: CallNext = self._handle
        for middleware in reversed(self.server.middleware[1:]):  # the first is the SDK's, for traces
            handle = partial(middleware, call_next=handle)
        try:
            result = await handle(context)
        except MCPError as error:
            await _send_error(send, call, error.error)
            return
        except Exception as error:  # as the SDK does: the log gets the trace, a client an internal error
            logger.exception("plain_call_failed")
            await _send_error(send, call, modern_error_data(error))
            return
        await _send(send, 200, call, self._write(call, cast("CallToolResult", result)))

    async def _handle(self, context: ServerRequestContext[Any, Any]) -> HandlerResult:
        entry = self.server.get_request_handler(_METHOD)
        assert entry is not None  # noqa: S101 - it is ours
        params = CallToolRequestParams.model_validate(context.params, by_name=False)
        return await entry.handler(context, params)

    def _write(self, call: PlainCall, result: CallToolResult) -> bytes:
        modern = call.version == LATEST_MODERN_VERSION
        wire = _dump(result, call.version)
        if modern:
            wire["_meta"] = {**wire.get("_meta", {}), SERVER_INFO_META_KEY: self.stamp}
            message = {"jsonrpc": "2.0", "id": call.request_id, "result": wire}
            return _ENCODER.encode(message).encode()
        response = JSONRPCResponse(jsonrpc="2.0", id=call.request_id, result=wire)
        return response.model_dump_json(by_alias=True, exclude_unset=True).encode()


def _dump(result: CallToolResult, version: str) -> dict[str, Any]:
    """Return the result as it goes out: texts alone are the same in every version but for the type of a result."""
    if (
        result.structured_content is None
        and result.meta is None
        and all(item.type == "text" for item in result.content)
    ):
        content = [{"text": cast("Any", item).text, "type": "text"} for item in result.content]
        kind = {"resultType": "complete"} if version == LATEST_MODERN_VERSION else {}
        return {"content": content, "isError": result.is_error, **kind}
    dumped = result.model_dump(by_alias=True, mode="json", exclude_none=True)
    return serialize_server_result(_METHOD, version, dumped)


async def _send_error(send: Send, call: PlainCall, error: ErrorData) -> None:
    message = JSONRPCError(jsonrpc="2.0", id=call.request_id, error=error)
    if call.version == LATEST_MODERN_VERSION:
        wire = message.model_dump(mode="json", by_alias=True, exclude_none=True)
        body = _ENCODER.encode(wire).encode()
        await _send(send, ERROR_CODE_HTTP_STATUS.get(error.code, 200), call, body)
    else:
        await _send(send, 200, call, message.model_dump_json(by_alias=True, exclude_unset=True).encode())


async def _send(send: Send, status: int, call: PlainCall, body: bytes) -> None:
    kind, length = (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())
    headers = [length, kind] if call.version == LATEST_MODERN_VERSION else [kind, length]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def open_plain_calls(server: Server[dict[str, Any]]) -> PlainCalls | None:
    """Return what answers plain calls of *server*; none where requests are traced: the SDK makes the spans."""
    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    return PlainCalls(server, server.server_info_stamp)
