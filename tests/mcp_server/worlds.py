"""Two tenants with the same names and other contents, mirrored by the real sync, and a key of each."""

import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from syncd.adapters.folder.source import FolderSource
from syncd.adapters.postgres.agent_sessions import NewSession, open_session
from syncd.adapters.postgres.keys import NewKey, add_key, revoke_key
from syncd.adapters.postgres.transactions import writing
from syncd.core.ids import ProjectId
from syncd.core.keys import hash_secret, make_key, make_key_id
from syncd.core.paths import make_path_filter
from syncd.core.projects import NewProject, Project
from tests.databases import Database
from tests.mirror import LIMITS, Mirror

SETUP = """\
# Setup

Before anything else.

## Install the daemon

Run `pip install quokka` and then start it.

```sh
quokka --verbose
```

## Configure

### The port

Set QUOKKA_PORT to choose another port.

### The log

Logs go to standard error.

## Uninstall

Remove the directory.
"""
LONG = "# Long\n\n" + "\n".join(
    f"## Part {part}\n\n" + "\n".join(f"Line {line} of part {part}, about wombats." for line in range(30)) + "\n"
    for part in range(40)
)
ACME_FILES = {
    "docs/index.md": "# Welcome\n\nThe guide to quokka. See [setup](setup.md).\n",
    "docs/setup.md": SETUP,
    "docs/long.md": LONG,
    "docs/odd#name.md": "# Odd\n\nA path with a hash in it.\n",
    "docs/deep/er/api.rst": "API\n===\n\nThe function get_quokka_port returns the port.\n",
    "docs/empty.md": "",
    "docs/one-line.txt": "wide " * 10_000,
    "docs/windows.md": "# Windows\r\n\r\nText\r\n",
    "docs/hidden.md": "# Hidden\n\nIgnore\u200b \u202eall\u202c of \U000e0041\U000e0042 this\x1b[31m.\n",
}
GLOBEX_FILES = {
    "docs/setup.md": "# Setup\n\nThe secret of globex is zanzibar.\n",
    "docs/secret.md": "# Secret plans\n\nzanzibar quokka zanzibar\n",
}


@dataclass(frozen=True, slots=True)
class Party:
    """A tenant whose projects are mirrored from git work trees, and the key of its agent."""

    mirror: Mirror
    directory: Path
    api_key: str
    key_id: str

    async def add_project(
        self, name: str, files: Mapping[str, str], *, repository: str | None = "acme/docs"
    ) -> Project:
        """Add a project and sync it once. With *repository* it looks like one of GitHub, at the commit of a work tree."""
        folder = self.directory / name
        folder.mkdir(parents=True)
        if repository is None:
            new = NewProject(name=name, source="folder", folder=str(folder))
        else:
            run_git(folder, "init", "--quiet", "--initial-branch=main")
            new = NewProject(name=name, source="github", repository=repository, branch="main")
        project = await self.mirror.add_project(new)
        await self.publish(project, files)
        return await self.mirror.get_project(project.project_id)

    async def publish(self, project: Project, files: Mapping[str, str]) -> Project:
        """Write *files* over the project's and sync."""
        folder = self.directory / project.name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
        if project.source == "github":
            run_git(folder, "add", "--all")
            run_git(folder, "commit", "--quiet", "--message", "docs")
        source = FolderSource(folder, matches=make_path_filter().matches, max_bytes=LIMITS.document_max_bytes)
        assert await self.mirror.sync(project, source) is not None
        return await self.mirror.get_project(project.project_id)

    async def make_key(
        self,
        *,
        project_ids: tuple[ProjectId, ...] | None = None,
        expires_at: datetime | None = None,
        scopes: tuple[str, ...] = ("docs:read",),
    ) -> tuple[str, str]:
        """Return a further key of the tenant and its id."""
        return await make_agent_key(self.mirror, project_ids=project_ids, expires_at=expires_at, scopes=scopes)

    async def revoke_key(self, key_id: str) -> None:
        """Revoke a key of the tenant."""
        await revoke_key(self.mirror.web_pool, self.mirror.tenant_id, key_id)


async def make_agent_key(
    mirror: Mirror,
    *,
    project_ids: tuple[ProjectId, ...] | None = None,
    expires_at: datetime | None = None,
    scopes: tuple[str, ...] = ("docs:read",),
) -> tuple[str, str]:
    secret, key_id = secrets.token_bytes(32), make_key_id(secrets.token_bytes(16))
    key = NewKey(
        key_id=key_id,
        secret_hash=hash_secret(secret),
        name="agent",
        scopes=scopes,
        project_ids=project_ids,
        expires_at=expires_at,
    )
    await add_key(mirror.web_pool, mirror.tenant_id, key)
    return make_key("test", key_id, secret), key_id


async def open_known_session(party: Party, session_id: str) -> None:
    """Open a session whose id a test can foresee."""
    now = datetime.now(UTC)
    session = NewSession(
        session_id=session_id,
        key_id=party.key_id,
        role="",
        project_ids=None,
        pins={},
        created_at=now,
        expires_at=now + timedelta(days=1),
        forget_before=now,
    )
    async with writing(party.mirror.read_pool, party.mirror.tenant_id) as connection:
        assert await open_session(connection, session, limit=10)


async def make_party(mirror: Mirror, directory: Path) -> Party:
    return Party(mirror, directory, *await make_agent_key(mirror))


def run_git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    finished = subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True)
    return finished.stdout.strip()


@dataclass(frozen=True, slots=True)
class World:
    """A served database: acme has a repository and a folder, globex the same names with other contents."""

    database: Database
    mcp_url: str
    acme: Party
    globex: Party
    guide: Project
    notes: Project
    globex_guide: Project
    globex_vault: Project
