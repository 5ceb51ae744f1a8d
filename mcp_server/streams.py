"""The open streams of subscribers: what each asked for, and what waits to be sent to it. Nothing here crosses a tenant."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from mcp.shared.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent

from mcp_server.identity import Caller
from syncd.adapters.postgres.reading.changes import Change
from syncd.adapters.postgres.reading.projects import ReadableProject
from syncd.core.ids import TenantId

SCHEME = "doc://"
MAX_WAITING_EVENTS = 1_024
# Of more documents than these, a subscriber hears only that something below its URI has changed.
MAX_NAMED_DOCUMENTS = 64


@dataclass(frozen=True, slots=True)
class Watched:
    """A subscribed URI: a document, a folder, or with an empty path a whole project."""

    uri: str
    project: str
    path: str

    def holds(self, path: str) -> bool:
        """Return whether *path* is it or stands below it."""
        return self.path in {"", path} or path.startswith(f"{self.path}/")


def parse_watched(uri: str) -> Watched | None:
    """Return what *uri* subscribes to: `doc://project`, `doc://project/folder/`, `doc://project/path`; none for any other."""
    if not uri.startswith(SCHEME):
        return None
    project, _, path = unquote(uri.removeprefix(SCHEME)).strip("/").partition("/")
    return Watched(uri, project, path.strip("/")) if project else None


def make_document_uri(project: str, path: str, *, version: int | None = None) -> str:
    """Return the URI of a document, pinned to *version* where one is given."""
    pinned = "" if version is None else f"@v{version}"
    return f"{SCHEME}{project}/{quote(path)}{pinned}"


@dataclass(slots=True, eq=False)
class Stream:
    """One open stream. *events* waits in order, each event once; full, the stream ends: its reader listens and looks again."""

    caller: Caller
    watched: Sequence[Watched]
    lists: bool
    events: dict[ServerEvent, None] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def put(self, event: ServerEvent) -> None:
        """Have *event* sent."""
        if len(self.events) >= MAX_WAITING_EVENTS:
            self.end()
        if not self.ended:
            self.events[event] = None
            self.wake.set()

    def end(self) -> None:
        """Have the stream end when what waits is sent."""
        self.ended = True
        self.wake.set()

    def take(self) -> Sequence[ServerEvent]:
        """Return what waits, and wait anew."""
        taken = tuple(self.events)
        self.events.clear()
        if not self.ended:
            self.wake.clear()
        return taken


class Streams:
    """Every open stream of this process, by tenant."""

    def __init__(self) -> None:
        self._open: dict[TenantId, set[Stream]] = defaultdict(set)

    def __len__(self) -> int:
        return sum(len(streams) for streams in self._open.values())

    def count(self, tenant_id: TenantId) -> int:
        """Return how many streams of a tenant are open."""
        return len(self._open.get(tenant_id, ()))

    def tenants(self) -> Sequence[TenantId]:
        """Return whose streams are open."""
        return tuple(self._open)

    def add(self, stream: Stream) -> None:
        """Keep an open stream."""
        self._open[stream.caller.tenant_id].add(stream)

    def remove(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        streams = self._open.get(stream.caller.tenant_id, set())
        streams.discard(stream)
        if not streams:
            self._open.pop(stream.caller.tenant_id, None)

    def tell(self, tenant_id: TenantId, project: ReadableProject, changes: Sequence[Change], *, complete: bool) -> None:
        """Put what *changes* of a project mean to each stream of its tenant. Not *complete*: there are more."""
        for stream in self._open.get(tenant_id, ()):
            allowed = stream.caller.project_ids
            if allowed is None or project.project_id in allowed:
                for event in _list_events(stream, project, changes, complete=complete):
                    stream.put(event)

    def end_all(self) -> None:
        """Have every stream end: the server stops."""
        for streams in self._open.values():
            for stream in streams:
                stream.end()


def _list_events(
    stream: Stream, project: ReadableProject, changes: Sequence[Change], *, complete: bool
) -> Iterator[ServerEvent]:
    for watched in stream.watched:
        if watched.project != project.name:
            continue
        paths = [path for change in changes for path in change.paths if watched.holds(path)]
        if not complete or len(paths) > MAX_NAMED_DOCUMENTS or paths == [watched.path]:
            yield ResourceUpdated(watched.uri)
        else:
            yield from (ResourceUpdated(make_document_uri(project.name, path)) for path in paths)
    if stream.lists and (not complete or any(change.kind != "modified" for change in changes)):
        yield ResourcesListChanged()
