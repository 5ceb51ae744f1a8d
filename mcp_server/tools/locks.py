"""docs_lock: who holds or froze a project; freeze it, and lift the freeze. A definer function decides, the daemon tells Redis."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_server.answers import Answer, ErrorAnswer, ValueAnswer
from mcp_server.arguments import Arguments, Text
from mcp_server.calls import Call
from mcp_server.freshness import freshness_values, lock_values
from mcp_server.identity import Caller
from syncd.adapters.postgres.freezes import freeze_project, unfreeze_project, wait_for_holder
from syncd.adapters.postgres.reading.projects import ReadableProject, list_projects
from syncd.adapters.postgres.transactions import name_request
from syncd.core.locks import Actor, parse_reason, parse_until

ADMIN_SCOPE = "admin"


class LockArguments(Arguments):
    """Arguments of docs_lock."""

    project: Text
    action: Literal["show", "freeze", "unfreeze"]
    reason: Annotated[Text | None, Field(description="freeze: why; everybody is told")] = None
    until: Annotated[Text | None, Field(description="freeze: a time, or 30m, 2h, 3d; else until it is lifted")] = None


async def change_lock(call: Call, arguments: LockArguments) -> Answer:
    """Do what is asked, and answer how the lock stands then."""
    project = call.get_project(arguments.project)
    actor = make_actor(call.caller)
    match arguments.action:
        case "show":
            return _show(project, "nothing")
        case "freeze":
            if arguments.reason is None:
                return ErrorAnswer(
                    'docs_lock: a freeze needs a reason. Call docs_lock(project, action="freeze", reason="…").'
                )
            reason = parse_reason(arguments.reason)
            until = parse_until(arguments.until, call.now) if arguments.until is not None else None
            await _begin(call)
            await freeze_project(call.connection, project.project_id, actor, reason=reason, until=until)
        case "unfreeze":
            await _begin(call)
            await unfreeze_project(call.connection, project.project_id, actor)
    (after,) = await list_projects(call.connection, allowed=frozenset({project.project_id}))
    unchanged = (after.is_frozen, after.frozen_at) == (project.is_frozen, project.frozen_at)
    return _show(after, "nothing" if unchanged else "frozen" if after.is_frozen else "unfrozen")


def make_actor(caller: Caller) -> Actor:
    """Return under which name a key freezes: its id, which operators find in `syncd key list`."""
    return Actor(f"key {caller.key_id}", is_admin=ADMIN_SCOPE in caller.scopes)


async def _begin(call: Call) -> None:
    """Let this call change a lock: it may wait for whoever writes, and the history tells which call it was."""
    await wait_for_holder(call.connection)
    if call.request_id is not None:
        await name_request(call.connection, str(call.request_id))


def _show(project: ReadableProject, changed: str) -> Answer:
    return ValueAnswer({**freshness_values(project), "lock": lock_values(project), "changed": changed})
