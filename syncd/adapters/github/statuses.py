"""The status of a commit, as it stands beside it on GitHub.

Rules: docs.github.com/rest/commits/statuses. A token needs the permission Commit statuses: write, or the scope repo:status.
"""

from http import HTTPStatus

from syncd.adapters.github.client import GitHubClient
from syncd.adapters.github.errors import is_permission_missing, make_error
from syncd.core.commit_statuses import CommitStatus
from syncd.errors import Rejected


async def post_commit_status(
    client: GitHubClient, repository_id: int, status: CommitStatus, *, target_url: str | None, name: str
) -> None:
    """Put *status* beside its commit. *name* is what errors call the repository; raises `Rejected` and as `make_error` says."""
    asked = {"state": status.state.value, "context": status.context, "description": status.description}
    if target_url is not None:
        asked["target_url"] = target_url
    response = await client.post(f"/repositories/{repository_id}/statuses/{status.commit}", asked)
    if response.status == HTTPStatus.CREATED:
        return
    if response.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise Rejected(
            "commit_status_refused",
            f"GitHub takes no status of commit {status.commit[:12]} of {name}.",
            hint="The commit is gone, or has a thousand statuses already: the next push has its own.",
        )
    error = make_error(response, name, authenticated=client.authenticated)
    if is_permission_missing(response, error):
        raise Rejected(
            "commit_status_denied",
            f"GitHub does not let this token tell the status of commits of {name}.",
            hint="Give the token (or the App) Commit statuses: read and write, or `syncd project set --no-commit-status`.",
        )
    raise error
