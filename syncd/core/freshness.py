"""How long a change of the source waited until readers saw it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from syncd.core.runs import Outcome, Run


@dataclass(frozen=True, slots=True)
class FreshnessPoint:
    """A run at its end. *seconds*: since the first look that saw the change, also one that failed; none where this one failed."""

    at: datetime
    seconds: float | None


def list_freshness(runs: Iterable[Run]) -> Iterator[FreshnessPoint]:
    """Yield a point for each of *runs* (oldest first) that published documents or failed to."""
    seen_at: datetime | None = None
    for run in runs:
        if run.outcome is Outcome.FAILED:
            seen_at = seen_at or run.started_at
            yield FreshnessPoint(run.finished_at, None)
            continue
        if run.outcome is Outcome.CHANGED:
            waited = run.finished_at - (seen_at or run.started_at)
            yield FreshnessPoint(run.finished_at, max(0.0, waited.total_seconds()))
        seen_at = None
