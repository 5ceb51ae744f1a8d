"""docs_session: revisions pinned together, and notes that agents of the tenant leave each other."""

import base64
import secrets
from collections.abc import Mapping
from typing import Annotated, Literal, assert_never

from pydantic import AfterValidator, Field

from mcp_server.answers import Answer, Json, Untrusted, ValueAnswer
from mcp_server.arguments import Arguments, Text, require_storable
from mcp_server.calls import Call
from mcp_server.freshness import format_time
from mcp_server.sessions import get_session
from syncd.adapters.postgres.agent_sessions import (
    KEPT_AFTER_EXPIRY,
    AgentSession,
    NewNote,
    NewSession,
    Note,
    NoteOutcome,
    Participant,
    add_note,
    close_session,
    delete_note,
    find_note,
    list_notes,
    list_participants,
    list_pins,
    list_sessions,
    open_session,
)
from syncd.adapters.postgres.pulling import PublishedRevision
from syncd.core.ids import ProjectId
from syncd.errors import NotFound, Rejected

MAX_NOTE_CHARACTERS = 4_000
MAX_ROLE_CHARACTERS = 50
MAX_NOTE_ID_CHARACTERS = 100
NOTES_PAGE = 20
SHOWN_SESSIONS = 20
SHOWN_PARTICIPANTS = 100


NoteText = Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS), AfterValidator(require_storable)]
NoteId = Annotated[str, Field(min_length=1, max_length=MAX_NOTE_ID_CHARACTERS), AfterValidator(require_storable)]
Role = Annotated[str, Field(max_length=MAX_ROLE_CHARACTERS), AfterValidator(require_storable)]


class SessionArguments(Arguments):
    """Arguments of docs_session."""

    action: Literal["open", "show", "note", "delete", "close"]
    session: Annotated[Text | None, Field(description="left out of show: lists the open ones")] = None
    note: NoteText | None = None
    note_id: Annotated[NoteId | None, Field(description="yours: sent twice, noted once")] = None
    reply_to: Annotated[NoteId | None, Field(description="a note_id")] = None
    role: Annotated[Role | None, Field(description="what you are")] = None
    cursor: Text | None = None


async def keep_session(call: Call, arguments: SessionArguments) -> Answer:
    """Open, show, extend or close a session."""
    match arguments.action:
        case "open":
            return await _open(call, arguments)
        case "show":
            return await (_list(call) if arguments.session is None else _show(call, arguments))
        case "note":
            return await _note(call, arguments)
        case "delete":
            return await _delete(call, arguments)
        case "close":
            return await _close(call, arguments)
        case _:
            assert_never(arguments.action)


async def _open(call: Call, arguments: SessionArguments) -> Answer:
    pins = {
        project.project_id: PublishedRevision(project.revision, project.synced_commit, project.synced_at)
        for project in call.projects
        if project.revision
    }
    session = NewSession(
        session_id=f"s-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}",
        key_id=call.caller.key_id,
        role=arguments.role or "",
        project_ids=call.caller.project_ids,
        pins=pins,
        created_at=call.now,
        expires_at=call.now + call.session_rules.lifetime,
        forget_before=call.now - KEPT_AFTER_EXPIRY,
    )
    most = call.session_rules.most_per_tenant
    if not await open_session(call.connection, session, limit=most):
        raise Rejected(
            "too_many_sessions",
            f"The tenant has {most} sessions.",
            hint='Go on with one: docs_session(action="show") lists them, and when each expires.',
        )
    return ValueAnswer(
        {
            "session": session.session_id,
            "expiresAt": format_time(session.expires_at),
            "pins": _describe_pins(call, pins),
            "next": f'Pass at="{session.session_id}" to any tool that takes at; as since, docs_changes tells what has moved.',
        }
    )


async def _list(call: Call) -> Answer:
    found = await list_sessions(call.connection, call.now, limit=call.session_rules.most_per_tenant)
    visible = [session for session in found if session.is_visible(call.caller.project_ids)]
    items: list[Json] = [_describe_session(session) for session in visible[:SHOWN_SESSIONS]]
    return ValueAnswer({"sessions": items, "open": len(visible)})


async def _show(call: Call, arguments: SessionArguments) -> Answer:
    session = await get_session(call, arguments.session)
    purpose = f"docs_session {session.session_id}"
    after = 0 if arguments.cursor is None else int(call.open_cursor(arguments.cursor, purpose=purpose)[0])
    participants = await list_participants(call.connection, session.session_id, limit=SHOWN_PARTICIPANTS)
    notes = await list_notes(call.connection, session.session_id, after=after, limit=NOTES_PAGE + 1)
    shown = notes[:NOTES_PAGE]
    reached = call.seal_cursor([shown[-1].number if shown else after], purpose=purpose)
    whole: dict[str, Json] = {}
    if arguments.cursor is None:
        pins = _describe_pins(call, await list_pins(call.connection, session.session_id))
        whole = {"pins": pins, "participants": [_describe_participant(one) for one in participants]}
    roles = {participant.key_id: participant.role for participant in participants}
    return ValueAnswer(
        {
            **_describe_session(session),
            **whole,
            "integrity": "untrusted",
            "notes": [_describe_note(note, roles) for note in shown],
            "nextCursor": reached if len(notes) > NOTES_PAGE else None,
            "later": reached,
        }
    )


