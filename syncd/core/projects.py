"""A project: what is mirrored, and the state that is published."""

from dataclasses import dataclass
from datetime import datetime

from syncd.core.ids import ProjectId, TenantId


@dataclass(frozen=True, slots=True)
class Project:
    """One row of the table projects, without its credential."""

    tenant_id: TenantId
    project_id: ProjectId
    name: str
    source: str
    repository: str | None
    repository_id: int | None
    folder: str | None
    branch: str | None
    docs_path: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    condition: str
    reason: str | None
    message: str | None
    hint: str | None
    next_try_at: datetime | None
    checked_at: datetime | None
    attempted_at: datetime | None
    desired_commit: str | None
    held_tree_sha: str | None
    revision: int
    synced_commit: str | None
    tree_sha: str | None
    source_mark: str | None
    selection_hash: bytes | None
    synced_docs_path: str | None
    synced_at: datetime | None
    documents: int
    chunks: int
    skipped: int
    chunker_version: int
    removed_at: datetime | None
    created_at: datetime
    compared_at: datetime | None = None
    commit_status: bool = False
    status_mark: str | None = None

    @property
    def origin(self) -> str:
        """Return the source as people write it: owner/name, or the folder."""
        return self.repository or self.folder or ""


@dataclass(frozen=True, slots=True)
class NewProject:
    """What a person says to add a project."""

    name: str
    source: str
    repository: str | None = None
    repository_id: int | None = None
    folder: str | None = None
    branch: str | None = None
    docs_path: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    commit_status: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A project whose time has come. *requested_at* is remembered, so that a request during the run causes one more.

    *delivered_at* is when the last push of its repository was delivered by webhook.
    """

    tenant_id: TenantId
    project_id: ProjectId
    requested_at: datetime | None
    failures: int
    delivered_at: datetime | None = None
