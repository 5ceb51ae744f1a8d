"""How far a running sync is: a phase that only moves forward, and how many blobs of how many are in."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, get_args

Phase: TypeAlias = Literal["gather", "plan", "fetch", "chunk", "apply"]
PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True, slots=True)
class Progress:
    """One running sync. *total* counts the blobs that it fetches; 0 until that is known."""

    started_at: datetime
    phase: Phase = "gather"
    done: int = 0
    total: int = 0


def enter_phase(progress: Progress, phase: Phase) -> Progress:
    """Return *progress* in *phase*, or as it is where it is beyond: fetching and cutting go on side by side."""
    return replace(progress, phase=phase) if PHASES.index(phase) > PHASES.index(progress.phase) else progress
