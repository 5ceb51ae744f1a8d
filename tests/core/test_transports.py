"""The way that blobs take, row by row; and batches that lose nothing."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.transports import (
    ARCHIVE_BYTES,
    BATCH_BLOBS,
    BATCH_BYTES,
    GRAPHQL_BLOB_BYTES,
    Circumstances,
    Transport,
    WantedBlob,
    choose_transport,
    pack_batches,
)

_RAW, _GRAPHQL, _ARCHIVE = Transport.RAW, Transport.GRAPHQL, Transport.ARCHIVE
_TOKEN = Circumstances(has_token=True)
_ANONYMOUS = Circumstances(has_token=False)


def _blobs(count: int, *, size: int | None = 1000) -> list[WantedBlob]:
    return [WantedBlob(f"{number:040x}", size) for number in range(count)]


def _token(**more: object) -> Circumstances:
    return Circumstances(has_token=True, **more)  # type: ignore[arg-type]  # the rows of the table name them


def _anonymous(**more: object) -> Circumstances:
    return Circumstances(has_token=False, **more)  # type: ignore[arg-type]  # the rows of the table name them


_TABLE = {
    "nothing with a token": (_blobs(0), _TOKEN, _RAW),
    "one with a token": (_blobs(1), _TOKEN, _RAW),
    "the last that go one by one": (_blobs(40), _TOKEN, _RAW),
    "the first that go in batches": (_blobs(41), _TOKEN, _GRAPHQL),
    "the last that go in batches": (_blobs(5000), _TOKEN, _GRAPHQL),
    "thousands with a token": (_blobs(5001), _TOKEN, _ARCHIVE),
    "thousands and fewer requests left": (_blobs(5001), _token(requests_left=4996), _ARCHIVE),
    "thousands of a repository that is too large": (
        _blobs(5001),
        _token(repository_bytes=ARCHIVE_BYTES + 1),
        _GRAPHQL,
    ),
    "thousands of a repository just small enough": (_blobs(5001), _token(repository_bytes=ARCHIVE_BYTES), _ARCHIVE),
    "thousands that the archive did not hold": (_blobs(5001), _token(spent={_ARCHIVE}), _GRAPHQL),
    "hundreds that the archive did not hold": (_blobs(301), _token(spent={_ARCHIVE}), _GRAPHQL),
    "few that the archive did not hold": (_blobs(40), _token(spent={_ARCHIVE}), _RAW),
    "few that GraphQL did not bring": (_blobs(300), _token(spent={_GRAPHQL}), _RAW),
    "hundreds that GraphQL did not bring": (_blobs(301), _token(spent={_GRAPHQL}), _ARCHIVE),
    "hundreds that GraphQL did not bring of a large one": (
        _blobs(301),
        _token(spent={_GRAPHQL}, repository_bytes=ARCHIVE_BYTES + 1),
        _RAW,
    ),
    "hundreds that no other way brought": (_blobs(5001), _token(spent={_GRAPHQL, _ARCHIVE}), _RAW),
    "hundreds too large for GraphQL": (_blobs(301, size=GRAPHQL_BLOB_BYTES), _TOKEN, _ARCHIVE),
    "hundreds just small enough for GraphQL": (_blobs(301, size=GRAPHQL_BLOB_BYTES - 1), _TOKEN, _GRAPHQL),
    "hundreds of a size that is not told": (_blobs(301, size=None), _TOKEN, _ARCHIVE),
    "few too large for GraphQL": (_blobs(20, size=GRAPHQL_BLOB_BYTES), _TOKEN, _RAW),
    "as many as requests are left": (_blobs(40), _token(requests_left=40), _RAW),
    "more than requests are left": (_blobs(40), _token(requests_left=39), _GRAPHQL),
    "more large ones than requests are left": (
        _blobs(50, size=GRAPHQL_BLOB_BYTES),
        _token(requests_left=49),
        _ARCHIVE,
    ),
    "more than requests are left and nothing else": (
        _blobs(50),
        _token(requests_left=49, spent={_GRAPHQL, _ARCHIVE}),
        _RAW,
    ),
    "the last that go one by one without a token": (_blobs(20), _ANONYMOUS, _RAW),
    "the first in an archive without a token": (_blobs(21), _ANONYMOUS, _ARCHIVE),
    "thousands without a token": (_blobs(6000), _ANONYMOUS, _ARCHIVE),
    "many of a large repository without a token": (
        _blobs(21),
        _anonymous(repository_bytes=ARCHIVE_BYTES + 1),
        _ARCHIVE,
    ),
    "few and fewer requests left without a token": (_blobs(5), _anonymous(requests_left=4), _ARCHIVE),
    "few and enough requests left without a token": (_blobs(5), _anonymous(requests_left=5), _RAW),
    "many that the archive did not hold without a token": (_blobs(6000), _anonymous(spent={_ARCHIVE}), _RAW),
}


@pytest.mark.parametrize(("blobs", "circumstances", "transport"), _TABLE.values(), ids=_TABLE.keys())
def test_the_way_of_blobs(blobs: Sequence[WantedBlob], circumstances: Circumstances, transport: Transport) -> None:
    choice = choose_transport(blobs, circumstances)
    assert choice.transport is transport
    assert choice.reason


_ANY_BLOBS = st.lists(st.one_of(st.none(), st.integers(0, 700_000), st.just(1000)), max_size=800).map(
    lambda sizes: [WantedBlob(f"{number:040x}", size) for number, size in enumerate(sizes)]
)
_SPENT = st.frozensets(st.sampled_from([Transport.GRAPHQL, Transport.ARCHIVE]))
_COUNTS = st.none() | st.integers(0, 6000)


@given(_ANY_BLOBS, st.booleans(), _COUNTS, _SPENT)
def test_no_way_is_chosen_twice_and_none_that_is_closed(
    blobs: list[WantedBlob], has_token: bool, requests_left: int | None, spent: frozenset[Transport]
) -> None:
    now = Circumstances(has_token=has_token, requests_left=requests_left, spent=spent)
    transport = choose_transport(blobs, now).transport
    assert transport not in spent
    assert has_token or transport is not Transport.GRAPHQL


@given(_ANY_BLOBS)
def test_batches_hold_every_blob_that_fits_once_and_keep_their_bounds(blobs: list[WantedBlob]) -> None:
    batches = list(pack_batches(blobs))
    assert [blob for batch in batches for blob in batch] == [blob for blob in blobs if blob.fits_graphql]
    assert all(0 < len(batch) <= BATCH_BLOBS for batch in batches)
    assert all(sum(blob.size or 0 for blob in batch) <= BATCH_BYTES for batch in batches)


def test_an_import_of_1656_blobs_of_7500_bytes_is_seventeen_batches() -> None:
    assert len(list(pack_batches(_blobs(1656, size=7500)))) == 17
