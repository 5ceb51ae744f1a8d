"""From a plan to the rows of a revision: who keeps an identity, which number a version gets, what is skipped anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from syncd.core.documents import SkippedFile, StoredDocument
from syncd.core.ids import DocumentId
from syncd.core.paths import format_of
from syncd.core.planning import Plan


@dataclass(frozen=True, slots=True)
class Content:
    """What stands at a path: a content by hash, and the title that it has there."""

    content_hash: bytes
    title: str
    titled: bool


@dataclass(frozen=True, slots=True)
class FormerDocument:
    """A document that is gone, as it last stood at a path."""

    document_id: DocumentId
    version: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A row to open at the new revision."""

    document_id: DocumentId
    version: int
    path: str
    format: str
    content: Content


@dataclass(frozen=True, slots=True)
class Changes:
    """What a revision changes: *created* identities, versions to close by document, versions to open."""

    created: tuple[DocumentId, ...]
    closed: tuple[StoredDocument, ...]
    opened: tuple[NewVersion, ...]


@dataclass(frozen=True, slots=True)
class SkipChanges:
    """Skipped files to close (by path) and to open at the new revision."""

    closed: tuple[str, ...]
    opened: tuple[SkippedFile, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.closed or self.opened)


def make_changes(
    plan: Plan,
    *,
    stored: Mapping[str, StoredDocument],
    contents: Mapping[str, Content],
    former: Mapping[str, FormerDocument],
    new_ids: Iterator[DocumentId],
) -> Changes:
    """Return the rows that *plan* makes.

    *contents* holds every added, modified and renamed path. A document that comes back at the path where it last stood keeps
    its identity; an equal content keeps its version number.
    """
    created: list[DocumentId] = []
    opened: list[NewVersion] = []
    for path in plan.added:
        gone = former.get(path)
        content = contents[path]
        if gone is None:
            document_id, version = next(new_ids), 1
            created.append(document_id)
        else:
            document_id = gone.document_id
            version = gone.version if gone.content_hash == content.content_hash else gone.version + 1
        opened.append(NewVersion(document_id, version, path, format_of(path), content))
    for path in plan.modified:
        document = stored[path]
        opened.append(NewVersion(document.document_id, document.version + 1, path, document.format, contents[path]))
    for rename in plan.renamed:
        document = stored[rename.old_path]
        new_path = rename.new_path
        opened.append(
            NewVersion(document.document_id, document.version, new_path, format_of(new_path), contents[new_path])
        )
    ended = (*plan.modified, *(rename.old_path for rename in plan.renamed), *plan.deleted)
    return Changes(tuple(created), tuple(stored[path] for path in ended), tuple(opened))


def make_skip_changes(desired: Sequence[SkippedFile], stored: Sequence[SkippedFile]) -> SkipChanges:
    """Return what makes the list of skipped files equal to *desired*."""
    before = {file.path: file for file in stored}
    after = {file.path: file for file in desired}
    return SkipChanges(
        closed=tuple(sorted(path for path, file in before.items() if after.get(path) != file)),
        opened=tuple(after[path] for path in sorted(after) if before.get(path) != after[path]),
    )


def hash_selection(
    *, docs_path: str | None, include: Sequence[str], exclude: Sequence[str], max_bytes: int, max_documents: int
) -> bytes:
    """Return what identifies the question that a sync answers: another one makes the same tree worth another look."""
    fields = (docs_path, tuple(include), tuple(exclude), max_bytes, max_documents)
    return sha256(repr(fields).encode("utf-8", "surrogatepass")).digest()
