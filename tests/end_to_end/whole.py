"""What a mirror of one commit must hold, by the word of git and of nobody else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.end_to_end.history import FORMATS
from tests.fakegithub.gitrepo import GitRepository, ListedFile

LONGEST_PATH_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a project asks of its repository; the globs stand beside what they mean in Python."""

    docs_path: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    includes: Callable[[str], bool] = lambda _path: False
    excludes: Callable[[str], bool] = lambda _path: False
    max_bytes: int = 4096
    max_documents: int = 1000


@dataclass(frozen=True, slots=True)
class Whole:
    """The documents of a commit by path, and the paths of its other files of the project with the reason."""

    documents: Mapping[str, bytes]
    skipped: frozenset[tuple[str, str]]


def find_whole(git: GitRepository, commit: str, question: Question) -> Whole | None:
    """Return what the mirror of *commit* must hold, or none where *question* names a folder that is not there."""
    docs_path = question.docs_path
    if docs_path is None:
        docs_path = "docs" if _is_folder(git, commit, "docs") else ""
    elif docs_path and not _is_folder(git, commit, docs_path):
        return None
    documents: dict[str, bytes] = {}
    skipped: set[tuple[str, str]] = set()
    taken = 0
    # GitHub's JSON has one U+FFFD for what is not UTF-8, so that two paths may arrive as one.
    listed = [(_as_json(path), file) for path, file in git.list_tree(commit, docs_path).items()]
    for path, file in sorted(listed, key=lambda item: item[0]):
        if not _is_wanted(path, file, question):
            continue
        reason = _find_fault(path, file, question)
        if reason is None and taken >= question.max_documents:
            reason = "too_many"
        if reason is None:
            taken += 1  # what is fetched and found to be no text leaves its place empty
            reason = _find_content_fault(file.content or b"")
        if reason is None:
            documents[path] = file.content or b""
        else:
            skipped.add((path, reason))
    return Whole(documents, frozenset(skipped))


def _is_folder(git: GitRepository, commit: str, path: str) -> bool:
    return git.run("cat-file", "-t", f"{commit}:{path}", may_fail=True).strip() == "tree"


def _as_json(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_wanted(path: str, file: ListedFile, question: Question) -> bool:
    name = path.rpartition("/")[2]
    is_document = "." in name and name.rpartition(".")[2].lower() in FORMATS
    return (file.mode == "160000" or is_document or question.includes(path)) and not question.excludes(path)


def _find_fault(path: str, file: ListedFile, question: Question) -> str | None:
    if "\ufffd" in path:
        return "path_not_utf8"
    if any(ord(one) < 32 or 127 <= ord(one) < 160 or one in "\\\u2028\u2029" for one in path):
        return "path_unsafe"
    if {"", ".", ".."} & set(path.split("/")):
        return "path_unsafe"
    if len(path.encode()) > LONGEST_PATH_BYTES:
        return "path_too_long"
    if file.mode in {"120000", "160000"}:
        return "symlink" if file.mode == "120000" else "submodule"
    return "too_large" if len(file.content or b"") > question.max_bytes else None


def _find_content_fault(content: bytes) -> str | None:
    if content.startswith(b"version https://git-lfs") and len(content) < 1024:
        return "lfs_pointer"
    return "binary" if b"\0" in content and not content.startswith(b"\xff\xfe") else None
