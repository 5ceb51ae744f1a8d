"""The archive of a commit as a bag of candidate bytes.

`git archive`, which GitHub runs, obeys .gitattributes: eol and export-subst change bytes, export-ignore leaves files out.
So a member is a blob only if it hashes to the SHA of one, whatever its name; what is not found is asked for elsewhere.
The way costs no unit of the REST budget: the answer is a redirect to another host, which is followed once and by us.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from http import HTTPStatus

from syncd.adapters.github.addresses import is_safe_download
from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error, make_unreachable_error
from syncd.adapters.github.tarballs import TarballBroken, TarballLimits, TarballReader, TarballTooLarge
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.core.transports import WantedBlob
from syncd.errors import RetryLater, Stalled

_UNSAFE_SECONDS = 300.0


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
                for blob in await self._match(tarball, chunk):
                    if blob.git_sha in missing:
                        missing.remove(blob.git_sha)
                        yield blob
                if not missing:
                    return
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

    async def _match(self, tarball: TarballReader, chunk: bytes) -> Sequence[SourceBlob]:
        try:
            # Unpacking and hashing a megabyte takes milliseconds, and the loop has others to serve.
            return await asyncio.to_thread(_hash_members, tarball, chunk)
        except TarballBroken as error:
            raise make_unreachable_error(f"its archive is none: {error}") from error
        except TarballTooLarge as error:
            raise Stalled(
                "archive_too_large",
                f"The archive of {self._name} has {error}.",
                hint="Give the project a token: then its files can be fetched without the rest of the repository.",
            ) from error


def _hash_members(tarball: TarballReader, chunk: bytes) -> list[SourceBlob]:
    return [SourceBlob(git_blob_sha(content), content) for content in tarball.feed(chunk)]
