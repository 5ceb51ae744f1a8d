"""A run: what one sync of a project did or tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How a run ended. A noop moved at most the commit."""

    CHANGED = "changed"
    NOOP = "noop"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One row of sync_runs. Phases are in milliseconds. *history_rewritten*: the commit does not descend from the one before; none is unknown."""

    outcome: Outcome
    from_commit: str | None
    to_commit: str | None
    tree_sha: str | None
    revision: int
    started_at: datetime
    finished_at: datetime
    added: int = 0
    modified: int = 0
    renamed: int = 0
    deleted: int = 0
    skipped: int = 0
    requests: int = 0
    received_bytes: int = 0
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    error_code: str | None = None
    error_message: str | None = None
    history_rewritten: bool | None = None
