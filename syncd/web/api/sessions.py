"""Signing in and out, and who is signed in."""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field, model_validator

from syncd.core.callers import Caller
from syncd.core.sessions import make_csrf_token
from syncd.errors import Forbidden
from syncd.services.signing_in import (
    Opened,
    change_password,
    refresh_session,
    resolve_session,
    sign_in,
    sign_in_by_link,
    sign_out,
)
from syncd.web.answers import Unauthorized
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.route import Call, Reply
from syncd.web.auth import get_address, refuse_other_sites
from syncd.web.cookies import find_refresh_token, put_cookies, remove_cookies

Password = Annotated[Text, Field(max_length=1000)]


class SignInBody(Asked):
    """Either an e-mail address and a password, or the token of a one-time link."""

    tenant: Annotated[Text, Field(max_length=63, description="The name of the tenant.")] = "default"
    email: Annotated[Text | None, Field(max_length=254)] = None
    password: Password | None = None
    link: Annotated[Text | None, Field(max_length=200, description="What stands after `#link=` in a link.")] = None

    @model_validator(mode="after")
    def check_one_way(self) -> "SignInBody":
        """Refuse a body that says both or neither."""
        if (self.link is None) == (self.email is None or self.password is None):
            raise ValueError("send either email and password, or link")
        return self


class PasswordBody(Asked):
    """A new password, proved by the one before where there is one."""

    current: Password | None = None
    new: Password


class SessionTold(Told):
    """Who is calling."""

    tenant_id: UUID
    tenant: str
    actor: Annotated[str, Field(description="Shown as who did something: the username, or `key:ID`.")]
    kind: Literal["user", "key", "platform"]
    role: Literal["owner", "admin", "member"] | None
    user_id: UUID | None
    scopes: list[str]
    project_ids: Annotated[list[UUID] | None, Field(description="null: every project of the tenant.")]
    csrf_token: Annotated[str | None, Field(description="To be sent as X-CSRF-Token with writes by cookie.")]


async def open_session(call: Call) -> Reply:
    """Sign in."""
    refuse_other_sites(call.site, call.request)
    body = await call.read(SignInBody)
    address = get_address(call.site, call.request)
    if body.link is not None:
        opened = await sign_in_by_link(call.site.door, body.link, address=address)
    else:
        assert body.email is not None  # noqa: S101 - the model says so
        assert body.password is not None  # noqa: S101
        opened = await sign_in(call.site.door, body.tenant, body.email, password=body.password, address=address)
    if opened is None:
        raise make_refused_error()
    return await _tell_opened(call, opened)


async def renew_session(call: Call) -> Reply:
    """Replace the tokens."""
    refuse_other_sites(call.site, call.request, strictly=True)
    text = find_refresh_token(call.request)
    refreshed = None if text is None else await refresh_session(call.site.door, text)
    if refreshed is None:
        raise make_refused_error()
    return Reply(None) if refreshed.opened is None else Reply(None, prepare=_put(call, refreshed.opened))


async def show_session(call: Call) -> Reply:
    """Tell who is calling."""
    return Reply(describe_caller(call.caller))


async def close_session(call: Call) -> Reply:
    """Sign out."""
    session_id = _require_session(call)
    await sign_out(call.site.door, call.caller.tenant_id, session_id)
    return Reply(None, prepare=lambda response: remove_cookies(call.request, response))


async def put_password(call: Call) -> Reply:
    """Change one's own password."""
    _require_session(call)
    body = await call.read(PasswordBody)
    if not await change_password(call.site.door, call.caller, current=body.current, new=body.new):
        raise Forbidden(
            "password_wrong", "This is not the current password.", hint="An admin can make you a sign-in link."
        )
    return Reply(None)


async def _tell_opened(call: Call, opened: Opened) -> Reply:
    caller = await resolve_session(call.site.pool, opened.session, call.site.clock())
    if caller is None:
        raise make_refused_error()  # disabled between the two statements
    return Reply(describe_caller(caller), prepare=_put(call, opened))


def _put(call: Call, opened: Opened) -> Callable[[web.Response], None]:
    def prepare(response: web.Response) -> None:
        put_cookies(call.request, response, opened)

    return prepare


def _require_session(call: Call) -> UUID:
    if call.caller.session_id is None:
        raise Forbidden(
            "session_missing",
            "A key is not signed in.",
            hint="This is for users who signed in; revoke the key instead.",
        )
    return call.caller.session_id


def describe_caller(caller: Caller) -> SessionTold:
    """Return *caller* as it is told."""
    kind: Literal["user", "key", "platform"] = "platform" if caller.is_platform else "key"
    return SessionTold(
        tenant_id=caller.tenant_id,
        tenant=caller.tenant_name,
        actor=caller.actor,
        kind="user" if caller.session_id is not None else kind,
        role=None if caller.role is None else caller.role.value,
        user_id=caller.user_id,
        scopes=sorted(caller.scopes),
        project_ids=None if caller.project_ids is None else sorted(caller.project_ids),
        csrf_token=None if caller.session_id is None else make_csrf_token(caller.session_id),
    )


def make_refused_error() -> Unauthorized:
    """Return the one answer to every way in which signing in fails."""
    return Unauthorized(
        "sign_in_refused",
        "This does not sign you in.",
        hint="Check tenant, e-mail address and password, or ask an admin for a new link: each works once.",
    )
