"""API keys over REST: nobody makes a key that may do more than its maker."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from syncd.adapters.postgres.keys import StoredKey, list_keys_by_id, make_key_not_found, revoke_key
from syncd.adapters.postgres.projects import list_project_ids
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import ProjectId
from syncd.core.keys import is_key_id
from syncd.errors import BadUsage, Forbidden
from syncd.services.keys import OVERLAP, KeyRequest, MadeKey, create_key, rotate_key
from syncd.services.projects import make_project_not_found
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.route import Call, Reply

Scope = Literal["docs:read", "docs:sync", "locks:write", "admin"]
EXPIRES_MAX_DAYS = 3650
OVERLAP_MAX_HOURS = 24 * 30


class NewKeyBody(Asked):
    """A key to be made."""

    name: Annotated[Text, Field(min_length=1, max_length=100)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=4)] = ("docs:read",)
    project_ids: Annotated[list[UUID] | None, Field(max_length=1000, description="null: every project.")] = None
    expires_days: Annotated[int | None, Field(ge=1, le=EXPIRES_MAX_DAYS)] = None


class RotateBody(Asked):
    """How long the key goes on working beside its successor."""

    overlap_hours: Annotated[float, Field(ge=0, le=OVERLAP_MAX_HOURS)] = OVERLAP.total_seconds() / 3600


class KeyTold(Told):
    """A key, without its secret."""

    key_id: str
    name: str
    scopes: list[str]
    project_ids: list[UUID] | None
    active: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class KeysTold(Told):
    """A page of keys, by id."""

    items: list[KeyTold]
    next_cursor: str | None


class MadeKeyTold(Told):
    """A key that was made. Its secret is told this once."""

    key_id: str
    api_key: Annotated[str | None, Field(description="What to send. null where the answer is given a second time.")]
    name: str
    scopes: list[str]
    project_ids: list[UUID] | None
    expires_at: datetime | None


async def show_keys(call: Call) -> Reply:
    """List the tenant's keys."""
    page = open_page(call, call.ask(PageQuery))
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        found = await list_keys_by_id(connection, after=page.after, limit=page.rows)
    shown, more = page.cut(found, lambda key: [key.key_id])
    return Reply(KeysTold(items=[_describe(key) for key in shown], next_cursor=more))


async def add(call: Call) -> Reply:
    """Make a key."""
    body = await call.read(NewKeyBody)
    caller, now = call.caller, call.site.clock()
    beyond = set(body.scopes) - caller.scopes
    if beyond:
        raise Forbidden(
            "scope_missing",
            f"You lack the scope {', '.join(sorted(beyond))}, so your keys cannot have it.",
            hint="Name scopes that you have: GET /api/v1/session tells them.",
        )
    await _require_projects(call, body.project_ids)
    wanted = KeyRequest(
        name=body.name,
        environment=call.site.rest.key_environment,
        scopes=sorted(set(body.scopes)),
        project_ids=None if body.project_ids is None else [ProjectId(one) for one in body.project_ids],
        expires_at=None if body.expires_days is None else now + timedelta(days=body.expires_days),
    )
    return Reply(_describe_made(await create_key(call.site.pool, caller.tenant_id, wanted)))


async def rotate(call: Call) -> Reply:
    """Make the successor of a key."""
    body = await call.read(RotateBody)
    made = await rotate_key(
        call.site.pool,
        call.caller.tenant_id,
        _get_key_id(call),
        environment=call.site.rest.key_environment,
        now=call.site.clock(),
        overlap=timedelta(hours=body.overlap_hours),
    )
    return Reply(_describe_made(made))


async def revoke(call: Call) -> Reply:
    """End a key."""
    await revoke_key(call.site.pool, call.caller.tenant_id, _get_key_id(call))
    return Reply(None)


def _get_key_id(call: Call) -> str:
    key_id = call.request.match_info["key_id"]
    if not is_key_id(key_id):
        raise make_key_not_found(key_id)
    return key_id


async def _require_projects(call: Call, project_ids: list[UUID] | None) -> None:
    """Raise `NotFound` for a project that the tenant does not have, `BadUsage` for an empty list, which would open nothing."""
    if project_ids is None:
        return
    if not project_ids:
        raise BadUsage("key_opens_nothing", "A key of no project opens nothing.", hint="Name projects, or send null.")
    async with reading(call.site.pool, call.caller.tenant_id) as connection:
        known = set(await list_project_ids(connection))
    for project_id in project_ids:
        if project_id not in known:
            raise make_project_not_found(str(project_id))


def _describe(key: StoredKey) -> KeyTold:
    return KeyTold(
        key_id=key.key_id,
        name=key.name,
        scopes=sorted(key.scopes),
        project_ids=None if key.project_ids is None else sorted(key.project_ids),
        active=key.active,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        created_at=key.created_at,
    )


def _describe_made(made: MadeKey) -> MadeKeyTold:
    wanted = made.wanted
    return MadeKeyTold(
        key_id=made.key_id,
        api_key=made.text,
        name=wanted.name,
        scopes=list(wanted.scopes),
        project_ids=None if wanted.project_ids is None else list(wanted.project_ids),
        expires_at=wanted.expires_at,
    )
