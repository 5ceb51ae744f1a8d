"""The JSON that GitHub makes of repositories, commits, branches, trees and blobs."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakegithub.objects import GitObject, Listed
from tests.fakegithub.repositories import HostedRepository

_BASE64_COLUMNS = 60
_REPOSITORY_NODE = "Repository"
_LINKS_OF_REPOSITORY = (
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
)
_LINKS_OF_USER = (
    "avatar",
    "events",
    "followers",
    "following",
    "gists",
    "html",
    "organizations",
    "received_events",
    "repos",
    "starred",
    "subscriptions",
)
_COUNTS = (
    "forks",
    "forks_count",
    "open_issues",
    "open_issues_count",
    "size",
    "stargazers_count",
    "watchers",
    "watchers_count",
    "network_count",
    "subscribers_count",
)
_SWITCHES = ("fork", "has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled")


@dataclass(frozen=True, slots=True)
class GitPerson:
    """A name, an address and a time in a commit."""

    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class ParsedCommit:
    """A commit object, as its bytes say."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: GitPerson
    committer: GitPerson
    message: str


def parse_commit(commit: GitObject) -> ParsedCommit:
    """Return what the bytes of *commit* say. GitHub cuts the newlines at the end of a message."""
    head, _, message = commit.content.decode("utf-8", "replace").partition("\n\n")
    rows = [line.partition(" ") for line in head.split("\n")]
    only = {name: value for name, _, value in rows}
    return ParsedCommit(
        sha=commit.sha,
        tree=only["tree"],
        parents=tuple(value for name, _, value in rows if name == "parent"),
        author=_parse_person(only["author"]),
        committer=_parse_person(only["committer"]),
        message=message.rstrip("\n"),
    )


def make_repository_node_id(repository: HostedRepository) -> str:
    """Return what GraphQL calls *repository*, whatever its name."""
    return _node_id(f"{_REPOSITORY_NODE}{repository.number}")


def find_repository_number(node_id: str) -> int | None:
    """Return the number of the repository that GraphQL calls *node_id*."""
    try:
        kind, _, number = b64decode(node_id).decode().partition(_REPOSITORY_NODE)
    except ValueError:
        return None
    return int(number) if not kind and number.isdigit() else None


