"""Sessions of agents: pinned revisions and a log of notes. Every write is one definer function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.pulling import PublishedRevision
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId

_OPEN_SESSION = load_statement("agent_sessions/open_session")
_ADD_NOTE = load_statement("agent_sessions/add_note")
_DELETE_NOTE = load_statement("agent_sessions/delete_note")
_CLOSE_SESSION = load_statement("agent_sessions/close_session")
_FIND_SESSION = load_statement("agent_sessions/find_session")
_LIST_SESSIONS = load_statement("agent_sessions/list_sessions")
_LIST_PINS = load_statement("agent_sessions/list_pins")
_LIST_PARTICIPANTS = load_statement("agent_sessions/list_participants")
_LIST_NOTES = load_statement("agent_sessions/list_notes")
_FIND_NOTE = load_statement("agent_sessions/find_note")

# An expired session is kept so long for nobody.
KEPT_AFTER_EXPIRY = timedelta(days=1)

NoteOutcome: TypeAlias = Literal["added", "repeated", "taken", "closed", "unanswerable", "full", "absent"]


@dataclass(frozen=True, slots=True)
class AgentSession:
    """A session. *project_ids* are those to which the key of who opened it was narrowed, or none."""

    session_id: str
    opened_by: str
    project_ids: Sequence[ProjectId] | None
    created_at: datetime
    expires_at: datetime
    closed_at: datetime | None

    def is_visible(self, allowed: frozenset[ProjectId] | None) -> bool:
        """Return whether a key that opens the *allowed* projects (none: all) sees it: it must open each of the session's."""
        return allowed is None or (self.project_ids is not None and allowed.issuperset(self.project_ids))


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open."""

    session_id: str
    key_id: str
    role: str
    project_ids: frozenset[ProjectId] | None
    pins: Mapping[ProjectId, PublishedRevision]
    created_at: datetime
    expires_at: datetime
    forget_before: datetime


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to add. No *role*: it stays what it was."""

    session_id: str
    note_id: str
    key_id: str
    role: str | None
    reply_to: str | None
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    """Who opened a session or wrote in it."""

    key_id: str
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """A note of a session; its body is none once it was taken back."""

    note_id: str
    number: int
    key_id: str
    reply_to: str | None
    body: str | None
    created_at: datetime
    deleted_at: datetime | None


async def open_session(connection: Connection, session: NewSession, *, limit: int) -> bool:
    """Open a session, and forget those that expired before its *forget_before*. False: the tenant has *limit* already."""
    pins = session.pins
    return bool(
        await connection.fetchval(
            _OPEN_SESSION,
            session.session_id,
            session.key_id,
            session.role,
            None if session.project_ids is None else list(session.project_ids),
            list(pins),
            [pin.revision for pin in pins.values()],
            [pin.commit for pin in pins.values()],
            [pin.synced_at for pin in pins.values()],
            session.created_at,
            session.expires_at,
            session.forget_before,
            limit,
        )
    )


async def add_note(connection: Connection, note: NewNote, *, limit: int) -> NoteOutcome:
    """Add a note to a session that has fewer than *limit*, and its author to the participants; say what became of it."""
    outcome: NoteOutcome = await connection.fetchval(
        _ADD_NOTE,
        note.session_id,
        note.note_id,
        note.key_id,
        note.role,
        note.reply_to,
        note.body,
        note.created_at,
        limit,
    )
    return outcome


async def delete_note(connection: Connection, session_id: str, note_id: str, *, key_id: str, now: datetime) -> bool:
    """Take back a note of this key. False: it has no such note."""
    return bool(await connection.fetchval(_DELETE_NOTE, session_id, note_id, key_id, now))


async def close_session(connection: Connection, session_id: str, *, key_id: str, now: datetime) -> bool:
    """Close a session that this key opened. False: it opened no such session."""
    return bool(await connection.fetchval(_CLOSE_SESSION, session_id, key_id, now))


async def find_session(connection: Connection, session_id: str, now: datetime) -> AgentSession | None:
    """Return a session that has not expired, or none."""
    row = await connection.fetchrow(_FIND_SESSION, session_id, now)
    return None if row is None else AgentSession(**row)


async def list_sessions(connection: Connection, now: datetime, *, limit: int) -> Sequence[AgentSession]:
    """Return at most *limit* open sessions of the tenant, newest first."""
    return tuple(AgentSession(**row) for row in await connection.fetch(_LIST_SESSIONS, now, limit))


async def list_pins(connection: Connection, session_id: str) -> Mapping[ProjectId, PublishedRevision]:
    """Return the revisions that a session reads."""
    rows = await connection.fetch(_LIST_PINS, session_id)
    return {row["project_id"]: PublishedRevision(row["revision"], row["commit"], row["synced_at"]) for row in rows}


async def list_participants(connection: Connection, session_id: str, *, limit: int) -> Sequence[Participant]:
    """Return the first *limit* who took part in a session."""
    return tuple(Participant(**row) for row in await connection.fetch(_LIST_PARTICIPANTS, session_id, limit))


async def list_notes(connection: Connection, session_id: str, *, after: int, limit: int) -> Sequence[Note]:
    """Return at most *limit* notes of a session beyond number *after*, in order."""
    return tuple(Note(**row) for row in await connection.fetch(_LIST_NOTES, session_id, after, limit))


async def find_note(connection: Connection, session_id: str, note_id: str) -> Note | None:
    """Return a note, or none."""
    row = await connection.fetchrow(_FIND_NOTE, session_id, note_id)
    return None if row is None else Note(**row)
