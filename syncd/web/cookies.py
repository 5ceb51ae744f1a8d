"""The two cookies of a session. Script cannot read them, other sites cannot send them, and only https or this machine carries them."""

from aiohttp import web

from syncd.core.sessions import IDLE, SESSION
from syncd.services.signing_in import Opened

SESSION_COOKIE = "syncd_session"
REFRESH_COOKIE = "syncd_refresh"
# The refresh token goes only to where it is used.
REFRESH_PATH = "/api/v1/session"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def find_session_token(request: web.Request) -> str | None:
    """Return the session token of the request's cookie."""
    return request.cookies.get(_name(request, SESSION_COOKIE))


def find_refresh_token(request: web.Request) -> str | None:
    """Return the refresh token of the request's cookie."""
    return request.cookies.get(_name(request, REFRESH_COOKIE))


def put_cookies(request: web.Request, response: web.Response, opened: Opened) -> None:
    """Give a browser the tokens of its session."""
    _put(request, response, SESSION_COOKIE, opened.session, path="/", seconds=SESSION.total_seconds())
    _put(request, response, REFRESH_COOKIE, opened.refresh, path=REFRESH_PATH, seconds=IDLE.total_seconds())


def remove_cookies(request: web.Request, response: web.Response) -> None:
    """Take the cookies from a browser."""
    _put(request, response, SESSION_COOKIE, "", path="/", seconds=0)
    _put(request, response, REFRESH_COOKIE, "", path=REFRESH_PATH, seconds=0)


def _put(request: web.Request, response: web.Response, name: str, value: str, *, path: str, seconds: float) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        path=path,
        max_age=int(seconds),
        httponly=True,
        samesite="Strict",
        secure=_is_secure(request),
    )


def _name(request: web.Request, name: str) -> str:
    # A browser takes a cookie of this prefix only from https, so that nobody on the way can plant one.
    return f"__Secure-{name}" if _is_secure(request) else name


def _is_secure(request: web.Request) -> bool:
    """Return whether cookies are for https only. The proxy that speaks TLS may call us by http, so our own scheme says nothing."""
    host, _, port = request.host.rpartition(":")
    return (host if port.isdecimal() and host else request.host) not in _LOOPBACK
