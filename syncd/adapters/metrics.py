"""What Prometheus is told of this process: base units, and no label that names a tenant, a project, a path or a key."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict
from uuid import UUID

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

import syncd
from syncd.core.budgets import KnownBudget
from syncd.core.runs import Run

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
_LAG_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)


class _Own(TypedDict):
    registry: CollectorRegistry


class _Reads(Collector):
    """Counts that somebody else keeps."""

    def __init__(self, get_counts: Callable[[], Mapping[str, int]]) -> None:
        self._get_counts = get_counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Return them as one family, as the library asks."""
        family = CounterMetricFamily("syncd_cache_reads", "Reads of the cache, by what they found.", labels=["result"])
        for result, count in self._get_counts().items():
            family.add_metric([result], count)
        return [family]


class Metrics:
    """The figures of one process. docs/operations.md explains each; a test holds that page to this class."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = _Own(registry=self.registry)
        self._held: dict[UUID, float] = {}
        self._build = Gauge("syncd_build_info", "The version that runs, as a label; always 1.", ["version"], **own)
        self._build.labels(syncd.__version__).set(1)
        held = Gauge("syncd_locks_held", "Locks of projects that this process holds.", **own)
        held.set_function(lambda: len(self._held))
        oldest = Gauge("syncd_lock_age_seconds", "How long this process holds its oldest lock.", **own)
        oldest.set_function(self._find_oldest)
        self._takeovers = Counter(
            "syncd_lock_takeovers_total", "Locks that were taken from a holder that had not given them back.", **own
        )
        self._lost = Counter("syncd_lease_lost_total", "Leases that were lost while a sync ran under them.", **own)
        self._refused = Counter(
            "syncd_fence_rejected_total", "Writes of syncs that the fence in Postgres refused.", **own
        )
        self._syncs = Histogram(
            "syncd_sync_duration_seconds", "Runs, by how they ended.", ["outcome"], buckets=_SECONDS, **own
        )
        self._phases = Histogram(
            "syncd_sync_phase_duration_seconds", "Phases of runs.", ["phase"], buckets=_SECONDS, **own
        )
        self._changes = Counter("syncd_document_changes_total", "Documents that runs published.", ["change"], **own)
        self._projects = Gauge("syncd_projects", "Projects of all tenants, by condition.", ["condition"], **own)
        self._documents = Gauge("syncd_documents", "Documents that are published, of all tenants.", **own)
        self._skipped = Gauge("syncd_skipped_files", "Files that are not mirrored, of all tenants.", **own)
        self._lag = Gauge("syncd_sync_lag_seconds", "How long the project waits that is due for longest.", **own)
        self._chunks = Gauge("syncd_embedding_chunks", "Chunks that are to have vectors, of all tenants.", **own)
        self._embedded = Gauge("syncd_embedded_chunks", "Chunks that have vectors, of all tenants.", **own)
        self._hindered = Gauge("syncd_embedding_hindered_projects", "Projects whose vectors something hinders.", **own)
        self._budgets = Gauge(
            "syncd_github_rate_remaining",
            "Requests that are left, of the credential of its kind that has the fewest.",
            ["credential", "resource"],
            **own,
        )
        self._deliveries = Counter("syncd_webhook_deliveries_total", "Deliveries of webhooks.", ["result"], **own)
        self._loop_lag = Histogram(
            "syncd_loop_lag_seconds", "How late the event loop was, once a second.", buckets=_LAG_SECONDS, **own
        )
        self._readers = Gauge("syncd_event_readers", "Readers that follow /events.", **own)
        self._reads: Mapping[str, int] = {}
        self.registry.register(_Reads(lambda: self._reads))

    def write(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return generate_latest(self.registry)

    def count_lock(self, nonce: UUID, *, taken_over: bool) -> None:
        """Count a lock that was taken."""
        self._held[nonce] = time.monotonic()
        if taken_over:
            self._takeovers.inc()

    def count_lock_end(self, nonce: UUID) -> None:
        """Count a lock that is held no more."""
        self._held.pop(nonce, None)

    def count_lost(self, *, by_fence: bool) -> None:
        """Count a lease that was lost; *by_fence*: the database told by refusing a write."""
        self._lost.inc()
        if by_fence:
            self._refused.inc()

    def count_run(self, run: Run) -> None:
        """Count a run that ended."""
        self._syncs.labels(run.outcome.value).observe(max(0.0, (run.finished_at - run.started_at).total_seconds()))
        for phase, milliseconds in run.milliseconds.items():
            self._phases.labels(phase).observe(milliseconds / 1000)
        for change in ("added", "modified", "renamed", "deleted"):
            self._changes.labels(change).inc(getattr(run, change))

    def count_delivery(self, result: str) -> None:
        """Count a delivery of a webhook."""
        self._deliveries.labels(result).inc()

    def count_loop_lag(self, seconds: float) -> None:
        """Count how late the event loop was."""
        self._loop_lag.observe(seconds)

    def show_readers(self, readers: int) -> None:
        """Show how many follow the events."""
        self._readers.set(readers)

    def show_reads(self, counts: Mapping[str, int]) -> None:
        """Show how often an answer was found in the cache, since the start: by result."""
        self._reads = counts

    def show_projects(self, conditions: Mapping[str, int], *, documents: int, skipped: int, lag_seconds: float) -> None:
        """Show how the projects stand: what is not among *conditions* has none."""
        self._projects.clear()
        for condition, count in conditions.items():
            self._projects.labels(condition).set(count)
        self._documents.set(documents)
        self._skipped.set(skipped)
        self._lag.set(lag_seconds)

    def show_embeddings(self, *, chunks: int, embedded: int, hindered: int) -> None:
        """Show how far vectors are."""
        self._chunks.set(chunks)
        self._embedded.set(embedded)
        self._hindered.set(hindered)

    def show_budgets(self, budgets: Iterable[KnownBudget]) -> None:
        """Show what is left, by kind of credential: nothing of whose it is."""
        left: dict[tuple[str, str], int] = {}
        for budget in budgets:
            for standing in budget.standings:
                key = (budget.kind, standing.resource)
                left[key] = min(standing.remaining, left.get(key, standing.remaining))
        self._budgets.clear()
        for labels, remaining in left.items():
            self._budgets.labels(*labels).set(remaining)

    def _find_oldest(self) -> float:
        now = time.monotonic()
        return now - min(self._held.values(), default=now)