async def _note(call: Call, arguments: SessionArguments) -> Answer:
    session = await get_session(call, arguments.session)
    if not (arguments.note or "").strip():
        raise Rejected("note_required", "A note needs text.", hint='docs_session(action="note", session=…, note=…)')
    note = NewNote(
        session_id=session.session_id,
        note_id=arguments.note_id or f"n-{secrets.token_hex(8)}",
        key_id=call.caller.key_id,
        role=arguments.role,
        reply_to=arguments.reply_to,
        body=arguments.note or "",
        created_at=call.now,
    )
    outcome = await add_note(call.connection, note, limit=call.session_rules.most_notes)
    stored = await find_note(call.connection, session.session_id, note.note_id)
    if outcome not in {"added", "repeated"} or stored is None:
        raise _refuse(outcome, note)
    return ValueAnswer({"session": session.session_id, "note": _describe_note(stored, {})})


def _refuse(outcome: NoteOutcome, note: NewNote) -> Rejected:
    another = 'docs_session(action="open") makes another session.'
    match outcome:
        case "taken":
            said = f"The note_id {note.note_id!r} is that of another note."
            return Rejected("note_taken", said, hint="Choose another note_id.")
        case "closed":
            return Rejected("note_closed", f"The session {note.session_id} is closed.", hint=another)
        case "unanswerable":
            hint = f'docs_session(action="show", session="{note.session_id}") lists the notes.'
            return NotFound("note_unanswerable", f"There is no note {note.reply_to!r} in the session.", hint=hint)
        case "full":
            return Rejected("note_full", f"The session {note.session_id} takes no more notes.", hint=another)
        case "absent" | "added" | "repeated":
            return NotFound("note_absent", f"The session {note.session_id} has ended just now.", hint=another)
        case _:
            assert_never(outcome)


async def _delete(call: Call, arguments: SessionArguments) -> Answer:
    session = await get_session(call, arguments.session)
    note_id = arguments.note_id or ""
    done = await delete_note(call.connection, session.session_id, note_id, key_id=call.caller.key_id, now=call.now)
    if not done:
        raise NotFound(
            "note_not_found",
            f"There is no note {note_id!r} of yours in the session.",
            hint=f'docs_session(action="show", session="{session.session_id}") lists them with their authors.',
        )
    return ValueAnswer({"session": session.session_id, "deleted": note_id})


async def _close(call: Call, arguments: SessionArguments) -> Answer:
    session = await get_session(call, arguments.session)
    if not await close_session(call.connection, session.session_id, key_id=call.caller.key_id, now=call.now):
        raise Rejected(
            "session_not_yours",
            f"The session {session.session_id} was opened by {session.opened_by}, who alone may close it.",
            hint="Leave it: it expires by itself.",
        )
    closed = await get_session(call, session.session_id)
    return ValueAnswer(_describe_session(closed))


def _describe_session(session: AgentSession) -> dict[str, Json]:
    return {
        "session": session.session_id,
        "state": "closed" if session.closed_at else "open",
        "openedBy": session.opened_by,
        "openedAt": format_time(session.created_at),
        "expiresAt": format_time(session.expires_at),
    }


def _describe_pins(call: Call, pins: Mapping[ProjectId, PublishedRevision]) -> list[Json]:
    described: list[Json] = []
    for project in call.projects:
        pin = pins.get(project.project_id)
        if pin is not None:
            behind = {"newestRevision": project.revision} if project.revision != pin.revision else {}
            described.append({"project": project.name, "revision": pin.revision, "commit": pin.commit, **behind})
    return described


def _describe_participant(participant: Participant) -> Json:
    role = {"role": participant.role} if participant.role else {}
    return {"by": participant.key_id, **role, "joinedAt": format_time(participant.joined_at)}


def _describe_note(note: Note, roles: Mapping[str, str]) -> Json:
    values: dict[str, Json] = {
        "note_id": note.note_id,
        "number": note.number,
        "by": note.key_id,
        "role": roles.get(note.key_id) or None,
        "reply_to": note.reply_to,
        "at": format_time(note.created_at),
        # Words of another agent, whoever told it what to write. What was taken back has none.
        "note": None if note.body is None else Untrusted(note.body, f"note {note.number} by {note.key_id}"),
        "deletedAt": format_time(note.deleted_at),
    }
    return {name: value for name, value in values.items() if value is not None}