class Bodies:
    """Makes the bodies of one repository; every link starts with *api_url*."""

    def __init__(self, api_url: str, repository: HostedRepository) -> None:
        self._repository = repository
        self._api_url = api_url
        self._url = f"{api_url}/repos/{repository.full_name}"
        self._page = f"https://github.com/{repository.full_name}"

    def repository(self) -> dict[str, Any]:
        """Return the full description of the repository."""
        owner, _, name = self._repository.full_name.partition("/")
        return {
            "id": self._repository.number,
            "node_id": make_repository_node_id(self._repository),
            "name": name,
            "full_name": self._repository.full_name,
            "private": self._repository.private,
            "owner": make_user(self._api_url, owner),
            "html_url": self._page,
            "url": self._url,
            **{f"{link}_url": f"{self._url}/{link}" for link in _LINKS_OF_REPOSITORY},
            **dict.fromkeys(_COUNTS, 0),
            **dict.fromkeys(_SWITCHES, False),
            **dict.fromkeys(("description", "homepage", "language", "license", "mirror_url"), None),
            **dict.fromkeys(("created_at", "updated_at", "pushed_at"), "2023-11-14T22:13:20Z"),
            "git_url": f"git://github.com/{self._repository.full_name}.git",
            "ssh_url": f"git@github.com:{self._repository.full_name}.git",
            "clone_url": f"{self._page}.git",
            "svn_url": self._page,
            "default_branch": self._repository.default_branch,
            "visibility": "private" if self._repository.private else "public",
        }

    def commit(self, commit: ParsedCommit) -> dict[str, Any]:
        """Return a commit the way the commits routes tell it."""
        return {
            "sha": commit.sha,
            "node_id": _node_id(commit.sha),
            "commit": {
                "author": _person(commit.author),
                "committer": _person(commit.committer),
                "message": commit.message,
                "tree": self._object("trees", commit.tree),
                "url": f"{self._url}/git/commits/{commit.sha}",
                "comment_count": 0,
                "verification": _unsigned(),
            },
            "url": f"{self._url}/commits/{commit.sha}",
            "html_url": f"{self._page}/commit/{commit.sha}",
            "comments_url": f"{self._url}/commits/{commit.sha}/comments",
            "author": None,
            "committer": None,
            "parents": [
                {"sha": sha, "url": f"{self._url}/commits/{sha}", "html_url": f"{self._page}/commit/{sha}"}
                for sha in commit.parents
            ],
        }

    def git_commit(self, commit: ParsedCommit) -> dict[str, Any]:
        """Return a commit the way the git database routes tell it."""
        return {
            "sha": commit.sha,
            "node_id": _node_id(commit.sha),
            "url": f"{self._url}/git/commits/{commit.sha}",
            "html_url": f"{self._page}/commit/{commit.sha}",
            "author": _person(commit.author),
            "committer": _person(commit.committer),
            "tree": self._object("trees", commit.tree),
            "message": commit.message,
            "parents": [
                {**self._object("commits", sha), "html_url": f"{self._page}/commit/{sha}"} for sha in commit.parents
            ],
            "verification": _unsigned(),
        }

    def branch(self, name: str, commit: ParsedCommit) -> dict[str, Any]:
        """Return one branch with the commit it points to."""
        return {
            **self.short_branch(name, commit.sha),
            "commit": self.commit(commit),
            "_links": {"self": f"{self._url}/branches/{name}", "html": f"{self._page}/tree/{name}"},
            "protection": {
                "enabled": False,
                "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
            },
            "protection_url": f"{self._url}/branches/{name}/protection",
        }

    def short_branch(self, name: str, sha: str) -> dict[str, Any]:
        """Return one branch of a list of branches."""
        return {"name": name, "commit": {"sha": sha, "url": f"{self._url}/commits/{sha}"}, "protected": False}

    def ref(self, name: str, target: GitObject) -> dict[str, Any]:
        """Return one reference and the object it names."""
        return {
            "ref": f"refs/{name}",
            "node_id": _node_id(name),
            "url": f"{self._url}/git/refs/{name}",
            "object": {**self._object(f"{target.kind}s", target.sha), "type": target.kind},
        }

    def tree(self, asked_sha: str, rows: Sequence[Listed], *, entry_limit: int) -> dict[str, Any]:
        """Return a listing, cut at *entry_limit*. Its SHA is the one that was asked for, be it a commit's."""
        return {
            "sha": asked_sha,
            "url": f"{self._url}/git/trees/{asked_sha}",
            "tree": [self._tree_row(row) for row in rows[:entry_limit]],
            "truncated": len(rows) > entry_limit,
        }

    def blob(self, blob: GitObject) -> dict[str, Any]:
        """Return a blob in base64, in lines of 60 columns."""
        columns = b64encode(blob.content).decode()
        lines = [columns[at : at + _BASE64_COLUMNS] + "\n" for at in range(0, len(columns), _BASE64_COLUMNS)]
        return {
            **self._object("blobs", blob.sha),
            "node_id": _node_id(blob.sha),
            "size": len(blob.content),
            "content": "".join(lines),
            "encoding": "base64",
        }

    def _tree_row(self, row: Listed) -> dict[str, Any]:
        body: dict[str, Any] = {"path": row.path, "mode": row.mode, "type": row.kind, "sha": row.sha}
        if row.kind == "commit":
            return body  # a submodule lives elsewhere: GitHub gives no url
        url = f"{self._url}/git/{row.kind}s/{row.sha}"
        return {**body, "url": url} if row.size is None else {**body, "size": row.size, "url": url}

    def _object(self, route: str, sha: str) -> dict[str, str]:
        return {"sha": sha, "url": f"{self._url}/git/{route}/{sha}"}


def make_user(api_url: str, login: str) -> dict[str, Any]:
    """Return an account as GitHub describes it."""
    url = f"{api_url}/users/{login}"
    return {
        "login": login,
        "id": 1,
        "node_id": _node_id(login),
        "gravatar_id": "",
        "url": url,
        "type": "Organization",
        "site_admin": False,
        **{f"{link}_url": f"{url}/{link}" for link in _LINKS_OF_USER},
    }


def _parse_person(text: str) -> GitPerson:
    who, seconds, _ = text.rsplit(" ", 2)
    name, _, email = who.partition(" <")
    date = datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return GitPerson(name, email.rstrip(">"), date)


def _person(person: GitPerson) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": person.date}


def _unsigned() -> dict[str, Any]:
    return {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _node_id(name: str) -> str:
    return b64encode(name.encode()).decode()
