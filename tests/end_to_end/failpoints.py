"""Where a daemon is killed: at a request to GitHub, at a script of Redis, at a statement or a commit of Postgres, or anywhere."""

from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from tests.end_to_end.wires import Moment, Sighting


@dataclass(frozen=True, slots=True)
class AtRequest:
    """While GitHub holds back its answer to a request of this route, after *passed* of them were answered."""

    route: str
    passed: int = 0

    def __str__(self) -> str:
        return f"github {self.route} {self.passed}"


@dataclass(frozen=True, slots=True)
class AtMessage:
    """When *what* passes; of a commit: that of the transaction which ran *inside*."""

    what: str
    moment: Moment
    inside: str | None = None

    def is_at(self, sighting: Sighting) -> bool:
        """Return whether this is the place."""
        there = (sighting.what, sighting.moment) == (self.what, self.moment)
        return there and (self.inside is None or self.inside in sighting.ran)

    def __str__(self) -> str:
        return f"{self.moment.name.lower()} {self.what}{f' of {self.inside}' if self.inside else ''}"


@dataclass(frozen=True, slots=True)
class Anywhere:
    """When so many messages have passed; a sync may have ended before."""

    seed: int

    def choose(self, messages: int) -> int:
        """Return after how many of about *messages*."""
        return Random(self.seed).randrange(messages)

    def __str__(self) -> str:
        return f"anywhere {self.seed}"


Failpoint: TypeAlias = AtRequest | AtMessage | Anywhere

REQUESTS = [
    AtRequest("/commits/HEAD"),  # before the head
    AtRequest("/git/commits/"),  # after the head
    AtRequest("/git/trees/"),
    AtRequest("recursive=1"),
    AtRequest("/git/blobs/"),  # after the listing
    AtRequest("/git/blobs/", passed=3),  # in the middle of the blobs
]
SCRIPTS = [
    AtMessage(what, moment)
    for what in ("acquire", "renew", "release", "budget_ask", "budget_tell")
    for moment in Moment
]
# Every statement of a sync, in the order in which they pass.
_READS = (
    "queue/claim_due", "queue/get_next_due", "context/enter_project", "projects/get_project", "projects/get_credential",
    "tenants/get_tenant", "installations/list_installations", "mirror/list_stored", "mirror/list_skipped",
    "mirror/list_known_blobs", "mirror/list_known_layouts", "mirror/list_texts", "mirror/list_known_chunks",
    "mirror/has_vectors", "mirror/list_former",
)  # fmt: skip
_WRITES = (
    "projects/mark_desired", "leases/mint_fence", "leases/add_lock_event", "context/enter_fence", "mirror/add_blobs",
    "mirror/add_chunks", "mirror/add_places", "mirror/add_links", "mirror/close_versions", "mirror/add_documents",
    "mirror/add_versions", "mirror/close_skipped", "mirror/add_skipped", "mirror/move_term_stats",
    "mirror/publish_revision", "mirror/notify_change", "mirror/add_run", "projects/mark_attempted", "queue/finish_due",
)  # fmt: skip
_TRANSACTIONS = (
    "projects/mark_desired", "leases/mint_fence", "mirror/add_blobs", "mirror/publish_revision", "queue/finish_due",
)  # fmt: skip
STATEMENTS = [AtMessage(what, moment) for what in (*_READS, *_WRITES) for moment in (Moment.BEFORE, Moment.AFTER)]
COMMITS = [AtMessage("commit", moment, inside=what) for what in _TRANSACTIONS for moment in Moment]
NAMED: list[Failpoint] = [*REQUESTS, *SCRIPTS, *STATEMENTS, *COMMITS]
QUICK: list[Failpoint] = [
    AtRequest("/git/commits/"),
    AtRequest("/git/blobs/"),
    AtRequest("/git/blobs/", passed=3),
    AtMessage("acquire", Moment.AFTER),
    AtMessage("renew", Moment.SENT),
    AtMessage("release", Moment.BEFORE),
    AtMessage("commit", Moment.AFTER, inside="leases/mint_fence"),
    AtMessage("mirror/list_stored", Moment.AFTER),
    AtMessage("mirror/add_chunks", Moment.AFTER),
    *(AtMessage("commit", moment, inside="mirror/add_blobs") for moment in (Moment.BEFORE, Moment.AFTER)),
    AtMessage("mirror/add_versions", Moment.AFTER),
    AtMessage("mirror/publish_revision", Moment.AFTER),
    *(AtMessage("commit", moment, inside="mirror/publish_revision") for moment in Moment),
    AtMessage("queue/finish_due", Moment.BEFORE),
    *map(Anywhere, range(3)),
]
FULL: list[Failpoint] = [*(one for one in NAMED if one not in QUICK), *map(Anywhere, range(3, 500 - len(NAMED)))]
