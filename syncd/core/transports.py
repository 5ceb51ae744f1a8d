"""Decide how the bytes of blobs come from GitHub: one by one, in batches of GraphQL, or all at once in an archive.

Whatever the way, every blob is proved by its git SHA; what one way does not bring is decided again without that way.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

# Without a token GitHub allows 60 requests an hour, and the way to an archive is not counted among them.
ANONYMOUS_RAW_BLOBS = 20
# With a token as many go one by one as the pace of requests lets go at once, with some left for heads and trees; a batch
# of GraphQL costs one request. Where there are no batches, so many are still fetched before a whole archive is.
RAW_BLOBS = 40
RAW_BLOBS_WITHOUT_BATCHES = 300
GRAPHQL_BLOBS = 5_000
# `Blob.text` is cut at this size; a blob below it may come whole.
GRAPHQL_BLOB_BYTES = 512_000
BATCH_BLOBS = 100
BATCH_BYTES = 5_000_000
# A repository larger than this (as GitHub tells its size) is not worth an archive where there is another way.
ARCHIVE_BYTES = 1024 * 1024 * 1024


class Transport(StrEnum):
    """A way for the bytes of blobs."""

    RAW = "raw"
    GRAPHQL = "graphql"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class WantedBlob:
    """A blob that a listing names; *size* in bytes, none where the listing does not tell."""

    git_sha: str
    size: int | None

    @property
    def fits_graphql(self) -> bool:
        """Return whether GraphQL gives its text whole."""
        return self.size is not None and self.size < GRAPHQL_BLOB_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the choice depends on besides the blobs; none means not known.

    *requests_left* is of the REST budget; *repository_bytes* what GitHub says of the whole repository; *spent* the ways
    that were tried for these very blobs and did not bring them.
    """

    has_token: bool
    requests_left: int | None = None
    repository_bytes: int | None = None
    spent: Collection[Transport] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A transport, and why."""

    transport: Transport
    reason: str


def choose_transport(blobs: Sequence[WantedBlob], circumstances: Circumstances) -> Choice:
    """Return the cheapest way that is left for *blobs*; raw blobs are always left."""
    if not circumstances.has_token:
        return _choose_without_token(len(blobs), circumstances)
    if len(blobs) > GRAPHQL_BLOBS and _may_archive(circumstances):
        return Choice(Transport.ARCHIVE, f"{len(blobs)} blobs are more than {GRAPHQL_BLOBS}")
    if _exceeds_requests(len(blobs), circumstances):
        return _choose_without_requests(blobs, circumstances)
    return _choose_by_count(blobs, circumstances)


def pack_batches(blobs: Sequence[WantedBlob]) -> Iterator[Sequence[WantedBlob]]:
    """Yield those of *blobs* that GraphQL gives whole, in batches within BATCH_BLOBS and BATCH_BYTES, in their order."""
    batch: list[WantedBlob] = []
    batch_bytes = 0
    for blob in blobs:
        if not blob.fits_graphql:
            continue
        size = blob.size or 0
        if batch and (len(batch) >= BATCH_BLOBS or batch_bytes + size > BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(blob)
        batch_bytes += size
    if batch:
        yield batch


def _choose_without_token(count: int, now: Circumstances) -> Choice:
    if Transport.ARCHIVE not in now.spent and count > ANONYMOUS_RAW_BLOBS:
        return Choice(Transport.ARCHIVE, f"{count} blobs without a token are more than {ANONYMOUS_RAW_BLOBS}")
    if Transport.ARCHIVE not in now.spent and _exceeds_requests(count, now):
        return Choice(Transport.ARCHIVE, f"{count} blobs and {now.requests_left} requests left: an archive costs none")
    return Choice(Transport.RAW, _explain_raw(count, now))


def _choose_without_requests(blobs: Sequence[WantedBlob], now: Circumstances) -> Choice:
    budget = f"{len(blobs)} blobs and {now.requests_left} requests left"
    if _count_batchable(blobs, now):
        return Choice(Transport.GRAPHQL, f"{budget}: GraphQL has a budget of its own")
    if Transport.ARCHIVE not in now.spent:
        return Choice(Transport.ARCHIVE, f"{budget}: an archive costs none")
    return Choice(Transport.RAW, f"{budget}: nothing cheaper is left")


def _choose_by_count(blobs: Sequence[WantedBlob], now: Circumstances) -> Choice:
    count, batchable = len(blobs), _count_batchable(blobs, now)
    if batchable > RAW_BLOBS:
        return Choice(Transport.GRAPHQL, f"{batchable} blobs are more than {RAW_BLOBS}: batches of {BATCH_BLOBS}")
    if count > RAW_BLOBS_WITHOUT_BATCHES and _may_archive(now):
        reason = f"{count} blobs are more than {RAW_BLOBS_WITHOUT_BATCHES}, and GraphQL cannot bring them"
        return Choice(Transport.ARCHIVE, reason)
    return Choice(Transport.RAW, _explain_raw(count, now))


def _may_archive(now: Circumstances) -> bool:
    return Transport.ARCHIVE not in now.spent and (now.repository_bytes or 0) <= ARCHIVE_BYTES


def _count_batchable(blobs: Sequence[WantedBlob], now: Circumstances) -> int:
    return 0 if Transport.GRAPHQL in now.spent else sum(blob.fits_graphql for blob in blobs)


def _exceeds_requests(count: int, now: Circumstances) -> bool:
    return now.requests_left is not None and count > now.requests_left


def _explain_raw(count: int, now: Circumstances) -> str:
    if now.spent:
        return f"{count} blobs that {' and '.join(sorted(now.spent))} did not bring: one by one"
    return f"{count} blobs: one by one"
