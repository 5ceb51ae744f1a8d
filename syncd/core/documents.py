"""What a document is, and what a file is that did not become one."""

from dataclasses import dataclass
from enum import StrEnum

from syncd.core.ids import DocumentId


class SkipReason(StrEnum):
    """Why a file that the project's globs name is not mirrored."""

    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    BINARY = "binary"
    LFS_POINTER = "lfs_pointer"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    UNREADABLE = "unreadable"
    PATH_UNSAFE = "path_unsafe"
    PATH_NOT_UTF8 = "path_not_utf8"
    PATH_TOO_LONG = "path_too_long"


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file of the project that is not mirrored. Bytes of *path* that are not UTF-8 stand in it as surrogate escapes."""

    path: str
    reason: SkipReason
    size: int | None
    git_sha: str | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A current document of a project, at its current version.

    *titled* says whether *title* was written in the text, and not made from the path.
    """

    document_id: DocumentId
    path: str
    git_sha: str
    content_hash: bytes
    version: int
    format: str
    title: str
    titled: bool
    revision_from: int
    chunker_version: int
