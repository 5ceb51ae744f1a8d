"""What who watches the status is told: how one look differs from the one before. Pure: looks come in as JSON objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["servers", "project", "lock", "sync", "removed"]
Shown: TypeAlias = Mapping[str, object]

LOCK_NAMES = frozenset(
    (
        "condition",
        "lockedBy",
        "lockedAt",
        "expiresAt",
        "lockReason",
        "lockKind",
        "lockHost",
        "lockFlags",
        "fence",
        "heartbeatAge",
        "heartbeatAt",
    )
)
SYNC_NAMES = frozenset(("progress",))
# Ages move with every look: they are told with what else changed.
_MOVING_NAMES = frozenset(("heartbeatAge",))
_MOVING_TOP_NAMES = frozenset(("asOf",))


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different now. *project_id* is none for the servers."""

    kind: Kind
    project_id: str | None
    body: Shown


def list_project_changes(before: Mapping[str, Shown], after: Mapping[str, Shown]) -> Iterator[Change]:
    """Yield what is different in *after*, by project id; what is not in it has not been looked at."""
    for project_id, shown in after.items():
        known = before.get(project_id)
        if known is None:
            yield Change("project", project_id, shown)
            continue
        names = {name for name, value in shown.items() if known.get(name) != value} - _MOVING_NAMES
        if names - LOCK_NAMES - SYNC_NAMES:
            yield Change("project", project_id, shown)
            continue
        if names & LOCK_NAMES:
            yield Change("lock", project_id, _pick(shown, LOCK_NAMES))
        if names & SYNC_NAMES:
            yield Change("sync", project_id, _pick(shown, SYNC_NAMES))


def list_removals(before: Mapping[str, Shown], after: Mapping[str, Shown]) -> Iterator[Change]:
    """Yield the projects that are gone from *after*, which is all that there is."""
    for project_id in before.keys() - after.keys():
        yield Change("removed", project_id, _pick(before[project_id], frozenset()))


def is_news(before: Shown | None, after: Shown) -> bool:
    """Return whether the servers stand otherwise than before."""
    return before is None or any(
        before.get(name) != value for name, value in after.items() if name not in _MOVING_TOP_NAMES
    )


def _pick(shown: Shown, names: frozenset[str]) -> Shown:
    return {name: value for name, value in shown.items() if name in names or name in {"id", "name"}}
