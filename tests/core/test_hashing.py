"""Hashes are git's: proved against git itself."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.hashing import EMPTY_TREE_SHA, content_hash, git_blob_sha, git_tree_sha

_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_a_blob_has_the_name_that_git_gives_it(tmp_path: Path) -> None:
    for content in (b"", b"a\n", b"a\r\n\0\xff", b"x" * 100_000):
        assert git_blob_sha(content) == _git(tmp_path, "hash-object", "--stdin", "--no-filters", stdin=content)


def test_a_version_is_named_by_the_sha256_of_its_bytes() -> None:
    assert content_hash(b"abc") == sha256(b"abc").digest()


def test_a_tree_of_awkward_names_has_the_sha_that_git_writes(tmp_path: Path) -> None:
    paths = [
        "a",
        "a-b",
        "a.b/x",
        "a0",
        "b/a",
        "b.md",
        "b-/c/d",
        "ü/é.md",
        "a b/c",
        "z/" * 40 + "f",
        "b/a.b",
        "bad\udcff",
    ]
    entries = [(path, "100644", _BLOB) for path in paths]
    entries += [("run.sh", "100755", _BLOB), ("link", "120000", _BLOB), ("sub", "160000", "1" * 40)]
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "hash-object", "-w", "--stdin")
    rows = b"".join(f"{mode} {sha}\t{path}\0".encode("utf-8", "surrogateescape") for path, mode, sha in entries)
    _git(tmp_path, "update-index", "-z", "--index-info", stdin=rows)
    written = _git(tmp_path, "write-tree")
    assert git_tree_sha(entries) == written
    assert git_tree_sha([(os.fsencode(path), mode, sha) for path, mode, sha in entries]) == written


def test_a_tree_of_nothing_is_the_empty_tree_of_git() -> None:
    assert git_tree_sha([]) == EMPTY_TREE_SHA == git_tree_sha(iter(()))


def test_a_path_deeper_than_the_stack_is_still_hashed() -> None:
    assert len(git_tree_sha([("d/" * 3000 + "f", "100644", _BLOB)])) == 40


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a/"], [""], ["a//b"]])
def test_names_that_no_tree_can_hold_are_refused(paths: list[str]) -> None:
    with pytest.raises(ValueError, match="empty or taken"):
        git_tree_sha([(path, "100644", _BLOB) for path in paths])


@settings(max_examples=50)
@given(st.sets(st.text("ab-.0", min_size=1, max_size=3).map(lambda name: f"{name[0]}x/{name}"), max_size=8))
def test_the_order_of_the_listing_does_not_matter(paths: set[str]) -> None:
    entries = [(path, "100644", _BLOB) for path in sorted(paths)]
    assert git_tree_sha(entries) == git_tree_sha(reversed(entries))
