"""From a repository's name to a project, by asking GitHub."""

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.repositories import get_repository_by_name, parse_repository_name
from syncd.adapters.postgres.connections import Pool
from syncd.core.ids import TenantId
from syncd.core.projects import NewProject
from syncd.errors import NotFound, Stalled
from syncd.services.connecting import find_installation_token
from syncd.services.projects import make_project_name
from syncd.services.sources import GitHubAccess


async def find_read_token(
    pool: Pool, access: GitHubAccess, tenant_id: TenantId, *, tenant_name: str, repository: str
) -> tuple[str | None, bool]:
    """Return what the daemon would look at OWNER/NAME with, and whether that is a token of the tenant's installation."""
    if access.app is not None:
        name = parse_repository_name(repository)
        token = await find_installation_token(pool, access.app, tenant_id, name)
        if token is not None:
            return token, True
    return access.find_token(tenant_name), False


async def resolve_repository(repository: str, *, api_url: str, token: str | None, name: str | None) -> NewProject:
    """Return *repository* (OWNER/NAME) as a project. Raises `NotFound`, `Stalled`, `Unreachable`, `BadUsage`."""
    async with open_github_client(api_url=api_url, token=token) as client:
        try:
            found = await get_repository_by_name(client, repository)
        except Stalled as error:
            if error.code != "repository_not_found":
                raise
            raise NotFound(error.code, error.message, hint=error.hint) from error
    return NewProject(
        name or make_project_name(found.full_name.rpartition("/")[2]),
        "github",
        repository=found.full_name,
        repository_id=found.number,
    )
