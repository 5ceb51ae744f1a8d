"""The table of contents of the REST interface: every route, who may call it, what it takes and answers."""

from syncd.web.api import sessions
from syncd.web.api.route import Access, Route

API = "/api/v1"

ROUTES = (
    Route(
        method="POST",
        path=f"{API}/session",
        handler=sessions.open_session,
        summary="Sign in",
        access=Access.OPEN,
        body=sessions.SignInBody,
        answer=sessions.SessionTold,
        status=201,
        errors=(401, 403, 429),
    ),
    Route(
        method="POST",
        path=f"{API}/session/refresh",
        handler=sessions.renew_session,
        summary="Replace the tokens of the session by the refresh token in its cookie",
        access=Access.OPEN,
        status=204,
        errors=(401, 403),
    ),
    Route(
        method="GET",
        path=f"{API}/session",
        handler=sessions.show_session,
        summary="Who is calling",
        scope=None,
        answer=sessions.SessionTold,
    ),
    Route(
        method="DELETE",
        path=f"{API}/session",
        handler=sessions.close_session,
        summary="Sign out",
        scope=None,
        status=204,
    ),
    Route(
        method="PUT",
        path=f"{API}/session/password",
        handler=sessions.put_password,
        summary="Change one's own password; the other sessions end",
        scope=None,
        body=sessions.PasswordBody,
        status=204,
        errors=(429,),
    ),
)
