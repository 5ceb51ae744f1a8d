"""The users of a tenant over REST."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from syncd.adapters.postgres.transactions import reading
from syncd.adapters.postgres.users import get_user, list_users, make_user_not_found
from syncd.core.ids import UserId
from syncd.core.users import EMAIL_MAX_CHARACTERS, Role, User, make_new_user
from syncd.services.users import Link, People, change_user, create_user, make_link
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.route import Call, Reply

RoleName = Literal["owner", "admin", "member"]


class NewUserBody(Asked):
    """A user to be added; the names are made from the address unless they are given."""

    email: Annotated[Text, Field(max_length=EMAIL_MAX_CHARACTERS, json_schema_extra={"format": "email"})]
    username: Annotated[Text | None, Field(pattern=r"^[A-Za-z0-9_]{3,50}$")] = None
    display_name: Annotated[Text | None, Field(min_length=1, max_length=100)] = None
    role: RoleName = "member"


class ChangeUserBody(Asked):
    """What is to be otherwise; what is not named stays."""

    username: Annotated[Text | None, Field(pattern=r"^[A-Za-z0-9_]{3,50}$")] = None
    display_name: Annotated[Text | None, Field(min_length=1, max_length=100)] = None
    role: RoleName | None = None
    active: Annotated[bool | None, Field(description="false signs the user out everywhere, at once.")] = None


class UserTold(Told):
    """A user."""

    user_id: UUID
    email: str
    username: str
    display_name: str
    role: RoleName
    active: bool
    has_password: bool
    last_seen_at: datetime | None
    created_at: datetime


class UsersTold(Told):
    """A page of users, by e-mail address."""

    items: list[UserTold]
    next_cursor: str | None


class LinkTold(UserTold):
    """A user, and the link to sign in with."""

    sign_in_url: Annotated[str | None, Field(description="Works once. null where the answer is given a second time.")]
    sign_in_url_expires_at: datetime


async def show_users(call: Call) -> Reply:
    """List the tenant's users."""
    page = open_page(call, call.ask(PageQuery))
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        found = await list_users(connection, after=page.after, limit=page.rows)
    shown, more = page.cut(found, lambda user: [user.email])
    return Reply(UsersTold(items=[_describe(user) for user in shown], next_cursor=more))


async def add(call: Call) -> Reply:
    """Add a user."""
    body = await call.read(NewUserBody)
    new = make_new_user(body.email, username=body.username, display_name=body.display_name, role=Role(body.role))
    return _tell_link(call, await create_user(_make_people(call), new, by=_get_role(call)))


async def show(call: Call) -> Reply:
    """Tell one user."""
    user_id = _find_id(call)
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        return Reply(_describe(await get_user(connection, user_id)))


async def change(call: Call) -> Reply:
    """Change a user."""
    body = await call.read(ChangeUserBody)
    changed = await change_user(
        _make_people(call),
        _find_id(call),
        username=body.username,
        display_name=body.display_name,
        role=None if body.role is None else Role(body.role),
        active=body.active,
        by=_get_role(call),
    )
    return Reply(_describe(changed))


async def add_link(call: Call) -> Reply:
    """Make a new link to sign in with."""
    return _tell_link(call, await make_link(_make_people(call), _find_id(call), by=_get_role(call)))


def _make_people(call: Call) -> People:
    return People(call.site.pool, call.caller.tenant_id, call.site.clock)


def _get_role(call: Call) -> Role:
    """Return as whom users are managed: a key of the tenant is no owner, whoever runs the installation is."""
    if call.caller.is_platform:
        return Role.OWNER
    return call.caller.role or Role.ADMIN


def _find_id(call: Call) -> UserId:
    user_id = call.find_id("user_id")
    if user_id is None:
        raise make_user_not_found(call.request.match_info["user_id"][:100])
    return UserId(user_id)


def _tell_link(call: Call, link: Link) -> Reply:
    site = call.site.public_url or f"{call.request.scheme}://{call.request.host}"
    user = _describe(link.user)
    return Reply(LinkTold(**user.model_dump(), sign_in_url=link.make_url(site), sign_in_url_expires_at=link.expires_at))


def _describe(user: User) -> UserTold:
    return UserTold(
        user_id=user.user_id,
        email=user.email,
        username=user.username,
        display_name=user.display_name,
        role=Role(user.role).value,
        active=user.active,
        has_password=user.has_password,
        last_seen_at=user.last_seen_at,
        created_at=user.created_at,
    )
