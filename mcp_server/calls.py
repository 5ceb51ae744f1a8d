"""One call of a tool: who calls, in which transaction, with which projects in view."""

import difflib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from mcp_server.answers import Answer
from mcp_server.identity import Caller
from syncd.adapters.postgres.connections import Connection, Pool
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.adapters.postgres.standing import Standing
from syncd.core.cursors import CursorSealer
from syncd.core.meaning import NO_HELPERS, Helpers
from syncd.errors import NotFound

SHOWN_NAMES = 20


class Report(Protocol):
    """Tells the client how far its call is, where it asked for that; *progress* rises from one to the next."""

    async def __call__(self, progress: float, total: float | None = None, message: str | None = None) -> None: ...


async def report_to_nobody(progress: float, total: float | None = None, message: str | None = None) -> None:
    """Tell nobody: this request has no progress."""


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long a session is there, how many a tenant has, and how many notes one holds."""

    lifetime: timedelta
    most_per_tenant: int
    most_notes: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, for what one statement answers: it is its own transaction. People see repositories at *web_url*."""

    caller: Caller
    standing: Standing
    web_url: str


@dataclass(frozen=True, slots=True)
class Later:
    """An answer that is waited for once the transaction of its call has ended: whoever waits long holds no connection meanwhile."""

    wait: Callable[[], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with. *connection* is in a transaction that sees the caller's tenant alone, read-only but for tools that write.

    *projects* are those that the caller's key opens: a handler reads of no other. *pool* is for what is looked at once that has ended.
    *helpers* are the models that searches may ask; *report* tells the client how far a call is that takes long.
    *request_id* is the call's own, as the log and the ledger name it.
    """

    caller: Caller
    connection: Connection
    projects: Sequence[ReadableProject]
    cursors: CursorSealer
    now: datetime
    pool: Pool
    session_rules: SessionRules
    helpers: Helpers = NO_HELPERS
    report: Report = report_to_nobody
    request_id: UUID | None = None

    def seal_cursor(self, position: list[str | int], *, purpose: str) -> str:
        """Return a cursor that only this tenant can use, for the same *purpose*."""
        return self.cursors.seal(position, tenant_id=self.caller.tenant_id, purpose=purpose)

    def open_cursor(self, cursor: str, *, purpose: str) -> list[str | int]:
        """Return the position of a cursor. Raises `Rejected` for one that is not this tenant's or not of this call."""
        return self.cursors.open(cursor, tenant_id=self.caller.tenant_id, purpose=purpose)

    def find_project(self, name: str) -> ReadableProject | None:
        """Return the project of this name, letter case aside where that is unambiguous."""
        exact = [project for project in self.projects if project.name == name]
        folded = [project for project in self.projects if project.name.casefold() == name.casefold()]
        found = exact or folded
        return found[0] if len(found) == 1 else None

    def get_project(self, name: str) -> ReadableProject:
        """Return the project of this name. Raises `NotFound` naming the nearest ones, the same whether absent or not yours."""
        project = self.find_project(name.strip().strip("/"))
        if project is None:
            raise NotFound("project_not_found", f"There is no project {name[:100]!r}.", hint=self._hint_projects(name))
        return project

    def _hint_projects(self, wanted: str) -> str:
        names = [project.name for project in self.projects]
        if not names:
            return "Your key opens no project yet; docs_projects() lists them."
        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
        shown = ", ".join(near or names[:SHOWN_NAMES])
        said = f"Did you mean: {shown}?" if near else f"There are: {shown}."
        return f"{said} Call docs_projects() for all."
