"""The HTTP side: health, identity before anything is parsed, and for each request the cheaper of JSON and SSE."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import (
    RequestBodyLimitMiddleware,
    TransportSecurityMiddleware,
    TransportSecuritySettings,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from mcp_server.exchange import begin_exchange, make_challenge, refusing
from mcp_server.identity import READ_SCOPE, TOKEN_SCOPES, Caller, KeyVerifier
from mcp_server.limits import Overloaded, WrongKeys
from mcp_server.plain import PlainCalls, open_plain_calls, read_plain_call
from syncd.core.addresses import Network, find_address, name_site
from syncd.errors import RetryLater, SyncdError

MCP_PATH = "/mcp"
METADATA_PATH = "/.well-known/oauth-protected-resource"
FORWARDED_HEADER = "x-forwarded-for"
MAX_REQUEST_BYTES = 256 * 1024
# Only what streams needs SSE; a JSON answer costs half. Found in the raw body, where a false alarm costs no more than that half.
_STREAMING_MARKS = (b'"progressToken"', b'"subscriptions/listen"')

Readiness = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ProtectedResource:
    """What RFC 9728 tells of a server that takes OAuth tokens: the document, where it is, and its address."""

    path: str
    url: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HttpApplication:
    """The ASGI application.

    *check_ready* raises an error of ours while the database cannot serve. *security* is asked before anything else is looked at.
    *wrong_keys* counts them by address, which *trusted_proxies* tell of those that they speak for.
    *resource* is none where API keys are the only way in. *end_streams* has open subscriptions end, which would go on for ever.
    """

    verifier: KeyVerifier
    wrong_keys: WrongKeys
    trusted_proxies: Sequence[Network]
    json_manager: StreamableHTTPSessionManager
    sse_manager: StreamableHTTPSessionManager
    plain_calls: PlainCalls | None
    check_ready: Readiness
    security: TransportSecurityMiddleware
    resource: ProtectedResource | None
    end_streams: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise ValueError(f"this application serves http, not {scope['type']}")
        match scope["path"]:
            case "/livez":
                await JSONResponse({"status": "alive"})(scope, receive, send)
            case "/readyz":
                await (await self._readiness())(scope, receive, send)
            case "/mcp" | "/mcp/":
                await self._serve_mcp(scope, receive, send)
            case path if self.resource is not None and path in {METADATA_PATH, self.resource.path}:
                await self._show_resource(self.resource, Request(scope))(scope, receive, send)
            case _:
                await Response("Not found; MCP is at /mcp.", status_code=404)(scope, receive, send)

    async def _readiness(self) -> Response:
        try:
            await self.check_ready()
        except SyncdError as error:
            return JSONResponse({"status": "unready", "code": error.code, "reason": error.message}, status_code=503)
        return JSONResponse({"status": "ready"})

    def _show_resource(self, resource: ProtectedResource, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        # Meant for everybody, and the same for everybody: clients in browsers read it before they have a token.
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
        return JSONResponse(dict(resource.document), headers=headers)

    async def _serve_mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        # RFC 9110 §5.5: white space around a value is none of it. The parser leaves what follows, and headers are compared with bodies.
        scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        request = Request(scope)
        stranger = await self.security.validate_request(request)
        if stranger is not None:
            await stranger(scope, receive, send)
            return
        try:
            caller = await self._identify_anew(request)
        except RetryLater as error:
            await _postpone(error)(scope, receive, send)
            return
        if caller is None:
            await self._refuse(401, "invalid_token", "A valid API key is required: Authorization: Bearer KEY.")(
                scope, receive, send
            )
            return
        if READ_SCOPE not in caller.scopes:
            await self._refuse(403, "insufficient_scope", f"This key lacks the scope {READ_SCOPE}.")(
                scope, receive, send
            )
            return
        if request.method != "POST":
            # Stateless: there is no session to listen to or to end.
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        exchange = begin_exchange(scope, caller, partial(self._identify, scope))
        await RequestBodyLimitMiddleware(self._serve_body, MAX_REQUEST_BYTES)(scope, receive, refusing(exchange, send))

    def _refuse(self, status: int, error: str, description: str) -> Response:
        metadata_url = None if self.resource is None else self.resource.url
        refusal = make_challenge(status, error, description, scope=READ_SCOPE, metadata_url=metadata_url)
        content = {"error": error, "error_description": description}
        return JSONResponse(content, status_code=status, headers=dict(refusal.headers))

    async def _identify_anew(self, request: Request) -> Caller | None:
        """Return who begins a request. Raises `Overloaded` for whoever has shown too many wrong keys, but for one that was good here."""
        key = _find_key(request.scope)
        if key is None:
            return None
        if not self.verifier.knew(key):
            self.wrong_keys.require_patience(self._find_site(request))
        caller = await self.verifier.find_caller(key)
        if caller is None:
            await self.wrong_keys.note(self._find_site(request))
        return caller

    def _find_site(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        return name_site(find_address(peer, ",".join(request.headers.getlist(FORWARDED_HEADER)), self.trusted_proxies))

    async def _identify(self, scope: Scope) -> Caller | None:
        key = _find_key(scope)
        return None if key is None else await self.verifier.find_caller(key)

    async def _serve_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await receive()  # the limit has read the whole body into one message
        plain = None if self.plain_calls is None else read_plain_call(scope, first.get("body", b""))
        if self.plain_calls is not None and plain is not None:
            await self.plain_calls.answer(plain, scope, send)
            return

        async def replay() -> Message:
            nonlocal first
            message, first = first, {}
            return message or await receive()

        streams = any(mark in first.get("body", b"") for mark in _STREAMING_MARKS)
        await (self.sse_manager if streams else self.json_manager).handle_request(scope, replay, send)


@asynccontextmanager
async def open_application(
    server: Server[dict[str, Any]],
    verifier: KeyVerifier,
    wrong_keys: WrongKeys,
    *,
    trusted_proxies: Sequence[Network],
    security: TransportSecuritySettings,
    check_ready: Readiness,
    resource: ProtectedResource | None,
    end_streams: Callable[[], None],
) -> AsyncIterator[HttpApplication]:
    """Open the application; both managers serve every protocol version without sessions."""
    json_manager, sse_manager = (
        StreamableHTTPSessionManager(
            server,
            json_response=json_response,
            stateless=True,
            security_settings=security,
            max_request_body_size=MAX_REQUEST_BYTES,
        )
        for json_response in (True, False)
    )
    async with json_manager.run(), sse_manager.run():
        yield HttpApplication(
            verifier,
            wrong_keys,
            trusted_proxies,
            json_manager,
            sse_manager,
            open_plain_calls(server),
            check_ready,
            TransportSecurityMiddleware(security),
            resource,
            end_streams,
        )


def make_resource(mcp_url: str | None, issuers: Sequence[str]) -> ProtectedResource | None:
    """Return what RFC 9728 tells of the server at *mcp_url*; none without *issuers*."""
    if mcp_url is None or not issuers:
        return None
    parts = urlsplit(mcp_url)
    path = f"{METADATA_PATH}{parts.path.rstrip('/')}"
    document = {
        "resource": mcp_url,
        "resource_name": "syncd docs",
        "authorization_servers": list(issuers),
        "scopes_supported": sorted(TOKEN_SCOPES),
        "bearer_methods_supported": ["header"],
    }
    return ProtectedResource(path, f"{parts.scheme}://{parts.netloc}{path}", document)


def make_security(
    host: str, *, allowed_hosts: tuple[str, ...], allowed_origins: tuple[str, ...]
) -> TransportSecuritySettings:
    """Return the Host and Origin checks: always on. Without *allowed_hosts* only this machine's names and *host* are served.

    Without them any web page could talk to a server on its reader's machine (DNS rebinding, CVE-2025-66416).
    """
    local = ("127.0.0.1", "localhost", "[::1]")
    listening = () if host in {"", "0.0.0.0", "::"} else (f"[{host}]" if ":" in host else host,)  # noqa: S104 - compared, not bound
    hosts = dict.fromkeys((*local, *listening, *allowed_hosts))
    origins = dict.fromkeys((*(f"http://{name}" for name in (*local, *listening)), *allowed_origins))
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*hosts, *(f"{name}:*" for name in hosts)],
        allowed_origins=[*origins, *(f"{name}:*" for name in origins)],
    )


def _find_key(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, key = value.decode("latin-1").partition(" ")
            return key.strip() if kind.lower() == "bearer" and key else None
    return None


def _postpone(error: RetryLater) -> Response:
    return JSONResponse(
        {"error": error.code, "error_description": error.message},
        status_code=429 if isinstance(error, Overloaded) else 503,
        headers={"Retry-After": str(ceil(error.after_seconds))},
    )
