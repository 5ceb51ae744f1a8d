"""The archive of a commit as a bag of candidate bytes.

`git archive`, which GitHub runs, obeys .gitattributes: eol and export-subst change bytes, export-ignore leaves files out.
So a member is a blob only if it hashes to the SHA of one, whatever its name; what is not found is asked for elsewhere.
The way costs no unit of the REST budget: the answer is a redirect to another host, which is followed once and by us.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus

from syncd.adapters.github.addresses import is_safe_download
from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error, make_unreachable_error
from syncd.adapters.github.tarballs import TarballBroken, TarballLimits, TarballReader, TarballTooLarge
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.core.transports import WantedBlob
from syncd.errors import RetryLater, Stalled, SyncdError

_UNSAFE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Matched:
    """The wanted blobs of one chunk, and why there will be no more."""

    blobs: Sequence[SourceBlob]
    failure: TarballBroken | TarballTooLarge | None


class ArchiveReader:
    """Reads the archive of *commit* of the repository under *base_path*; *name* is what errors call the repository."""

    def __init__(
        self,
        client: GitHubClient,
        base_path: str,
        *,
        commit: str,
        name: str,
        blob_max_bytes: int,
        limits: TarballLimits,
    ) -> None:
        self._client = client
        self._path = f"{base_path}/tarball/{commit}"
        self._name = name
        self._blob_max_bytes = blob_max_bytes
        self._limits = limits

    async def read(self, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        """Yield those of *blobs* that the archive holds, and read no further than the last of them.

        Stalled (archive_too_large); Unreachable where the archive breaks off: what came before was yielded.
        """
        missing = {blob.git_sha for blob in blobs}
        sizes = {blob.size for blob in blobs}
        tarball = TarballReader(
            lambda size: size <= self._blob_max_bytes and not sizes.isdisjoint({size, None}), self._limits
        )
        async with aclosing(self._client.download(await self._find_url())) as chunks:
            async for chunk in chunks:
                # Unpacking and hashing a megabyte takes milliseconds, and the loop has others to serve.
                matched = await asyncio.to_thread(_match, tarball, chunk, missing)
                for blob in matched.blobs:
                    yield blob
                if not missing:
                    return
                if matched.failure:
                    raise self._explain(matched.failure) from matched.failure
        if not tarball.finished:
            raise make_unreachable_error("an archive ends before its end")

    async def _find_url(self) -> str:
        response = await self._client.get(self._path)
        if response.status != HTTPStatus.FOUND:
            raise make_error(response, self._name, authenticated=self._client.authenticated)
        url = response.headers.get("location", "")
        if not is_safe_download(url, self._client.api_url):
            raise RetryLater(
                "archive_elsewhere",
                f"GitHub sends us for the archive of {self._name} to an address that is not https.",
                hint="Nothing was fetched from there. Set SYNCD_GITHUB_API_URL to an https address.",
                after_seconds=_UNSAFE_SECONDS,
            )
        return url

    def _explain(self, failure: TarballBroken | TarballTooLarge) -> SyncdError:
        if isinstance(failure, TarballBroken):
            return make_unreachable_error(f"its archive is none: {failure}")
        return Stalled(
            "archive_too_large",
            f"The archive of {self._name} has {failure}.",
            hint="Give the project a token: then its files can be fetched without the rest of the repository.",
        )


def _match(tarball: TarballReader, chunk: bytes, missing: set[str]) -> _Matched:
    """Take what *chunk* completes out of *missing*; what came before a failure counts."""
    blobs: list[SourceBlob] = []
    try:
        for content in tarball.feed(chunk):
            git_sha = git_blob_sha(content)
            if git_sha in missing:
                missing.remove(git_sha)
                blobs.append(SourceBlob(git_sha, content))
    except (TarballBroken, TarballTooLarge) as failure:
        return _Matched(blobs, failure)
    return _Matched(blobs, None)
