"""A repository at GitHub as a source of documents.

An unchanged head costs one conditional request; k changed documents cost 3 + depth of the docs path + k, or fewer where
`syncd.core.transports` knows a cheaper way than one by one. Whether history was rewritten is told by the commit itself where
the head is a child of the synced one, and else costs one request, once the docs are visible.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC
from difflib import get_close_matches
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, RootModel

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import make_error, make_not_found_error
from syncd.adapters.github.fetcher import BlobFetcher
from syncd.adapters.github.repositories import Repository, get_repository, get_repository_by_name
from syncd.adapters.github.responses import Response, make_malformed_error, parse_body
from syncd.adapters.github.trees import Listing, Sha, TreeRow, list_files, list_level, make_entries
from syncd.core.sources import DocsTree, EntryKind, Head, SourceBlob, SourceCost, TreeEntry
from syncd.core.transports import WantedBlob
from syncd.errors import RetryLater, Stalled, SyncdError

DEFAULT_DOCS_PATH = "docs"
DEFAULT_BLOB_MAX_BYTES = 5 * 1024 * 1024
_SHA_MEDIA_TYPE = "application/vnd.github.sha"
_SHA_LENGTH = 40
_SHOWN_NAMES = 5
_MOVED_SECONDS = 5.0
# The links of an answer name the repository as it is called today, by whatever it was asked.
_NAMED = re.compile(r"/repos/([^/]+/[^/]+)/git/commits/")
_ANONYMOUS_POLL_SECONDS = 600.0

_Model = TypeVar("_Model", bound=BaseModel)


class _Author(BaseModel):
    name: str


class _Committer(BaseModel):
    date: AwareDatetime


class _Branch(BaseModel):
    name: str


class _Branches(RootModel[list[_Branch]]):
    """One page of branches."""


class _Tree(BaseModel):
    sha: Sha


class _Parent(BaseModel):
    sha: Sha


class _Commit(BaseModel):
    url: str
    author: _Author
    committer: _Committer
    tree: _Tree
    parents: list[_Parent]


class _Comparison(BaseModel):
    status: str


class GitHubSource:
    """Mirrors one branch. The repository is addressed by its number once that is known, so a rename changes nothing."""

    def __init__(
        self,
        client: GitHubClient,
        repository: str,
        *,
        repository_id: int | None = None,
        branch: str | None = None,
        docs_path: str | None = None,
        blob_max_bytes: int = DEFAULT_BLOB_MAX_BYTES,
    ) -> None:
        """*repository* is owner/name. *branch* none: the default branch. *docs_path* none: `docs` where it exists, else the root."""
        self._client = client.metered()
        self._name = repository
        self._number = repository_id
        self._repository: Repository | None = None
        self._commit: str | None = None
        self._branch = branch
        self._docs_path = docs_path.strip("/") if docs_path is not None else None
        self._blob_max_bytes = blob_max_bytes

    @property
    def cost(self) -> SourceCost:
        """Return the requests made and the bytes received since this source was made."""
        return self._client.cost

    @property
    def poll_least_seconds(self) -> float:
        """Return 600 without a token: then GitHub allows 60 requests an hour and counts unchanged answers too."""
        return 0.0 if self._client.authenticated else _ANONYMOUS_POLL_SECONDS

    @property
    def repository_id(self) -> int | None:
        """Return the number of the repository, once it is known."""
        return self._number

    async def find_head(self, known_mark: str | None) -> Head | None:
        """Return the head of the branch, or none while it is the one of *known_mark*.

        Stalled says why there is none: repository_not_found, repository_replaced, repository_empty, branch_missing,
        credential_refused, access_denied. RetryLater: rate_limited, github_unreachable.
        """
        known_commit, _, etag = (known_mark or "").partition(" ")
        # HEAD is the default branch, whatever it is called today; `heads/` keeps a tag of the same name out.
        ref = f"heads/{quote(self._branch)}" if self._branch else "HEAD"
        headers = {"Accept": _SHA_MEDIA_TYPE} | ({"If-None-Match": etag} if etag else {})
        response = await self._client.get(f"{await self._get_base_path()}/commits/{ref}", headers=headers)
        # Only who asked whether something changed may hear that nothing did.
        if etag and response.status == HTTPStatus.NOT_MODIFIED:
            return None
        if response.status != HTTPStatus.OK:
            raise await self._explain(response)
        commit = response.body.decode("ascii", "replace").strip()
        if len(commit) != _SHA_LENGTH or set(commit) - set("0123456789abcdef"):
            raise make_malformed_error("commit SHA")
        # An ETag belongs to one token: after a change of token the same head comes with another one.
        return None if commit == known_commit else Head(commit, f"{commit} {response.headers.get('etag', '')}".strip())

    async def get_docs_tree(self, head: Head) -> DocsTree:
        """Return who committed *head* and where its docs are; Stalled (path_missing) where they are not."""
        commit = await self._get_parsed(_Commit, f"/git/commits/{head.commit}")
        docs_path, tree_sha = await self._find_docs(commit.tree.sha)
        self._commit = head.commit
        named = _NAMED.search(commit.url)
        return DocsTree(
            head,
            docs_path,
            tree_sha,
            commit.author.name,
            commit.committer.date.astimezone(UTC),
            repository=named[1] if named else None,
            parents=frozenset(parent.sha for parent in commit.parents),
        )

    async def is_rewritten(self, head: Head, since_commit: str) -> bool | None:
        """Return whether *head* does not descend from *since_commit*; none where GitHub does not tell. Costs one request."""
        # The second page holds no files, which may be megabytes; the status stands on every page.
        path = f"{await self._get_base_path()}/compare/{since_commit}...{head.commit}"
        response = await self._client.get(path, query={"per_page": "1", "page": "2"})
        if response.status == HTTPStatus.NOT_FOUND:
            return True  # GitHub no longer has the commit, or the two have no ancestor in common
        if response.status != HTTPStatus.OK:
            return None
        return parse_body(_Comparison, response).status not in {"ahead", "identical"}

    async def list_entries(self, tree: DocsTree) -> Sequence[TreeEntry]:
        """Return every file below *tree*, proved whole by the tree's SHA where its paths permit that."""
        return make_entries(await list_files(self._list_tree, tree.tree_sha), tree.docs_path)

    async def read_blobs(self, entries: Sequence[TreeEntry]) -> AsyncIterator[SourceBlob]:
        """Yield the bytes of each distinct blob, proved by its SHA, by the cheapest way.

        RetryLater where GitHub has other bytes (blob_mismatch), wants no more requests (rate_limited), or breaks off.
        """
        wanted = {
            entry.git_sha: WantedBlob(entry.git_sha, entry.size) for entry in entries if entry.kind is EntryKind.FILE
        }
        fetcher = BlobFetcher(
            self._client,
            await self._get_base_path(),
            commit=self._commit,
            describe=self._describe,
            name=self._name,
            blob_max_bytes=self._blob_max_bytes,
        )
        async with aclosing(fetcher.read(list(wanted.values()))) as blobs:
            async for blob in blobs:
                yield blob

    async def _find_docs(self, root_sha: str) -> tuple[str, str]:
        if self._docs_path is None:
            level = await list_level(self._list_tree, root_sha)
            found = _find_directory(level, DEFAULT_DOCS_PATH)
            return (DEFAULT_DOCS_PATH, found.sha) if found else ("", root_sha)
        tree_sha = root_sha
        for part in self._docs_path.split("/") if self._docs_path else ():
            level = await list_level(self._list_tree, tree_sha)
            found = _find_directory(level, part)
            if found is None:
                raise self._make_path_error(part, level)
            tree_sha = found.sha
        return self._docs_path, tree_sha

    async def _list_tree(self, tree_sha: str, recursive: bool) -> Listing:
        return await self._get_parsed(Listing, f"/git/trees/{tree_sha}", query={"recursive": "1"} if recursive else {})

    async def _get_parsed(self, model: type[_Model], route: str, *, query: dict[str, str] | None = None) -> _Model:
        response = await self._client.get(await self._get_base_path() + route, query=query)
        if response.status == HTTPStatus.NOT_FOUND:
            raise RetryLater(
                "source_moved",
                f"{self._name} no longer has what its head named a moment ago.",
                hint="Nothing was changed; the repository is looked at again.",
                after_seconds=_MOVED_SECONDS,
            )
        if response.status != HTTPStatus.OK:
            raise self._make_error(response)
        return parse_body(model, response)

    async def _get_base_path(self) -> str:
        return f"/repositories/{await self._get_number()}"

    async def _get_number(self) -> int:
        if self._number is None:
            self._repository = await get_repository_by_name(self._client, self._name)
            self._number = self._repository.number
        return self._number

    async def _describe(self) -> Repository:
        number = await self._get_number()
        if self._repository is None:
            self._repository = await get_repository(self._client, number, name=self._name)
        return self._repository

    async def _explain(self, response: Response) -> SyncdError:
        """Return why there is no head: the answer for a missing branch and for a missing repository look alike."""
        if response.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            return await self._make_branch_error()
        if response.status != HTTPStatus.NOT_FOUND:
            return self._make_error(response)
        number = await self._get_number()
        described = await self._client.get(f"/repositories/{number}")
        if described.status == HTTPStatus.OK:
            return await self._make_branch_error()
        if described.status != HTTPStatus.NOT_FOUND:
            return self._make_error(described)
        # Raises where the name too leads nowhere.
        namesake = await get_repository_by_name(self._client, self._name)
        if namesake.number == number:
            return make_not_found_error(self._name, authenticated=self._client.authenticated)
        return Stalled(
            "repository_replaced",
            f"{self._name} is another repository now (number {namesake.number}, and it was {number}).",
            hint="Its documents are kept as they are. Remove the project and add it again to mirror the new one.",
        )

    async def _make_branch_error(self) -> Stalled:
        response = await self._client.get(f"{await self._get_base_path()}/branches", query={"per_page": "100"})
        names = (
            [branch.name for branch in parse_body(_Branches, response).root] if response.status == HTTPStatus.OK else []
        )
        return Stalled(
            "branch_missing",
            f"{self._name} has no {f'branch {self._branch!r}' if self._branch else 'default branch'}.",
            hint=f"{_suggest(self._branch or '', names, 'Its branches')}The documents are kept as they are until it comes back.",
        )

    def _make_path_error(self, part: str, level: Sequence[TreeRow]) -> Stalled:
        directories = [row.path for row in level if row.type == "tree"]
        return Stalled(
            "path_missing",
            f"{self._name} has no folder {self._docs_path!r} at its head: {part!r} is not there.",
            hint=f"{_suggest(part, directories, 'Folders there')}The documents are kept as they are until it comes back.",
        )

    def _make_error(self, response: Response) -> SyncdError:
        return make_error(response, self._name, authenticated=self._client.authenticated)


def _find_directory(level: Sequence[TreeRow], name: str) -> TreeRow | None:
    return next((row for row in level if row.path == name and row.type == "tree"), None)


def _suggest(wanted: str, names: Sequence[str], title: str) -> str:
    shown = get_close_matches(wanted, names, n=_SHOWN_NAMES, cutoff=0.5) or sorted(names)[:_SHOWN_NAMES]
    return f"{title}: {', '.join(shown)}. " if shown else ""
