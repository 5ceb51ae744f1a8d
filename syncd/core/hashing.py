"""The hashes of content: git's own for blobs and trees, SHA-256 for versions."""

from collections.abc import Iterable
from hashlib import sha1, sha256

EMPTY_TREE_SHA = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_TREE_MODE = b"40000"


def git_blob_sha(content: bytes) -> str:
    """Return the object name that git gives to a blob of *content*, as 40 hex digits."""
    # Git names objects by SHA-1; the name proves that what came is what was listed, not who made it.
    return _git_object_sha(b"blob", content)


def content_hash(content: bytes) -> bytes:
    """Return the SHA-256 of *content*, 32 bytes: the identity of a version."""
    return sha256(content).digest()


def git_tree_sha(entries: Iterable[tuple[str | bytes, str, str]]) -> str:
    """Return the SHA of the nested tree that git makes of flat (path, mode, object SHA) *entries*.

    Paths are relative, without slashes at their ends; surrogate escapes in a string stand for the bytes they came from.
    Modes are those of `git ls-tree` (100644, 100755, 120000, 160000). ValueError where two entries claim one name.
    """
    trees: dict[bytes, dict[bytes, tuple[bytes, str]]] = {b"": {}}
    for path, mode, object_sha in entries:
        directory, name = _split_last(path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape"))
        _add_directory(trees, directory)
        _put_new(trees[directory], name, (mode.encode("ascii"), object_sha))
    for directory in sorted(trees.keys() - {b""}, key=lambda path: path.count(b"/"), reverse=True):
        parent, name = _split_last(directory)
        _put_new(trees[parent], name, (_TREE_MODE, _one_tree_sha(trees.pop(directory))))
    return _one_tree_sha(trees[b""])


def _git_object_sha(kind: bytes, content: bytes) -> str:
    digest = sha1(b"%s %d\0" % (kind, len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def _split_last(path: bytes) -> tuple[bytes, bytes]:
    directory, _, name = path.rpartition(b"/")
    return directory, name


def _add_directory(trees: dict[bytes, dict[bytes, tuple[bytes, str]]], directory: bytes) -> None:
    while directory not in trees:
        trees[directory] = {}
        directory, _ = _split_last(directory)


def _put_new(tree: dict[bytes, tuple[bytes, str]], name: bytes, entry: tuple[bytes, str]) -> None:
    if not name or name in tree:
        raise ValueError(f"a git tree cannot hold the name {name!r} here: it is empty or taken")
    tree[name] = entry


def _one_tree_sha(tree: dict[bytes, tuple[bytes, str]]) -> str:
    # Git sorts a directory as if its name ended in a slash (base_name_compare in git's tree-walk).
    names = sorted(tree, key=lambda name: name + b"/" if tree[name][0] == _TREE_MODE else name)
    rows = [b"%s %s\0%s" % (tree[name][0], name, bytes.fromhex(tree[name][1])) for name in names]
    return _git_object_sha(b"tree", b"".join(rows))
