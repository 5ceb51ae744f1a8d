"""Locks over REST: who holds a project, freezing it, ending a lease, and what happened to it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from syncd.core.locks import REASON_MAX_CHARACTERS, Actor
from syncd.services.freezing import (
    LockDesk,
    force_release,
    freeze_project,
    get_lock,
    list_history,
    unfreeze_project,
)
from syncd.services.lock_states import LockState, describe_lock
from syncd.web.answers import get_request_id
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.projects import find_project
from syncd.web.api.route import Call, Reply

Reason = Annotated[Text, Field(min_length=1, max_length=REASON_MAX_CHARACTERS)]


class FreezeBody(Asked):
    """Why, and until when (null: until it is lifted)."""

    reason: Reason
    until: AwareDatetime | None = None


class ForceBody(Asked):
    """Why, and the fence of the holder that is meant: another's lease is not ended."""

    reason: Reason
    expected_fence: Annotated[int, Field(ge=0, le=2**63 - 1)]


class LockFlag(Told):
    """Something odd about a lock."""

    code: str
    message: str


class LockTold(Told):
    """Who holds or froze a project; all null where it is free."""

    locked_by: str | None
    locked_at: datetime | None
    expires_at: datetime | None
    lock_reason: str | None
    lock_kind: str | None
    lock_host: str | None
    fence: int | None
    heartbeat_age: float | None
    lock_flags: list[LockFlag]


class LockEventTold(Told):
    """Something that happened to a lock."""

    event_id: UUID
    at: datetime
    action: str
    actor: str
    reason: str | None
    fence: int | None
    previous_holder: str | None
    request_id: Annotated[str | None, Field(description="Of the request that made it, as the log names it.")]


class LockEventsTold(Told):
    """A page of a lock's history, newest first."""

    items: list[LockEventTold]
    next_cursor: str | None


async def show(call: Call) -> Reply:
    """Tell who holds a project."""
    project = await find_project(call)
    return _tell(call, await get_lock(_make_desk(call), project.project_id))


async def freeze(call: Call) -> Reply:
    """Stop a project's syncs."""
    project = await find_project(call)
    body = await call.read(FreezeBody)
    return _tell(call, await freeze_project(_make_desk(call), project.project_id, reason=body.reason, until=body.until))


async def unfreeze(call: Call) -> Reply:
    """Lift a freeze."""
    project = await find_project(call)
    return _tell(call, await unfreeze_project(_make_desk(call), project.project_id))


async def force(call: Call) -> Reply:
    """End the lease of the holder that is meant."""
    project = await find_project(call)
    body = await call.read(ForceBody)
    state = await force_release(
        _make_desk(call), project.project_id, reason=body.reason, expected_fence=body.expected_fence
    )
    return _tell(call, state)


async def show_history(call: Call) -> Reply:
    """Tell what happened to a lock."""
    query = call.ask(PageQuery)
    project = await find_project(call)
    page = open_page(call, query)
    history = await list_history(_make_desk(call), project.project_id, cursor=page.after, limit=query.limit)
    items = [
        LockEventTold(
            event_id=event.event_id,
            at=event.at,
            action=event.action,
            actor=event.actor,
            reason=event.reason,
            fence=event.fence,
            previous_holder=event.previous_holder,
            request_id=event.request_id,
        )
        for event in history.events
    ]
    more = None if history.next_cursor is None else page.make_cursor([history.next_cursor])
    return Reply(LockEventsTold(items=items, next_cursor=more))


def _make_desk(call: Call) -> LockDesk:
    site, caller = call.site, call.caller
    return LockDesk(
        site.pool,
        site.redis,
        site.rest.locks,
        caller.tenant_id,
        Actor(caller.actor, caller.is_admin),
        site.rest.lease_seconds,
        site.clock,
        get_request_id(call.request),
    )


def _tell(call: Call, state: LockState) -> Reply:
    return Reply(LockTold.model_validate(describe_lock(state, call.site.clock())))
