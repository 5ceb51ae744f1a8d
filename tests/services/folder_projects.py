"""A folder as a project, synced step by step."""

from pathlib import Path

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.mirror import list_skipped
from syncd.adapters.postgres.transactions import in_project
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from syncd.core.runs import Run
from tests.mirror import LIMITS, Mirror


def open_folder(path: Path) -> FolderSource:
    return FolderSource(path, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)


def write(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


async def add_folder(mirror: Mirror, path: Path) -> Project:
    return await mirror.add_project(NewProject(name="guide", source="folder", folder=str(path)))


async def sync_folder(mirror: Mirror, project: Project) -> Run:
    run = await mirror.sync(project, open_folder(Path(project.folder or "")))
    assert run is not None
    return run


async def count(mirror: Mirror, project: Project, table: str) -> int:
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        return int(await connection.fetchval(f"select count(*) from {table}"))  # noqa: S608 - a table of ours


async def read_skipped(mirror: Mirror, project: Project) -> dict[str, str]:
    async with in_project(mirror.pool, mirror.tenant_id, project.project_id) as connection:
        return {file.path: file.reason for file in await list_skipped(connection, project.project_id)}
