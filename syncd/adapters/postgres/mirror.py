"""What the daemon asks about a project's published state before it plans."""

from collections.abc import Iterable, Mapping, Sequence

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.chunking import CHUNKER_VERSION
from syncd.core.documents import SkippedFile, SkipReason, StoredDocument
from syncd.core.ids import ProjectId
from syncd.core.revisions import FormerDocument

_LIST_STORED = load_statement("mirror/list_stored")
_LIST_SKIPPED = load_statement("mirror/list_skipped")
_LIST_FORMER = load_statement("mirror/list_former")
_LIST_KNOWN_BLOBS = load_statement("mirror/list_known_blobs")
_LIST_KNOWN_LAYOUTS = load_statement("mirror/list_known_layouts")
_LIST_KNOWN_CHUNKS = load_statement("mirror/list_known_chunks")
_LIST_TEXTS = load_statement("mirror/list_texts")
_COUNT_CHANGES = load_statement("mirror/count_changes")
_HAS_VECTORS = load_statement("mirror/has_vectors")


async def has_vectors(connection: Connection) -> bool:
    """Return whether search terms are held as sparsevec; otherwise as arrays."""
    return bool(await connection.fetchval(_HAS_VECTORS))


async def list_stored(connection: Connection, project_id: ProjectId) -> Mapping[str, StoredDocument]:
    """Return the current documents of the project by path."""
    rows = await connection.fetch(_LIST_STORED, project_id)
    return {row["path"]: StoredDocument(**row) for row in rows}


async def list_skipped(connection: Connection, project_id: ProjectId) -> tuple[SkippedFile, ...]:
    """Return the files that are skipped now."""
    rows = await connection.fetch(_LIST_SKIPPED, project_id)
    return tuple(
        SkippedFile(decode_path(row["path"]), SkipReason(row["reason"]), row["size"], row["git_sha"]) for row in rows
    )


async def list_former(
    connection: Connection, project_id: ProjectId, paths: Sequence[str]
) -> Mapping[str, FormerDocument]:
    """Return, by path, the documents that are gone and stood last at one of *paths*."""
    rows = await connection.fetch(_LIST_FORMER, project_id, paths)
    return {row["path"]: FormerDocument(row["document_id"], row["version"], row["content_hash"]) for row in rows}


async def list_known_blobs(connection: Connection, git_shas: Iterable[str]) -> Mapping[str, bytes]:
    """Return the content hashes of those blobs that the tenant has, by git SHA."""
    return {row["git_sha"]: row["content_hash"] for row in await connection.fetch(_LIST_KNOWN_BLOBS, list(git_shas))}


async def list_known_layouts(
    connection: Connection, content_hashes: Iterable[bytes]
) -> Mapping[tuple[bytes, str], Mapping[str, bool]]:
    """Return which (content, format) are cut up already: their titles, and whether a title stands in the content."""
    known: dict[tuple[bytes, str], dict[str, bool]] = {}
    for row in await connection.fetch(_LIST_KNOWN_LAYOUTS, list(content_hashes), CHUNKER_VERSION):
        known.setdefault((row["content_hash"], row["format"]), {})[row["title"]] = row["titled"]
    return known


async def list_known_chunks(connection: Connection, hashes: Iterable[bytes]) -> frozenset[bytes]:
    """Return which of these chunks the tenant has."""
    return frozenset(row["chunk_hash"] for row in await connection.fetch(_LIST_KNOWN_CHUNKS, list(hashes)))


async def list_texts(connection: Connection, content_hashes: Iterable[bytes]) -> Mapping[bytes, str]:
    """Return the texts of contents by hash."""
    return {row["content_hash"]: row["text"] for row in await connection.fetch(_LIST_TEXTS, list(content_hashes))}


def decode_path(path: bytes) -> str:
    """Return a stored path as text; bytes that are not UTF-8 become surrogate escapes."""
    return path.decode("utf-8", "surrogateescape")


def encode_path(path: str) -> bytes:
    """Return the bytes that `decode_path` made *path* from."""
    return path.encode("utf-8", "surrogateescape")


async def count_changes(connection: Connection, project_id: ProjectId, commit: str | None) -> int:
    """Return how many documents the sync of *commit* changed."""
    changed: int = await connection.fetchval(_COUNT_CHANGES, project_id, commit)
    return changed
