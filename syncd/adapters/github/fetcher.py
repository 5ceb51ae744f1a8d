"""Fetches blobs by the cheapest way, and what one way does not bring by the next; each choice is logged with its reason."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import assert_never

from syncd.adapters.github.archive import ArchiveReader
from syncd.adapters.github.blobs import BlobReader, read_in_flight
from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.graphql import GraphQLReader
from syncd.adapters.github.repositories import Repository
from syncd.adapters.github.tarballs import TarballLimits
from syncd.core.sources import SourceBlob
from syncd.core.transports import (
    ANONYMOUS_RAW_BLOBS,
    RAW_BLOBS_WITHOUT_BATCHES,
    Choice,
    Circumstances,
    Transport,
    WantedBlob,
    choose_transport,
)
from syncd.errors import RetryLater, Stalled

_BLOBS_IN_FLIGHT = 6

log = logging.getLogger("syncd.github")


class BlobFetcher:
    """Fetches blobs of the repository under *base_path*, as *commit* (none: no archive) has them.

    *describe* gives what only the repository's description tells, for one request; *name* is what errors call it.
    """

    def __init__(
        self,
        client: GitHubClient,
        base_path: str,
        *,
        commit: str | None,
        describe: Callable[[], Awaitable[Repository]],
        name: str,
        blob_max_bytes: int,
        tarball_limits: TarballLimits | None = None,
    ) -> None:
        self._client = client
        self._base_path = base_path
        self._commit = commit
        self._describe = describe
        self._name = name
        self._blob_max_bytes = blob_max_bytes
        self._tarball_limits = tarball_limits or TarballLimits()

    async def read(self, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        """Yield every one of *blobs*, proved by its SHA; or raise, after those that came before were yielded."""
        missing = {blob.git_sha: blob for blob in blobs}
        spent = set() if self._commit else {Transport.ARCHIVE}
        while missing:
            choice = await self._choose(list(missing.values()), spent)
            async with aclosing(self._read_by(choice.transport, list(missing.values()))) as brought:
                async for blob in brought:
                    missing.pop(blob.git_sha, None)
                    yield blob
            spent.add(choice.transport)

    async def _choose(self, blobs: Sequence[WantedBlob], spent: set[Transport]) -> Choice:
        has_token = self._client.authenticated
        many = has_token and len(blobs) > RAW_BLOBS_WITHOUT_BATCHES
        repository_bytes = (await self._describe()).size_bytes if many else None
        circumstances = Circumstances(
            has_token=has_token,
            requests_left=self._client.requests_left,
            repository_bytes=repository_bytes,
            spent=frozenset(spent),
        )
        choice = choose_transport(blobs, circumstances)
        log.info(
            "transport",
            extra={
                "repository": self._name,
                "transport": choice.transport.value,
                "reason": choice.reason,
                "blobs": len(blobs),
                "bytes": sum(blob.size or 0 for blob in blobs),
            },
        )
        return choice

    def _read_by(self, transport: Transport, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        match transport:
            case Transport.RAW:
                reader = BlobReader(self._client, self._base_path, name=self._name, max_bytes=self._blob_max_bytes)
                return read_in_flight(reader.get, [blob.git_sha for blob in blobs], in_flight=_BLOBS_IN_FLIGHT)
            case Transport.GRAPHQL:
                return self._read_batches(blobs)
            case Transport.ARCHIVE:
                return self._read_archive(blobs)
            case _:
                assert_never(transport)

    async def _read_batches(self, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        reader = GraphQLReader(self._client, (await self._describe()).node_id, name=self._name)
        async with aclosing(reader.read(blobs)) as brought:
            async for blob in brought:
                yield blob
        if reader.refusal:
            self._log_failure(Transport.GRAPHQL, reader.refusal)

    async def _read_archive(self, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        reader = ArchiveReader(
            self._client,
            self._base_path,
            commit=self._commit or "",
            name=self._name,
            blob_max_bytes=self._blob_max_bytes,
            limits=self._tarball_limits,
        )
        left = len(blobs)
        try:
            async with aclosing(reader.read(blobs)) as brought:
                async for blob in brought:
                    left -= 1
                    yield blob
        except (RetryLater, Stalled) as error:
            # Without a token the other way would use up the hour and still not bring them: better soon again.
            if error.code == "rate_limited" or (not self._client.authenticated and left > ANONYMOUS_RAW_BLOBS):
                raise
            self._log_failure(Transport.ARCHIVE, error.message)

    def _log_failure(self, transport: Transport, reason: str) -> None:
        log.warning(
            "transport_failed", extra={"repository": self._name, "transport": transport.value, "reason": reason}
        )
