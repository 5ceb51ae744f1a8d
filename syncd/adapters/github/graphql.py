"""Blobs by GraphQL, a hundred in one request: texts that are proved by their SHA, or left to another way.

GitHub answers with null for what is binary, cuts a text at 512,000 bytes, gives up after 10 s, and may send a part of the
data beside errors. A batch that fails is halved; what cannot be had is simply not yielded. The repository is addressed by
the node id of its REST description, which outlives its names as its number does; it needs a token.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import BaseModel, Field

from syncd.adapters.github.blobs import read_in_flight
from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error, make_rate_limit_error
from syncd.adapters.github.responses import Response, parse_body
from syncd.core.hashing import git_blob_sha
from syncd.core.sources import SourceBlob
from syncd.core.transports import WantedBlob, pack_batches
from syncd.errors import RetryLater, Unreachable

_BATCHES_IN_FLIGHT = 3
_SMALLEST_BATCH = 12
_FAILURES_IN_A_ROW = 6
# Undocumented: both are seen with status 200 (github/docs issue 22607, yanyongyu/githubkit issue 271).
_RATE_LIMIT_TYPES = {"RATE_LIMITED", "RATE_LIMIT"}
_REFUSAL_TYPES = {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"}
_FRAGMENT = "fragment text on GitObject{...on Blob{isBinary isTruncated text}}"


class _BlobText(BaseModel):
    # A git object that is no blob comes as an empty object.
    is_truncated: bool = Field(default=False, alias="isTruncated")
    text: str | None = None


class _Data(BaseModel):
    node: dict[str, _BlobText | None] | None = None


class _Error(BaseModel):
    type: str | None = None
    message: str = ""


class _Answer(BaseModel):
    data: _Data | None = None
    errors: list[_Error] = []


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one request brought: blobs, and the wanted that an error took away."""

    found: Sequence[SourceBlob]
    lost: Sequence[WantedBlob]


class _Failed(Exception):
    """The request brought nothing, and a smaller one might."""


class _Refused(Exception):
    """No request will bring anything; the message says why."""


class GraphQLReader:
    """Reads blobs of the repository *node_id*; *name* is what errors call it."""

    def __init__(self, client: GitHubClient, node_id: str, *, name: str) -> None:
        self._client = client
        self._node_id = node_id
        self._name = name
        self._failures = 0
        self.refusal = ""  # why no more batches are asked for, once it is so

    async def read(self, blobs: Sequence[WantedBlob]) -> AsyncGenerator[SourceBlob, None]:
        """Yield those of *blobs* that GraphQL gives whole. RetryLater (rate_limited) where GitHub wants no request at all."""
        batches = read_in_flight(self._read_batch, pack_batches(blobs), in_flight=_BATCHES_IN_FLIGHT)
        async with aclosing(batches):
            async for batch in batches:
                for blob in batch:
                    yield blob

    async def _read_batch(self, batch: Sequence[WantedBlob]) -> list[SourceBlob]:
        if self.refusal:
            return []
        try:
            answered = await self._ask(batch)
        except _Refused as refusal:
            self.refusal = str(refusal)
            return []
        except (_Failed, Unreachable) as failure:
            return await self._read_halves(batch, str(failure))
        self._failures = 0
        # What an error took away is asked for again, in a batch that is smaller by what came.
        return [*answered.found, *(await self._read_batch(answered.lost) if answered.lost else [])]

    async def _read_halves(self, batch: Sequence[WantedBlob], why: str) -> list[SourceBlob]:
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            self.refusal = f"{self._failures} batches failed in a row, the last because {why}"
        if len(batch) <= _SMALLEST_BATCH:
            return []
        middle = len(batch) // 2
        return [*await self._read_batch(batch[:middle]), *await self._read_batch(batch[middle:])]

    async def _ask(self, batch: Sequence[WantedBlob]) -> _Batch:
        response = await self._client.post_graphql(_make_query(batch), {"id": self._node_id})
        if response.status != HTTPStatus.OK:
            raise self._explain_status(response)
        answer, answered = await asyncio.to_thread(_parse_batch, response, batch)
        if not answered.found and answer.errors:
            raise self._explain_errors(response, answer.errors)
        return answered

    def _explain_status(self, response: Response) -> Exception:
        error = make_error(response, self._name, authenticated=True)
        if isinstance(error, Unreachable):
            return _Failed(error.message)
        # A secondary limit stands for REST too; used up points do not.
        return _Refused(error.message) if error.code != "rate_limited" or _is_used_up(response) else error

    def _explain_errors(self, response: Response, errors: Sequence[_Error]) -> Exception:
        types = {error.type for error in errors}
        messages = "; ".join(dict.fromkeys(error.message for error in errors))[:200]
        if types & _RATE_LIMIT_TYPES or "rate limit" in messages:
            if "secondary" in messages or "retry-after" in response.headers:
                return make_rate_limit_error(response, authenticated=True)
            return _Refused(f"GraphQL's rate limit is used up ({messages!r})")
        if types <= _REFUSAL_TYPES:
            return _Refused(f"GraphQL refuses the repository ({messages!r})")
        return _Failed(f"GraphQL answers with errors ({messages!r})")


def _make_query(batch: Sequence[WantedBlob]) -> str:
    objects = "".join(f'b{number}:object(oid:"{blob.git_sha}"){{...text}}' for number, blob in enumerate(batch))
    return f"query($id:ID!){{node(id:$id){{...on Repository{{{objects}}}}}}}{_FRAGMENT}"


def _parse_batch(response: Response, batch: Sequence[WantedBlob]) -> tuple[_Answer, _Batch]:
    try:
        answer = parse_body(_Answer, response)
    except RetryLater as error:
        raise _Failed(error.message) from error
    texts = answer.data.node if answer.data and answer.data.node else {}
    found: list[SourceBlob] = []
    lost: list[WantedBlob] = []
    for number, blob in enumerate(batch):
        told = texts.get(f"b{number}")
        if told is None and answer.errors:
            lost.append(blob)
        elif told is not None and told.text is not None and not told.is_truncated:
            content = told.text.encode()
            if git_blob_sha(content) == blob.git_sha:
                found.append(SourceBlob(blob.git_sha, content))
    return answer, _Batch(found, lost)


def _is_used_up(response: Response) -> bool:
    return response.headers.get("x-ratelimit-remaining") == "0" and "retry-after" not in response.headers
