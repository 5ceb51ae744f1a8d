"""Projects over REST: repositories are added here, folders only by the command line."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from syncd.adapters.postgres.projects import list_projects
from syncd.adapters.postgres.transactions import reading
from syncd.core.ids import ProjectId
from syncd.core.projects import Project
from syncd.services.projects import (
    Shelf,
    change_project,
    create_project,
    get_project_by_id,
    make_project_not_found,
    remove_project,
    request_project_sync,
    show_freezes,
)
from syncd.services.repositories import find_read_token, resolve_repository
from syncd.web.api.models import Asked, Text, Told
from syncd.web.api.paging import PageQuery, open_page
from syncd.web.api.route import Call, Reply


def _check_docs_path(path: str) -> str:
    clean = path.strip("/")
    if any(part in {"", ".", ".."} for part in clean.split("/")) and clean:
        raise ValueError("is no path below the root")
    return clean


ProjectName = Annotated[Text, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Branch = Annotated[Text, Field(min_length=1, max_length=255)]
DocsPath = Annotated[Text, Field(max_length=1000), AfterValidator(_check_docs_path)]
Globs = Annotated[tuple[Annotated[Text, Field(min_length=1, max_length=500)], ...], Field(max_length=100)]
Token = Annotated[Text, Field(max_length=500, description="A token that reads the repository; kept encrypted.")]


class NewProjectBody(Asked):
    """A repository to be mirrored."""

    repository: Annotated[Text, Field(max_length=300, description="OWNER/NAME, or the address of the repository.")]
    name: ProjectName | None = None
    branch: Branch | None = None
    docs_path: DocsPath | None = None
    include: Globs = ()
    exclude: Globs = ()
    commit_status: Annotated[bool, Field(description="Tell GitHub what became of each commit.")] = False
    token: Annotated[Token | None, Field(min_length=1)] = None


class ChangeProjectBody(Asked):
    """What is to be otherwise; what is not named stays. null for branch and docsPath: what the repository says itself."""

    name: ProjectName | None = None
    branch: Branch | None = None
    docs_path: DocsPath | None = None
    include: Globs | None = None
    exclude: Globs | None = None
    commit_status: Annotated[bool | None, Field(description="Tell GitHub what became of each commit.")] = None
    token: Annotated[Token | None, Field(description="A new token; null takes it away.")] = None


class ProjectTold(Told):
    """A project and the state that is published."""

    id: UUID
    name: str
    kind: Literal["github", "folder"]
    source: str
    branch: str | None
    docs_path: str | None
    include: list[str]
    exclude: list[str]
    commit_status: bool
    condition: str
    reason: str | None
    message: str | None
    hint: str | None
    next_try: datetime | None
    desired_commit: str | None
    synced_commit: str | None
    tree_sha: str | None
    revision: int
    documents: int
    chunks: int
    skipped: int
    synced_at: datetime | None
    checked_at: datetime | None
    created_at: datetime


class ProjectsTold(Told):
    """A page of projects, by name."""

    items: list[ProjectTold]
    next_cursor: str | None


class SyncTold(Told):
    """A project that is due."""

    project: str
    requested_at: datetime


async def show_projects(call: Call) -> Reply:
    """List the projects that the caller sees."""
    page = open_page(call, call.ask(PageQuery))
    caller = call.caller
    async with reading(call.site.pool, caller.tenant_id) as connection:
        found = await list_projects(connection, after=page.after, limit=page.rows, project_ids=caller.project_ids)
        stored, more = page.cut(found, lambda project: [project.name])
        shown = await show_freezes(connection, stored)
    return Reply(ProjectsTold(items=[describe_project(project) for project in shown], next_cursor=more))


async def add(call: Call) -> Reply:
    """Add a repository; the loop syncs it at once."""
    body = await call.read(NewProjectBody)
    caller, github = call.caller, call.site.rest.github
    shelf = make_shelf(call)
    token = body.token
    if token is None:
        token, _ = await find_read_token(
            shelf.pool, github, caller.tenant_id, tenant_name=caller.tenant_name, repository=body.repository
        )
    new = await resolve_repository(body.repository, api_url=github.api_url, token=token, name=body.name)
    new = replace(new, branch=body.branch, docs_path=body.docs_path, include=body.include, exclude=body.exclude)
    return Reply(describe_project(await create_project(shelf, new, token=body.token)))


async def show(call: Call) -> Reply:
    """Tell one project."""
    return Reply(describe_project(await find_project(call)))


async def change(call: Call) -> Reply:
    """Change a project; the loop looks at it at once."""
    project = await find_project(call)
    body = await call.read(ChangeProjectBody)
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"token"}}
    # null means something for what the repository has a word of its own for, and nothing for the rest.
    changes = {name: value for name, value in changes.items() if value is not None or name in {"branch", "docs_path"}}
    token = (body.token or "") if "token" in body.model_fields_set else None
    return Reply(describe_project(await change_project(make_shelf(call), project, changes, token=token)))


async def remove(call: Call) -> Reply:
    """Remove a project: readers stop seeing it now, the daemon deletes its documents."""
    await remove_project(make_shelf(call), await find_project(call))
    return Reply(None)


async def sync(call: Call) -> Reply:
    """Mark a project due."""
    project = await find_project(call)
    return Reply(SyncTold(project=project.name, requested_at=await request_project_sync(make_shelf(call), project)))


async def find_project(call: Call) -> Project:
    """Return the project of the path. Raises `NotFound` alike for one that is absent, another tenant's, or not open to the key."""
    project_id = call.find_id("project_id")
    if project_id is None or not call.caller.sees(ProjectId(project_id)):
        raise make_project_not_found(call.request.match_info["project_id"][:100])
    return await get_project_by_id(make_shelf(call), ProjectId(project_id))


def make_shelf(call: Call) -> Shelf:
    """Return the projects of the caller's tenant."""
    return Shelf(call.site.pool, call.caller.tenant_id, call.site.rest.key_ring, call.site.clock)


def describe_project(project: Project) -> ProjectTold:
    """Return *project* as it is told, without what only the daemon needs."""
    return ProjectTold(
        id=project.project_id,
        name=project.name,
        kind="github" if project.source == "github" else "folder",
        source=project.origin,
        branch=project.branch,
        docs_path=project.docs_path if project.docs_path is not None else project.synced_docs_path,
        include=list(project.include),
        exclude=list(project.exclude),
        commit_status=project.commit_status,
        condition=project.condition,
        reason=project.reason,
        message=project.message,
        hint=project.hint,
        next_try=project.next_try_at,
        desired_commit=project.desired_commit,
        synced_commit=project.synced_commit,
        tree_sha=project.tree_sha,
        revision=project.revision,
        documents=project.documents,
        chunks=project.chunks,
        skipped=project.skipped,
        synced_at=project.synced_at,
        checked_at=project.checked_at,
        created_at=project.created_at,
    )
