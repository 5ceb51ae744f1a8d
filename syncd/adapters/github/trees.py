"""Listings of git trees: one level, or everything below, complete or not at all.

GitHub's JSON has no bytes: a path that is not UTF-8 arrives with U+FFFD in the place of what was lost, and
`syncd.core.paths` refuses such a path by that sign. Two such paths may arrive as the same text.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from syncd.core.hashing import EMPTY_TREE_SHA, git_tree_sha
from syncd.core.sources import EntryKind, TreeEntry
from syncd.errors import RetryLater, Stalled

_LOST_CHARACTER = "\ufffd"
_KINDS = {"120000": EntryKind.SYMLINK, "160000": EntryKind.SUBMODULE}

Sha = Annotated[str, StringConstraints(pattern="^[0-9a-f]{40}$")]


class TreeRow(BaseModel):
    """One row of a listing; *path* is relative to the tree that was asked for."""

    path: str
    mode: str
    type: str
    sha: Sha
    size: int | None = None


class Listing(BaseModel):
    """What GitHub lists of a tree; a truncated listing lacks rows, and there is no second page."""

    tree: list[TreeRow]
    truncated: bool


ListTree = Callable[[str, bool], Awaitable[Listing]]
"""Asks for a tree by its SHA, recursively or not."""

Look = Callable[[ListTree, str], Awaitable[list[TreeRow]]]
"""Lists what is in a tree, in one way or another."""


async def list_files(list_tree: ListTree, tree_sha: str) -> list[TreeRow]:
    """Return every row below *tree_sha* that is no directory, with paths relative to it.

    The rows make up a tree of that very SHA, or two looks agree on them; otherwise RetryLater.
    """
    return await _look_until_sure(list_tree, tree_sha, first=_list_below, second=_list_by_level)


async def list_level(list_tree: ListTree, tree_sha: str) -> list[TreeRow]:
    """Return the rows of one level, directories among them: proved by *tree_sha*, or the same in two looks.

    Stalled where GitHub cannot list that many; RetryLater where the two looks differ.
    """
    if tree_sha == EMPTY_TREE_SHA:
        return []
    # A level that lacks a directory would otherwise send the mirror to another docs folder.
    return await _look_until_sure(list_tree, tree_sha, first=_ask_level, second=_ask_level)


def make_entries(rows: Sequence[TreeRow], docs_path: str) -> list[TreeEntry]:
    """Return *rows* as entries of a source, with paths that begin at the root of the repository."""
    prefix = f"{docs_path}/" if docs_path else ""
    return [TreeEntry(prefix + row.path, _KINDS.get(row.mode, EntryKind.FILE), row.sha, row.size) for row in rows]


async def _look_until_sure(list_tree: ListTree, tree_sha: str, *, first: Look, second: Look) -> list[TreeRow]:
    rows = await first(list_tree, tree_sha)
    if await asyncio.to_thread(_is_whole, rows, tree_sha):
        return rows
    # Modes that GitHub tells in another way than git stores them give no proof. A second look that finds the same does.
    again = await second(list_tree, tree_sha)
    if again == rows or await asyncio.to_thread(_is_whole, again, tree_sha):
        return again
    raise RetryLater(
        "listing_unstable",
        f"GitHub lists the tree {tree_sha} in two different ways.",
        hint="Nothing was changed; it is asked again.",
    )


async def _ask_level(list_tree: ListTree, tree_sha: str) -> list[TreeRow]:
    listing = await list_tree(tree_sha, False)
    if listing.truncated:
        raise Stalled(
            "directory_too_large",
            "A directory of the repository has more entries than GitHub lists.",
            hint="Name a docs path that does not hold it.",
        )
    return listing.tree


async def _list_below(list_tree: ListTree, tree_sha: str) -> list[TreeRow]:
    if tree_sha == EMPTY_TREE_SHA:
        return []
    listing = await list_tree(tree_sha, True)
    if not listing.truncated:
        return [row for row in listing.tree if row.type != "tree"]
    return await _list_by_level(list_tree, tree_sha)


async def _list_by_level(list_tree: ListTree, tree_sha: str) -> list[TreeRow]:
    rows = []
    for row in await list_level(list_tree, tree_sha):
        if row.type != "tree":
            rows.append(row)
            continue
        below = await _list_below(list_tree, row.sha)
        rows += [child.model_copy(update={"path": f"{row.path}/{child.path}"}) for child in below]
    return rows


def _is_whole(rows: Sequence[TreeRow], tree_sha: str) -> bool:
    if any(_LOST_CHARACTER in row.path for row in rows):
        # Reading it again would lose the same characters: only a genuine U+FFFD could pass, at the price of a request.
        return True
    try:
        # GitHub writes the mode of a directory with a leading zero, which git does not store.
        return git_tree_sha((row.path, row.mode.removeprefix("0"), row.sha) for row in rows) == tree_sha
    except ValueError:
        return False
