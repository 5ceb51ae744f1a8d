"""Projects, as people and the daemon know them."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import asyncpg

from syncd.adapters.postgres.connections import Connection
from syncd.adapters.postgres.statements import load_statement
from syncd.core.ids import ProjectId, TenantId
from syncd.core.projects import NewProject, Project
from syncd.errors import Rejected

_GET_PROJECT = load_statement("projects/get_project")
_FIND_PROJECT = load_statement("projects/find_project")
_LIST_PROJECTS = load_statement("projects/list_projects")
_ADD_PROJECT = load_statement("projects/add_project")
_UPDATE_PROJECT = load_statement("projects/update_project")
_MARK_REMOVED = load_statement("projects/mark_removed")
_REQUEST_SYNC = load_statement("projects/request_sync")
_GET_CREDENTIAL = load_statement("projects/get_credential")
_CHANGE_PROJECT = load_statement("projects/change_project")
_LIST_PROJECT_IDS = load_statement("projects/list_project_ids")
_PUT_REPOSITORY = load_statement("projects/put_repository")
_PUT_STATUS_MARK = load_statement("projects/put_status_mark")

LIST_LIMIT = 1000


def _make_project(row: asyncpg.Record) -> Project:
    return Project(**{**row, "include": tuple(row["include"]), "exclude": tuple(row["exclude"])})


async def find_project_by_id(connection: Connection, project_id: ProjectId) -> Project | None:
    """Return a project, also one that is marked for removal."""
    row = await connection.fetchrow(_GET_PROJECT, project_id)
    return _make_project(row) if row else None


async def find_project(connection: Connection, name: str) -> Project | None:
    """Return the tenant's project of this name."""
    row = await connection.fetchrow(_FIND_PROJECT, name)
    return _make_project(row) if row else None


async def list_projects(
    connection: Connection,
    *,
    after: str = "",
    limit: int = LIST_LIMIT,
    project_ids: Collection[ProjectId] | None = None,
) -> Sequence[Project]:
    """Return the tenant's projects by name, after the name *after*; with *project_ids* only those."""
    allowed = None if project_ids is None else list(project_ids)
    return [_make_project(row) for row in await connection.fetch(_LIST_PROJECTS, after, limit, allowed)]


async def add_project(
    connection: Connection, tenant_id: TenantId, project_id: ProjectId, new: NewProject, *, credential: bytes | None
) -> None:
    """Add a project; it is due at once. Raises `Rejected` when the name is taken or not allowed."""
    with _explaining_name(new.name):
        await connection.execute(
            _ADD_PROJECT,
            tenant_id,
            project_id,
            new.name,
            new.source,
            new.repository,
            new.repository_id,
            new.folder,
            new.branch,
            new.docs_path,
            new.include,
            new.exclude,
            credential,
            new.commit_status,
        )


@contextmanager
def _explaining_name(name: str) -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Rejected(
            "project_exists",
            f"There is a project named {name} already.",
            hint="Choose another name with --name, or remove that project.",
        ) from error
    except asyncpg.CheckViolationError as error:
        raise Rejected(
            "project_name_invalid",
            f"{name!r} is not a project name.",
            hint="Use letters, digits, dot, dash and underscore; begin with a letter or digit; at most 100 characters.",
        ) from error


async def update_project(connection: Connection, project_id: ProjectId, new: NewProject) -> None:
    """Change what a project mirrors (branch, docs path, globs), and whether GitHub is told of it."""
    await connection.execute(
        _UPDATE_PROJECT,
        project_id,
        new.branch,
        new.docs_path,
        list(new.include),
        list(new.exclude),
        new.commit_status,
    )


async def change_project(connection: Connection, project: Project, *, credential: bytes | None, reseal: bool) -> bool:
    """Store what a person may change of *project*, and with *reseal* its token; false when it is gone.

    Raises `Rejected` when the name is taken or not allowed.
    """
    with _explaining_name(project.name):
        changed = await connection.fetchval(
            _CHANGE_PROJECT,
            project.project_id,
            project.name,
            project.branch,
            project.docs_path,
            list(project.include),
            list(project.exclude),
            project.commit_status,
            reseal,
            credential,
        )
    return changed is not None


async def list_project_ids(connection: Connection) -> Sequence[ProjectId]:
    """Return every project of the tenant."""
    return [ProjectId(row["project_id"]) for row in await connection.fetch(_LIST_PROJECT_IDS)]


async def mark_removed(connection: Connection, project_id: ProjectId, now: datetime) -> bool:
    """Mark a project for removal; false when it is gone already."""
    return await connection.fetchval(_MARK_REMOVED, project_id, now) is not None


async def request_sync(connection: Connection, project_id: ProjectId, now: datetime) -> bool:
    """Mark a project due and wake the loop; false when the tenant has no such project."""
    return bool(await connection.fetchval(_REQUEST_SYNC, project_id, now))


async def get_credential(connection: Connection, project_id: ProjectId) -> bytes | None:
    """Return the sealed token of a project."""
    credential: bytes | None = await connection.fetchval(_GET_CREDENTIAL, project_id)
    return credential


async def put_repository(connection: Connection, project_id: ProjectId, repository: str, repository_id: int) -> None:
    """Remember what a repository is called now, and its id for ever."""
    await connection.execute(_PUT_REPOSITORY, project_id, repository, repository_id)


async def put_status_mark(connection: Connection, project_id: ProjectId, mark: str) -> None:
    """Remember what GitHub was told of a project's commit."""
    await connection.execute(_PUT_STATUS_MARK, project_id, mark)
