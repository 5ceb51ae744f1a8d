"""From a repository's name to a project, by asking GitHub."""

from syncd.adapters.github.client import open_github_client
from syncd.adapters.github.repositories import get_repository_by_name
from syncd.core.projects import NewProject
from syncd.errors import NotFound, Stalled
from syncd.services.projects import make_project_name


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
