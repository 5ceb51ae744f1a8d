"""The bytes of blobs, several in flight, each proved by its git SHA."""

import asyncio
from base64 import b64decode
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error
from syncd.adapters.github.responses import Response, parse_body
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.errors import RetryLater, Stalled

_Asked = TypeVar("_Asked")
_Given = TypeVar("_Given")


class _BlobAnswer(BaseModel):
    content: str
    encoding: str


class BlobReader:
    """Reads blobs of the repository under *base_path*; *name* is what errors call it."""

    def __init__(self, client: GitHubClient, base_path: str, *, name: str, max_bytes: int) -> None:
        self._client = client
        self._base_path = base_path
        self._name = name
        self._max_bytes = max_bytes

    async def get(self, git_sha: str) -> SourceBlob:
        """Return the blob *git_sha*. RetryLater where GitHub twice gives other bytes, by two ways; Stalled where it is too large."""
        path = f"{self._base_path}/git/blobs/{git_sha}"
        raw = self._check(await self._client.get_bytes(path, max_bytes=self._max_bytes), git_sha)
        if len(raw.body) > self._max_bytes:
            raise Stalled(
                "blob_too_large",
                f"The blob {git_sha} of {self._name} is larger than {self._max_bytes} bytes.",
                hint="Exclude the file; nothing was changed.",
            )
        if git_blob_sha(raw.body) == git_sha:
            return SourceBlob(git_sha, raw.body)
        encoded = self._check(await self._client.get(path), git_sha)
        content = _decode(parse_body(_BlobAnswer, encoded))
        if git_blob_sha(content) == git_sha:
            return SourceBlob(git_sha, content)
        raise RetryLater(
            "blob_mismatch",
            f"GitHub sent other bytes than those of the blob {git_sha} of {self._name}, twice.",
            hint="Nothing was changed; it is asked again.",
        )

    def _check(self, response: Response, git_sha: str) -> Response:
        if response.status == HTTPStatus.NOT_FOUND:
            raise RetryLater(
                "blob_missing",
                f"GitHub lists the blob {git_sha} of {self._name} and does not have it.",
                hint="Nothing was changed; the repository is looked at again.",
            )
        if response.status != HTTPStatus.OK:
            raise make_error(response, self._name, authenticated=self._client.authenticated)
        return response


async def read_in_flight(
    get: Callable[[_Asked], Awaitable[_Given]], wanted: Iterable[_Asked], *, in_flight: int
) -> AsyncGenerator[_Given, None]:
    """Yield what *get* gives for each of *wanted*, at most *in_flight* of them asked for at once. The first error ends it.

    The tasks belong to this generator and end with it; a task group may not be held open across a yield.
    """
    waiting = deque(wanted)
    running: set[asyncio.Future[_Given]] = set()
    try:
        while waiting or running:
            while waiting and len(running) < in_flight:
                running.add(asyncio.ensure_future(get(waiting.popleft())))
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                running.remove(task)
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _decode(blob: _BlobAnswer) -> bytes:
    # Only uploads know another encoding. What does not decode is as wrong as other bytes are, and is found out like them.
    try:
        return b64decode(blob.content) if blob.encoding == "base64" else blob.content.encode()
    except ValueError:
        return b""
